import type { AgentProgram } from "../../src/features/agent/types.ts";
import type { AgentToRun } from "../../src/features/custom-agents/schema.ts";
import type { HistoryMessage } from "../../src/features/hub/protocol.ts";
import type { Tool } from "../../src/features/tools/types.ts";
import type { Semaphore } from "../../src/lib/semaphore.ts";
import type { ModelClient } from "../../src/platform/model-port.ts";
import type { Binding, Origin, TurnInput, TurnRow } from "./turn-record.ts";

/** What turns ask of the hub around them. */
export interface TurnServices {
  model: ModelClient;
  /** Model calls this hub makes at once: the platform allows six connections in all. */
  modelSlots: Semaphore;
  embed(text: string): Promise<number[]>;
  /** Tools besides those of the workspace and of the turn itself; see `TurnPorts`. */
  extraTools: readonly Tool[];
  /** How an agent of the person's own answers. */
  programOf(agent: AgentToRun): AgentProgram;
  /** What was said before. Throws `not_found` for a chat that is not this user's. */
  history(input: TurnInput, before: number, charsMax: number): Promise<HistoryMessage[]>;
  /** The time zone and locale of the person, as the device that asked or serves says. */
  surroundingsOf(origin: Origin | null, binding: Binding): { timezone: string; locale: string };
  keepAlive(work: Promise<void>): void;
  /** The turn is out of memory: ended (its exchange is owed to Postgres) or parked. */
  turnLeft(turn: TurnRow): void;
}
