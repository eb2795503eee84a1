import type { z } from "zod";
import type { ToolAction } from "../hub/protocol.ts";

/** One action for the device. The hub adds the id, the epoch and the deadline. */
export interface DeviceCall {
  action: ToolAction;
  table?: string;
  data?: Record<string, unknown>;
  filters?: Record<string, unknown>;
  vector?: number[];
  limit?: number;
}

export type DeviceRow = Record<string, unknown>;

/** What became of a device call. Failures are values: the model reads them. */
export type DeviceOutcome =
  | { kind: "row"; row: DeviceRow | null }
  | { kind: "rows"; rows: DeviceRow[] }
  | { kind: "results"; results: { id: string; content: string; score: number }[] }
  | { kind: "deleted"; deleted: boolean }
  | { kind: "ok"; ok: boolean }
  /** The device answered that it cannot; nothing changed. */
  | { kind: "error"; code: string; message: string }
  /** The call was never executed: no device was there to take it. */
  | { kind: "offline" }
  /** A mutation whose answer never came: it may have happened. */
  | { kind: "unknown" };

/** What a tool may use up besides tokens, as the usage of a turn names it. */
export type UsedUnit = "web_searches" | "code_runs";

/** What a tool can use while it runs. */
export interface ToolContext {
  /** Where in the turn this runs (delegations, step, place in the response): the same at each replay. */
  position: string;
  /** Sends one action to the turn's device and waits. Safe to replay: ids are derived from the position. */
  device(call: DeviceCall): Promise<DeviceOutcome>;
  /** The embedding of a text, in the user's own keyed space. */
  embed(text: string): Promise<number[]>;
  /** What `make` gave the first time, at each replay too: for what costs something, or would be other the next time. JSON. */
  keep(make: () => Promise<unknown>): Promise<unknown>;
  /** Counts one in the turn's usage: at each replay, which counts anew. */
  used(unit: UsedUnit): void;
  /** IANA name of the person's time zone. */
  timezone: string;
  /** Unix ms at the start of the turn: the same at each replay. */
  now: number;
  signal: AbortSignal;
}

export interface ToolOutput {
  /** What the model reads: short, with ids and key fields, capped. */
  text: string;
  isError?: boolean;
}

/** One capability, as plain data. `readOnly`, `destructive` and `idempotent` drive approval, retry and concurrency. */
export interface Tool<Input = unknown> {
  name: string;
  /** For the model. */
  description: string;
  input: z.ZodType<Input>;
  readOnly: boolean;
  idempotent: boolean;
  /** Asks the person first, unless the client answers for them. */
  destructive: boolean;
  /** Progress a person can read while it runs, such as "Looking through your tasks". */
  label: string;
  /** For approvals: one sentence saying what would happen, and the device action it stands for, as `run` would send it. */
  approval?(
    input: Input,
    ctx: Pick<ToolContext, "timezone">,
  ): { summary: string; action: ToolAction; table: string; data: Record<string, unknown> };
  run(input: Input, ctx: ToolContext): Promise<ToolOutput>;
}

/**
 * Thrown through a tool when the turn has to wait longer than memory should hold it (a person's approval).
 * The loop lets the other tools of the response finish and passes it on; the turn is later taken up by replay.
 */
export class TurnSuspended extends Error {
  override readonly name = "TurnSuspended";
}
