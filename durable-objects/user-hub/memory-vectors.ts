/** The vectors of a user's memories: int8 copies by row, one-bit copies by the block, and the search over both. */
import type { DataKey } from "../../src/platform/keyring.ts";
import { blockOf, type FlatVector, VectorShelf } from "./core/vector-shelf.ts";
import type { HubStorage } from "./storage.ts";

export interface VectorSpace {
  /** The embedder's id: vectors of different spaces are never compared. */
  embedder: string;
  dimensions: number;
}

export interface MemoryHit {
  memoryId: string;
  /** Cosine. */
  score: number;
}

/** What lies on the shelf; never 0. */
export const VECTOR_KINDS = { associative: 1, episodic: 2 } as const;
export type VectorKind = keyof typeof VECTOR_KINDS;

export function isVectorKind(kind: string): kind is VectorKind {
  return kind in VECTOR_KINDS;
}

/** Compared on int8 copies: of the nearest eight of 10,000 statements, all were among the best 128 by sign. */
const CANDIDATES = 192;
const SPACE = "memory_space";
/** Set once a vector had to leave: from then on the database knows more than the shelf. */
const OVERFLOW = "memory_overflow";
const ROTATION_PURPOSE = "memory rotation";

export class MemoryVectors {
  readonly #storage: HubStorage;
  readonly #dataKey: () => DataKey;
  readonly #space: VectorSpace;
  #shelf: VectorShelf | undefined;
  readonly #dirtyBlocks = new Set<number>();

  constructor(storage: HubStorage, dataKey: () => DataKey, space: VectorSpace) {
    this.#storage = storage;
    this.#dataKey = dataKey;
    this.#space = space;
  }

  get count(): number {
    return this.#opened().count;
  }

  /** The database holds vectors that the shelf has no room for. */
  get hasOverflowed(): boolean {
    return this.#storage.find(OVERFLOW) !== undefined;
  }

  flatten(vector: ArrayLike<number>): FlatVector {
    return this.#opened().flatten(vector);
  }

  /** The vector of a memory, but for what int8 rounds off. */
  find(memoryId: string): { embedder: string; vector: Float32Array } | undefined {
    const row = this.#storage.row<{ body: ArrayBuffer }>(
      "SELECT body FROM memory_vectors WHERE memory_id = ?",
      memoryId,
    );
    return row && { embedder: this.#space.embedder, vector: this.#opened().unflatten(row.body) };
  }

  /**
   * Part of the caller's commit, as are `remove` and `clear`; `store` ends it. A full shelf makes room by letting its
   * oldest vector go, ids being in the order of time; one that is older still is not taken.
   */
  put(memoryId: string, kind: VectorKind, flat: FlatVector): void {
    this.remove(memoryId);
    const shelf = this.#opened();
    if (shelf.isFull && !this.#makeRoom(memoryId)) return;
    const slot = shelf.add(VECTOR_KINDS[kind], flat);
    if (slot === undefined) return;
    this.#storage.run("INSERT INTO memory_vectors VALUES (?, ?, ?)", slot, memoryId, flat.body);
    this.#dirtyBlocks.add(blockOf(slot));
  }

  remove(memoryId: string): void {
    const row = this.#storage.row<{ slot: number }>(
      "SELECT slot FROM memory_vectors WHERE memory_id = ?",
      memoryId,
    );
    if (!row) return;
    this.#storage.run("DELETE FROM memory_vectors WHERE slot = ?", row.slot);
    this.#opened().remove(row.slot);
    this.#dirtyBlocks.add(blockOf(row.slot));
  }

  clear(): void {
    this.#storage.run("DELETE FROM memory_vectors");
    this.#storage.run("DELETE FROM memory_signs");
    this.#storage.run("DELETE FROM meta WHERE name = ?", OVERFLOW);
    this.forget();
  }

  /** Writes the blocks that changed since the last time: once each, however many of their rows did. */
  store(): void {
    if (this.#dirtyBlocks.size > 0) this.#storage.put(SPACE, this.#spaceName);
    for (const block of this.#dirtyBlocks) {
      this.#storage.run(
        "INSERT OR REPLACE INTO memory_signs VALUES (?, ?)",
        block,
        this.#opened().blockBytes(block),
      );
    }
    this.#dirtyBlocks.clear();
  }

  /** Drops what is in memory, as after a commit that failed; it is read again when it is needed. */
  forget(): void {
    this.#shelf = undefined;
    this.#dirtyBlocks.clear();
  }

  /** The nearest of one kind, the best first. */
  search(query: FlatVector, kind: VectorKind, among: { limit: number; scoreMin: number }): MemoryHit[] {
    const shelf = this.#opened();
    const slots = shelf.candidates(query, VECTOR_KINDS[kind], CANDIDATES);
    if (slots.length === 0) return [];
    const rows = this.#storage.rows<{ slot: number; memory_id: string; body: ArrayBuffer }>(
      "SELECT slot, memory_id, body FROM memory_vectors WHERE slot IN (SELECT value FROM json_each(?))",
      JSON.stringify(slots),
    );
    const ids = new Map(rows.map((row) => [row.slot, row.memory_id]));
    return shelf.rank(query, rows, among).map(({ slot, score }) => ({ memoryId: ids.get(slot)!, score }));
  }

  #opened(): VectorShelf {
    this.#shelf ??= this.#load();
    return this.#shelf;
  }

  #load(): VectorShelf {
    const shelf = new VectorShelf(this.#space.dimensions, this.#dataKey().derive(ROTATION_PURPOSE));
    const stored = this.#storage.find(SPACE);
    if (stored === undefined) return shelf;
    if (stored === this.#spaceName) {
      const blocks = this.#storage.rows<{ body: ArrayBuffer }>(
        "SELECT body FROM memory_signs ORDER BY block",
      );
      for (const { body } of blocks) shelf.load(body);
      return shelf;
    }
    // Another embedder has been configured: what the old one made says nothing any more.
    this.#storage.run("DELETE FROM memory_vectors");
    this.#storage.run("DELETE FROM memory_signs");
    this.#storage.run("DELETE FROM meta WHERE name = ?", SPACE);
    return shelf;
  }

  get #spaceName(): string {
    return `${this.#space.embedder} ${this.#space.dimensions}`;
  }

  /** False when everything on the shelf is younger than this memory. */
  #makeRoom(memoryId: string): boolean {
    this.#storage.put(OVERFLOW, "1");
    const oldest = this.#storage.row<{ memory_id: string }>(
      "SELECT memory_id FROM memory_vectors ORDER BY memory_id LIMIT 1",
    );
    if (!oldest || oldest.memory_id > memoryId) return false;
    this.remove(oldest.memory_id);
    return true;
  }
}
