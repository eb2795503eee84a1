import { AppError } from "../../lib/errors.ts";
import type { ExecuteAnswer } from "./schema.ts";
import { AgentRows } from "./schema.ts";
import { gatherTurn } from "./turn-answer.ts";
import type { FollowedFrame } from "./turn-frames.ts";

/** What a run of a person's own agent comes to. Throws as `collectTurn` does. */
export async function executionAnswer(frames: AsyncIterable<FollowedFrame>): Promise<ExecuteAnswer> {
  const { answer, end } = await gatherTurn(frames);
  const { response, ...rest } = answer;
  const { agent } = end;
  if (!agent) throw new AppError("internal", { detail: "The turn does not say which agent it was." });
  const isRows = agent.answered_by?.kind === "extractor" && end.status === "done";
  return {
    ...rest,
    agent_id: agent.id,
    version: agent.version,
    answered_by: agent.answered_by,
    output: isRows ? AgentRows.parse(JSON.parse(response)) : response,
  };
}
