import { sseResponse } from "../../lib/sse.ts";
import type { Ctx } from "../../platform/context.ts";
import { executionAnswer } from "./execution-answer.ts";
import type { ExecuteAnswer, TurnAnswer } from "./schema.ts";
import { collectTurn, positionOf, turnEvents } from "./turn-answer.ts";
import type { FollowedFrame } from "./turn-frames.ts";
import { type StartTurn, startTurn } from "./turns.ts";

/** Answers a turn as the caller accepts it: frame by frame as server-sent events, or whole. */
export async function answerTurn(
  ctx: Ctx,
  turn: StartTurn,
  request: Request,
): Promise<TurnAnswer | Response> {
  return answerAs(ctx, turn, request, collectTurn);
}

/** As `answerTurn`, for an agent of the person's own. */
export async function executeAgent(
  ctx: Ctx,
  turn: StartTurn & { agentId: string },
  request: Request,
): Promise<ExecuteAnswer | Response> {
  return answerAs(ctx, turn, request, executionAnswer);
}

async function answerAs<Answer>(
  ctx: Ctx,
  turn: StartTurn,
  request: Request,
  collect: (frames: AsyncIterable<FollowedFrame>) => Promise<Answer>,
): Promise<Answer | Response> {
  const asEvents = request.headers.get("accept")?.includes("text/event-stream") ?? false;
  if (!asEvents) return collect(await startTurn(ctx, turn));
  const from = positionOf(request.headers.get("last-event-id"));
  return sseResponse(turnEvents(await startTurn(ctx, turn, from), turn.requestId));
}
