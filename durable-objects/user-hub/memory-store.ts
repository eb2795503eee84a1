/** The hub's replica of what is remembered of its user, and what of it Postgres lacks. Words are sealed, the rest is not. */
import * as z from "zod";
import {
  MemoryBody,
  type MemoryChange,
  type MemoryItem,
  MemoryTier,
  Provenance,
  type StoredMemory,
} from "../../src/features/memory/schema.ts";
import { CurrentItems } from "./current-items.ts";
import { ALL, type OwedMemories } from "./memory-owed.ts";
import { isVectorKind, type MemoryVectors } from "./memory-vectors.ts";
import type { HubStorage } from "./storage.ts";
import type { Vault } from "./vault.ts";

/** What a row's envelope holds. */
const Words = z.object({ body: MemoryBody, provenance: Provenance });

type ItemColumns = {
  id: string;
  version: number;
  strength: number;
  confidence: number;
  valid_from: number;
  valid_to: number | null;
  last_used_at: number | null;
  dismissed_at: number | null;
  created_at: number;
  updated_at: number;
  body: ArrayBuffer;
};

const LOADED = "memory_loaded";
const FORGOTTEN_AT = "memory_forgotten_at";
const CURRENT = "(valid_to IS NULL OR valid_to > ?) AND dismissed_at IS NULL";

export class MemoryStore {
  readonly #storage: HubStorage;
  readonly #vault: Vault;
  readonly #vectors: MemoryVectors;
  readonly #owed: OwedMemories;
  readonly #current: CurrentItems;
  #isLoaded = false;

  constructor(storage: HubStorage, vault: Vault, vectors: MemoryVectors, owed: OwedMemories) {
    this.#storage = storage;
    this.#vault = vault;
    this.#vectors = vectors;
    this.#owed = owed;
    this.#current = new CurrentItems(storage);
  }

  /** The replica is whole: nothing is remembered that it does not hold. */
  get isLoaded(): boolean {
    this.#isLoaded ||= this.#storage.find(LOADED) !== undefined;
    return this.#isLoaded;
  }

  markLoaded(): void {
    this.#storage.put(LOADED, "1");
  }

  /** When something was last forgotten: what was said before is not learnt from any more. Unix ms, 0 for never. */
  get forgottenAt(): number {
    return Number(this.#storage.find(FORGOTTEN_AT) ?? 0);
  }

  find(id: string): MemoryItem | undefined {
    const row = this.#storage.row<ItemColumns>("SELECT * FROM memories WHERE id = ?", id);
    return row && this.#read(row);
  }

  /** What is current of one tier, the newest first: few items, which are kept in memory. */
  current(tier: "core" | "proactive", now: number): readonly MemoryItem[] {
    return this.#current.get(tier, now, () => this.#readCurrent(tier, now, -1));
  }

  /** The newest episodes that are current. */
  episodes(now: number, limit: number): readonly MemoryItem[] {
    return this.#current.get(`episodic ${limit}`, now, () => this.#readCurrent("episodic", now, limit));
  }

  /** Facts that hold: of one key the newest. */
  core(now: number): MemoryItem[] {
    const byKey = new Map<string, MemoryItem>();
    for (const item of this.current("core", now)) {
      const key = item.body.tier === "core" ? item.body.key : "";
      if (!byKey.has(key)) byKey.set(key, item);
    }
    return [...byKey.values()];
  }

  /** All of a tier, history included. */
  ofTier(tier: MemoryTier): MemoryItem[] {
    return this.#storage
      .rows<ItemColumns>("SELECT * FROM memories WHERE tier = ?", tier)
      .map((row) => this.#read(row));
  }

  /** Those of the ids that exist, in no order. */
  withIds(ids: readonly string[]): MemoryItem[] {
    return this.#storage
      .rows<ItemColumns>(
        "SELECT * FROM memories WHERE id IN (SELECT value FROM json_each(?))",
        JSON.stringify(ids),
      )
      .map((row) => this.#read(row));
  }

  /** Everything of the tiers after an id, history included, in the order of the ids. */
  page(after: string, limit: number, tiers: readonly MemoryTier[] = MemoryTier.options): MemoryItem[] {
    const query =
      "SELECT * FROM memories WHERE id > ? AND tier IN (SELECT value FROM json_each(?)) ORDER BY id LIMIT ?";
    return this.#storage
      .rows<ItemColumns>(query, after, JSON.stringify(tiers), limit)
      .map((row) => this.#read(row));
  }

  /** Statements and summaries that are current and have no vector, though the shelf has room for more. */
  withoutVector(now: number, limit: number): MemoryItem[] {
    if (this.#vectors.hasOverflowed) return [];
    return this.#storage
      .rows<ItemColumns>(
        `SELECT * FROM memories WHERE tier IN ('associative', 'episodic') AND ${CURRENT}
           AND NOT EXISTS (SELECT 1 FROM memory_vectors WHERE memory_id = memories.id)
         ORDER BY id DESC LIMIT ?`,
        now,
        limit,
      )
      .map((row) => this.#read(row));
  }

  /**
   * Takes changes and owes them to Postgres. A vector belongs to the words it came with: without a new one it stays, or
   * goes when the words are others or hold no more. Part of the caller's commit, which `MemoryVectors.store` ends.
   */
  apply(
    changes: readonly MemoryChange[],
    vectors: ReadonlyMap<string, ArrayLike<number>>,
    dueAt: number,
  ): void {
    for (const { kind, item } of changes) {
      this.#put(item);
      this.#shelve(item, vectors.get(item.id), { isReworded: kind === "insert" || kind === "edit" });
      this.#owed.owe(item.id, kind, item.version, dueAt);
    }
    this.#vectors.store();
  }

  /** What Postgres had; a newer form of an item that is here already stays. */
  keepLoaded(loaded: readonly StoredMemory[], embedder: string): void {
    for (const { item, embedding } of loaded) {
      const known = this.#storage.row<{ version: number }>(
        "SELECT version FROM memories WHERE id = ?",
        item.id,
      );
      if (known && known.version >= item.version) continue;
      this.#put(item);
      const vector = embedding?.embedder === embedder ? embedding.vector : undefined;
      this.#shelve(item, vector, { isReworded: false });
    }
    this.#vectors.store();
  }

  /**
   * Forgets at once; that Postgres must forget too is owed. What ended turns said may hold it as well, so nothing is learnt
   * from them any more.
   */
  erase(ids: readonly string[] | typeof ALL, now: number): void {
    this.#current.forget();
    if (ids === ALL) {
      this.#storage.run("DELETE FROM memories");
      this.#storage.run("DELETE FROM memory_questions");
      this.#vectors.clear();
      this.#owed.oweAll(now);
    } else this.retire(ids, now);
    this.#storage.run("DELETE FROM memory_jobs");
    this.#storage.put(FORGOTTEN_AT, String(now));
  }

  /** Drops what is past its time, here and, as is owed, in Postgres. */
  retire(ids: readonly string[], now: number): void {
    this.#current.forget();
    for (const id of ids) {
      this.#storage.run("DELETE FROM memories WHERE id = ?", id);
      this.#vectors.remove(id);
      this.#owed.owe(id, "erase", 0, now);
    }
    this.#vectors.store();
  }

  #readCurrent(tier: MemoryTier, now: number, limit: number): MemoryItem[] {
    return this.#storage
      .rows<ItemColumns>(
        `SELECT * FROM memories WHERE tier = ? AND ${CURRENT} ORDER BY created_at DESC, id DESC LIMIT ?`,
        tier,
        now,
        limit,
      )
      .map((row) => this.#read(row));
  }

  #put(item: MemoryItem): void {
    this.#current.forget();
    const { body, provenance } = item;
    this.#storage.run(
      "INSERT OR REPLACE INTO memories VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
      item.id,
      body.tier,
      item.version,
      item.strength,
      item.confidence,
      item.validFrom,
      item.validTo,
      item.lastUsedAt,
      item.dismissedAt,
      item.createdAt,
      item.updatedAt,
      this.#vault.seal("memories", item.id, { body, provenance }),
    );
  }

  #shelve(
    { id, body: { tier }, validTo, dismissedAt, updatedAt }: MemoryItem,
    vector: ArrayLike<number> | undefined,
    { isReworded }: { isReworded: boolean },
  ): void {
    if (!isVectorKind(tier)) return;
    const isOver = validTo !== null && validTo <= updatedAt;
    if (isOver || dismissedAt !== null || (isReworded && !vector)) this.#vectors.remove(id);
    else if (vector) this.#vectors.put(id, tier, this.#vectors.flatten(vector));
  }

  #read(row: ItemColumns): MemoryItem {
    return {
      ...this.#vault.open("memories", row.id, row.body, Words.parse),
      id: row.id,
      version: row.version,
      strength: row.strength,
      confidence: row.confidence,
      validFrom: row.valid_from,
      validTo: row.valid_to,
      lastUsedAt: row.last_used_at,
      dismissedAt: row.dismissed_at,
      createdAt: row.created_at,
      updatedAt: row.updated_at,
    };
  }
}
