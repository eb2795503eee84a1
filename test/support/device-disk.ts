import type { CallResult, JournalEntry } from "../../device/journal-core.ts";
import type { DeviceStore, OutstandingResult } from "../../device/store.ts";
import type { ToolCall } from "../../src/features/hub/protocol.ts";
import { newId } from "../../src/lib/ids.ts";

interface Row extends Record<string, unknown> {
  id: string;
}

interface Contents {
  tables: Map<string, Map<string, Row>>;
  journal: Map<string, JournalEntry>;
}

/** The database file of a fake device: rows, and the journal written with them. Survives the process that uses it. */
export class DeviceDisk implements DeviceStore {
  #storeId = newId();
  #contents: Contents = { tables: new Map(), journal: new Map() };
  /** Calls that changed this file, once for each time they did. */
  readonly effects: string[] = [];

  get storeId(): string {
    return this.#storeId;
  }

  get journal(): ReadonlyMap<string, JournalEntry> {
    return this.#contents.journal;
  }

  rows(table: string): Row[] {
    return [...this.#table(table).values()];
  }

  titles(table = "tasks"): string[] {
    return this.rows(table)
      .map(({ title }) => String(title))
      .sort();
  }

  put(table: string, row: Row): void {
    this.#table(table).set(row.id, row);
  }

  /** A backup, for `restore`. */
  copy(): Contents {
    return structuredClone(this.#contents);
  }

  /** Goes back to a backup, as a database of a new name. */
  restore(backup: Contents): void {
    this.#contents = structuredClone(backup);
    this.#storeId = newId();
  }

  find(id: string): JournalEntry | undefined {
    return this.#contents.journal.get(id);
  }

  read({ action, table = "", data, filters = {}, limit = 50 }: ToolCall): CallResult {
    if (action === "get") return { row: this.#table(table).get(String(data?.["id"])) ?? null };
    const status = filters["status"];
    const rows = this.rows(table).filter((row) => status === undefined || row["status"] === status);
    return { rows: rows.slice(0, limit) };
  }

  commit(call: ToolCall): CallResult {
    const result = this.#change(call);
    this.effects.push(call.id);
    this.record(call.id, { state: "committed", result });
    return result;
  }

  record(id: string, entry: JournalEntry): void {
    this.#contents.journal.set(id, entry);
  }

  forget(ids: readonly string[]): void {
    for (const id of ids) this.#contents.journal.delete(id);
  }

  outstanding(): OutstandingResult[] {
    return [...this.journal].flatMap(([id, entry]) =>
      entry.state === "committed" || entry.state === "rejected" ? [{ id, result: entry.result }] : [],
    );
  }

  describe(): Record<string, unknown> {
    return {};
  }

  #change({ action, table = "", data = {} }: ToolCall): CallResult {
    const rows = this.#table(table);
    const id = String(data["id"]);
    if (action === "insert") {
      const row = { ...data, id: newId() };
      rows.set(row.id, row);
      return { row };
    }
    if (action === "delete") return { deleted: rows.delete(id) };
    if (action === "vector_upsert") return { ok: true };
    const known = rows.get(id);
    if (!known) return { row: null };
    const row = { ...known, ...(data["updates"] as Record<string, unknown>) };
    rows.set(id, row);
    return { row };
  }

  #table(name: string): Map<string, Row> {
    const rows = this.#contents.tables.get(name) ?? new Map<string, Row>();
    this.#contents.tables.set(name, rows);
    return rows;
  }
}
