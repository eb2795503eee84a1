/** What holds the person's rows, seen from the SDK: the journal's storage and the execution of local actions. */
import type { ToolCall } from "../src/features/hub/protocol.ts";
import type { CallResult, JournalEntry } from "./journal-core.ts";

export type Awaitable<Value> = Value | Promise<Value>;

/** A result that the hub has not acknowledged yet. */
export interface OutstandingResult {
  id: string;
  result: CallResult;
}

/**
 * A device's database. The SDK calls it for one frame at a time, in the order of the frames, so an implementation needs
 * no lock of its own. It decides nothing about repeats: `journal-core` does, the store only keeps what it is told.
 */
export interface DeviceStore {
  /** Names this database file; another one after a restore. */
  readonly storeId: string;

  find(id: string): Awaitable<JournalEntry | undefined>;

  /** Runs an action that changes nothing. Failures a model can mend are `error` results, not exceptions. */
  read(call: ToolCall, resultBytesMax: number): Awaitable<CallResult>;

  /**
   * Runs an action that changes rows: the effect and its `{id → result}` are one transaction. A rejection (bad input, a
   * result over `resultBytesMax`) changes no row and is kept under the id all the same. Throws when nothing could be
   * written; then neither effect nor entry exists.
   */
  commit(call: ToolCall, resultBytesMax: number): Awaitable<CallResult>;

  /** Writes or replaces one entry; durable when it returns. */
  record(id: string, entry: JournalEntry): Awaitable<void>;

  /** Drops entries. Losing this write is harmless: the hub acknowledges again. */
  forget(ids: readonly string[]): Awaitable<void>;

  /** Committed outcomes and permanent rejections, oldest first. */
  outstanding(): Awaitable<OutstandingResult[]>;

  /** The answer to a `data_request`. */
  describe(kind: "device_info" | "schema"): Awaitable<Record<string, unknown>>;
}
