import { AppError } from "../../lib/errors.ts";
import type { Config } from "../../platform/env.ts";
import type { AgentProgram, AgentStage, RunLimits } from "../agent/types.ts";
import type { KindSurroundings } from "./kinds/kind.ts";
import { KINDS } from "./kinds.ts";
import { modelRole } from "./references.ts";
import type { AgentDefinition, AgentToRun, RunnableAgent } from "./schema.ts";

export interface ProgramPorts extends Pick<KindSurroundings, "search"> {
  config: Config;
}

/** How an agent answers: within its limits, in the way of its kind. */
export function programOf({ others, ...agent }: AgentToRun, ports: ProgramPorts): AgentProgram {
  const known = new Map([...others, agent].map((each) => [each.id, each]));
  return (stage) => perform(agent, stage, "", { ports, known, trail: [] });
}

interface Around {
  ports: ProgramPorts;
  known: ReadonlyMap<string, RunnableAgent>;
  /** The routers that led here. */
  trail: readonly string[];
}

function perform(agent: RunnableAgent, stage: AgentStage, path: string, around: Around): Promise<string> {
  const { id, version, definition } = agent;
  if (around.trail.includes(id)) throw new AppError("conflict", { detail: "The routers form a circle." });
  const inner = { ...around, trail: [...around.trail, id] };
  const { kind } = definition;
  return stage.within(path, limitsOf(definition), (own) => {
    own.answeredBy({ id, version, kind });
    return KINDS[kind].run(definition, own, {
      role: roleOf(definition, around.ports.config),
      search: (collections, question) => around.ports.search(collections, question),
      members: definition.agents.flatMap((member) => around.known.get(member) ?? []),
      ask: (member, memberPath) => perform(member, own, memberPath, inner),
    });
  });
}

function roleOf({ model }: AgentDefinition, config: Config) {
  const role = modelRole(model, config.model);
  if (role) return role;
  throw new AppError("conflict", { detail: "The agent's model is no longer configured. Give it another." });
}

export function limitsOf({ resource_limits: limits }: AgentDefinition): RunLimits {
  return {
    tokensMax: limits.max_tokens,
    toolCallsMax: limits.max_tool_calls,
    timeMs: limits.max_execution_time_s * 1_000,
  };
}
