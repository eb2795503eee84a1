import type { FieldProblem } from "../../../lib/errors.ts";
import type { Config } from "../../../platform/env.ts";
import type { ModelRole } from "../../../platform/model-port.ts";
import type { AgentStage } from "../../agent/types.ts";
import type { AgentDefinition, FoundSource, RunnableAgent } from "../schema.ts";

/** A way for an agent to work: one file beside this one, named in `kinds.ts`. */
export interface Kind {
  /** What a definition of this kind lacks or has too much, beyond what its form says. */
  check(definition: AgentDefinition): FieldProblem[];
  /** Undefined when agents of this kind can run here; else what is amiss. Asks nobody and costs nothing. */
  health(config: Config): string | undefined;
  /** Answers what the stage asks, within its limits. The answer is returned, and said to the person where one listens. */
  run(definition: AgentDefinition, stage: AgentStage, surroundings: KindSurroundings): Promise<string>;
}

/** What an agent has besides the stage. */
export interface KindSurroundings {
  /** The role behind what its definition calls its model. Throws `conflict` for a model that is no longer there. */
  role: ModelRole;
  /** The parts of these collections that fit a question best, the best first. Collections that are gone are passed over. */
  search(collections: readonly string[], question: string): Promise<FoundSource[]>;
  /** Of a router. */
  members: readonly RunnableAgent[];
  /** Lets a member answer in its own way; `path` sets its places apart. */
  ask(member: RunnableAgent, path: string): Promise<string>;
}

/** What belongs to another kind: left in, it would have no effect and nobody would notice. */
export function unused(
  definition: AgentDefinition,
  ...fields: ("tools" | "collections" | "schema" | "agents")[]
): FieldProblem[] {
  return fields.flatMap((field) => {
    const value = definition[field];
    const isEmpty = value === null || (Array.isArray(value) && value.length === 0);
    return isEmpty ? [] : [{ path: `body.${field}`, message: `is not for the kind ${definition.kind}` }];
  });
}

export function missing(field: string, message: string): FieldProblem[] {
  return [{ path: `body.${field}`, message }];
}
