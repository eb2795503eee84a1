/** Agents as a run is given them, and what such a run has. */

import {
  AgentDefinition,
  type AgentToRun,
  CreateAgent,
  type FoundSource,
  type RunnableAgent,
} from "../../src/features/custom-agents/schema.ts";
import { programOf } from "../../src/features/custom-agents/service.ts";
import { newId } from "../../src/lib/ids.ts";
import type { Config } from "../../src/platform/env.ts";

const models = { supervisor: "model-a", worker: "model-b", small: "model-c" };
const config = { model: { models }, embedder: { kind: "hashing" } } as unknown as Config;

export function agentToRun(definition: Record<string, unknown>, others: RunnableAgent[] = []): AgentToRun {
  const whole = AgentDefinition.parse(CreateAgent.parse({ name: "Helper", ...definition }));
  return { id: newId(), version: 1, definition: whole, others };
}

/** `search` finds what its collections hold. */
export function programFor(agent: AgentToRun, search = async (): Promise<FoundSource[]> => []) {
  return programOf(agent, { config, search });
}
