import type { CallResult, JournalEntry } from "../../device/journal-core.ts";
import { SqliteStore } from "../../device/node/store.ts";
import type { DeviceStore, OutstandingResult } from "../../device/store.ts";
import type { ToolCall } from "../../src/features/hub/protocol.ts";

/** Where a change stands still: nothing of it is written yet, or it is and nobody has been told. */
export type Gate = "before_commit" | "before_answer";

/** The Node device's store, which holds changes at a gate until it is opened. */
export class GatedStore implements DeviceStore {
  readonly sqlite: SqliteStore;
  /** Changes that stand at the closed gate, or stood there. */
  held = 0;
  #closed: { gate: Gate; opened: PromiseWithResolvers<void> } | undefined;

  constructor(path: string) {
    this.sqlite = new SqliteStore({ path });
  }

  get storeId(): string {
    return this.sqlite.storeId;
  }

  hold(gate: Gate): void {
    this.#closed = { gate, opened: Promise.withResolvers() };
  }

  release(): void {
    this.#closed?.opened.resolve();
    this.#closed = undefined;
  }

  async commit(call: ToolCall, resultBytesMax: number): Promise<CallResult> {
    await this.#pass("before_commit");
    const result = this.sqlite.commit(call, resultBytesMax);
    await this.#pass("before_answer");
    return result;
  }

  find(id: string): JournalEntry | undefined {
    return this.sqlite.find(id);
  }

  read(call: ToolCall, resultBytesMax: number): CallResult {
    return this.sqlite.read(call, resultBytesMax);
  }

  record(id: string, entry: JournalEntry): void {
    this.sqlite.record(id, entry);
  }

  forget(ids: readonly string[]): void {
    this.sqlite.forget(ids);
  }

  outstanding(): OutstandingResult[] {
    return this.sqlite.outstanding();
  }

  describe(kind: "device_info" | "schema"): Record<string, unknown> {
    return this.sqlite.describe(kind);
  }

  async #pass(gate: Gate): Promise<void> {
    if (this.#closed?.gate !== gate) return;
    this.held++;
    await this.#closed.opened.promise;
  }
}
