/** Which changes of the memory Postgres lacks. The items themselves are in the replica. */
import type { MemoryChange } from "../../src/features/memory/schema.ts";
import { MayHold } from "./may-hold.ts";
import type { HubStorage } from "./storage.ts";

/** A change of an item, or the erasure of one, or (`ALL`) of everything. */
export interface OwedMemory {
  memoryId: string;
  kind: MemoryChange["kind"] | "erase";
  version: number;
  tries: number;
}

/** In place of an id: everything that is remembered. */
export const ALL = "*";

export class OwedMemories {
  readonly #storage: HubStorage;
  readonly #rows: MayHold;

  constructor(storage: HubStorage) {
    this.#storage = storage;
    this.#rows = new MayHold(storage, "owed_memories");
  }

  /** Changes of one item are owed as one: that of its words, if there was any, for the vector goes with it. */
  owe(memoryId: string, kind: OwedMemory["kind"], version: number, dueAt: number): void {
    this.#rows.note();
    this.#storage.run(
      `INSERT INTO owed_memories VALUES (?, ?, ?, 0, ?) ON CONFLICT DO UPDATE
       SET kind = iif(excluded.kind IN ('use', 'decay', 'dismiss', 'unquote'), kind, excluded.kind),
         version = excluded.version, due_at = min(due_at, excluded.due_at)`,
      memoryId,
      kind,
      version,
      dueAt,
    );
  }

  /** Everything is to be forgotten: what was owed before is forgotten with it. */
  oweAll(dueAt: number): void {
    this.#storage.run("DELETE FROM owed_memories");
    this.owe(ALL, "erase", 0, dueAt);
  }

  /**
   * What was never tried or is due again. Erasures come first, and as long as everything is to be forgotten nothing else
   * comes at all: it would be forgotten too.
   */
  due(now: number, limit: number): OwedMemory[] {
    const read = () =>
      this.#storage.rows<{ memory_id: string; kind: OwedMemory["kind"]; version: number; tries: number }>(
        `SELECT memory_id, kind, version, tries FROM owed_memories WHERE (tries = 0 OR due_at <= ?)
           AND (memory_id = '${ALL}' OR NOT EXISTS (SELECT 1 FROM owed_memories WHERE memory_id = '${ALL}'))
         ORDER BY kind <> 'erase', memory_id LIMIT ?`,
        now,
        limit,
      );
    return this.#rows.rows(read).map(({ memory_id: memoryId, ...row }) => ({ memoryId, ...row }));
  }

  has(memoryId: string): boolean {
    return this.#storage.row("SELECT 1 FROM owed_memories WHERE memory_id = ?", memoryId) !== undefined;
  }

  nextDueAt(): number | null {
    return (
      this.#storage.row<{ at: number | null }>("SELECT min(due_at) AS at FROM owed_memories")?.at ?? null
    );
  }

  /** Postgres has this form; a newer one stays owed. */
  settle({ memoryId, version }: Pick<OwedMemory, "memoryId" | "version">): void {
    this.#storage.run("DELETE FROM owed_memories WHERE memory_id = ? AND version <= ?", memoryId, version);
  }

  postpone({ memoryId }: Pick<OwedMemory, "memoryId">, dueAt: number): void {
    this.#storage.run(
      "UPDATE owed_memories SET tries = tries + 1, due_at = ? WHERE memory_id = ?",
      dueAt,
      memoryId,
    );
  }
}
