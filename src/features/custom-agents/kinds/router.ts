import * as z from "zod";
import { AppError } from "../../../lib/errors.ts";
import { CUSTOM_FRAMES, customAgent } from "../../agent/service.ts";
import type { Tool } from "../../tools/types.ts";
import { asData } from "../naming.ts";
import type { RunnableAgent } from "../schema.ts";
import { type Kind, missing, unused } from "./kind.ts";

const CHOOSE = "choose";

/** Has the one of its agents answer that a call of the `small` model chooses; without a choice the first. */
export const router: Kind = {
  check: (definition) => [
    ...unused(definition, "tools", "collections", "schema"),
    ...(definition.agents.length > 0 ? [] : missing("agents", "must name the agents it chooses from")),
  ],
  health: ({ model }) => (model.models.small === "" ? "No model is configured to choose." : undefined),
  async run({ name, system_prompt }, stage, { members, ask }) {
    const [first] = members;
    if (!first) throw new AppError("conflict", { detail: "None of the router's agents is there any more." });
    const agent = customAgent({
      frame: CUSTOM_FRAMES.router,
      name,
      role: "small",
      instructions: system_prompt,
    });
    const answer = await stage.run({ path: "c/", agent, tools: [chooseTool(members)], endsOn: CHOOSE });
    const chosen = (answer.kind === "ended_by_tool" && memberOf(members, answer.input["agent"])) || first;
    stage.progress(`Asking ${chosen.definition.name}`);
    return ask(chosen, "r/");
  },
};

/** Members have numbers here: what a person calls them is data. */
function chooseTool(members: readonly RunnableAgent[]): Tool<{ agent: string }> {
  const lines = members.map(({ definition: { name, description, capabilities } }, at) =>
    asData({ agent: handleOf(at), name, description, capabilities }),
  );
  return {
    name: CHOOSE,
    description: `Names the agent that is to answer. There are:\n${lines.join("\n")}`,
    input: z.strictObject({ agent: z.enum(members.map((_, at) => handleOf(at))) }),
    readOnly: true,
    idempotent: true,
    destructive: false,
    label: "Choosing",
    run: async () => ({ text: "" }),
  };
}

function memberOf(members: readonly RunnableAgent[], handle: unknown): RunnableAgent | undefined {
  return members.find((_, at) => handleOf(at) === handle);
}

function handleOf(at: number): string {
  return `agent_${at + 1}`;
}
