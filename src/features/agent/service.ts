import type { ModelRole } from "../../platform/model-port.ts";
import type { AgentDefinition } from "./agents.ts";
import type { Fragment } from "./prompts/fragment.ts";
import { clientContext, clock, device } from "./prompts/volatile.ts";

export { CUSTOM_FRAMES, customFrame } from "./prompts/custom.ts";
export { plainReader } from "./stage.ts";

const STEPS_MAX = 8;

export interface CustomAgentParts {
  /** Our rules for its kind. */
  frame: readonly Fragment[];
  name: string;
  role: ModelRole;
  /** What its person tells it. */
  instructions: string;
  tools?: readonly string[];
}

/** An agent of a person's own: our rules, then their words. */
export function customAgent({
  frame,
  name,
  role,
  instructions,
  tools = [],
}: CustomAgentParts): AgentDefinition {
  return {
    name,
    role,
    prompt: {
      stable: frame,
      ...(instructions === "" ? {} : { own: `# What you are for\n${instructions}` }),
      volatile: [clock, device, clientContext],
    },
    tools,
    delegates: [],
    stepLimit: STEPS_MAX,
    streams: true,
  };
}
