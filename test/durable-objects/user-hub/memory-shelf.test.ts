/** The hub's replica and its vectors, on tables of their own. */
import { randomBytes } from "node:crypto";
import { describe, expect, test } from "vitest";
import type { FlatVector } from "../../../durable-objects/user-hub/core/vector-shelf.ts";
import { OwedMemories } from "../../../durable-objects/user-hub/memory-owed.ts";
import { MemorySearch } from "../../../durable-objects/user-hub/memory-search.ts";
import { MemoryStore } from "../../../durable-objects/user-hub/memory-store.ts";
import { MemoryVectors } from "../../../durable-objects/user-hub/memory-vectors.ts";
import type { HubStorage } from "../../../durable-objects/user-hub/storage.ts";
import { Vault } from "../../../durable-objects/user-hub/vault.ts";
import { superseded } from "../../../src/features/memory/item.ts";
import { likenessSettingsOf } from "../../../src/features/memory/likeness.ts";
import type { MemoryItem } from "../../../src/features/memory/schema.ts";
import { textOf } from "../../../src/features/memory/text.ts";
import { newId } from "../../../src/lib/ids.ts";
import { HashingEmbedder } from "../../../src/platform/embedder-hashing.ts";
import { Keyring } from "../../../src/platform/keyring.ts";
import { START_MS, statement } from "../../features/memory/items.ts";
import { localHubStorage } from "../../support/hub-storage.ts";

const NOW = START_MS + 1_000;
const keyring = new Keyring("k1", new Map([["k1", randomBytes(32)]]));
const embedder = new HashingEmbedder();
const owner = { userId: newId(), tenantId: newId(), role: "owner", tier: "free" } as const;
const wrapped = keyring.wrap(keyring.newDataKey(), { ownerId: owner.userId });

class Shelf {
  readonly vectors: MemoryVectors;
  readonly store: MemoryStore;
  readonly search: MemorySearch;
  now = NOW;
  readonly #storage: HubStorage;

  constructor(storage: HubStorage, space = { embedder: embedder.id, dimensions: embedder.dimensions }) {
    const vault = new Vault(storage, keyring);
    vault.admit(owner, wrapped);
    this.#storage = storage;
    this.vectors = new MemoryVectors(storage, () => vault.dataKey, space);
    this.store = new MemoryStore(storage, vault, this.vectors, new OwedMemories(storage));
    this.search = new MemorySearch({
      store: this.store,
      vectors: this.vectors,
      likeness: likenessSettingsOf("hashing"),
      now: () => this.now,
    });
  }

  async take(...items: MemoryItem[]): Promise<void> {
    const vectors = await vectorsOf(items.map(({ body }) => textOf(body)));
    const changes = items.map((item) => ({ kind: "insert" as const, item }));
    this.change(() => this.store.apply(changes, new Map(items.map(({ id }, at) => [id, vectors[at]!])), NOW));
  }

  change(write: () => void): void {
    this.#storage.commit(write);
  }

  async find(text: string): Promise<string[]> {
    const [vector] = await vectorsOf([text]);
    return this.search.find({ text, vector: vector! }, "associative", 8).map(({ body }) => textOf(body));
  }
}

function vectorsOf(texts: readonly string[]) {
  return embedder.embed(texts, { key: new Uint8Array(32).fill(3) });
}

describe("a statement that does not hold any more", () => {
  test("is found no longer, neither at once nor by a hub that wakes, and leaves no bit of its vector", async () => {
    const local = localHubStorage();
    const shelf = new Shelf(local.storage);
    const old = statement("The person keeps bees in Kiel.");
    await shelf.take(old);
    expect(await shelf.find("bees in Kiel")).toEqual(["The person keeps bees in Kiel."]);
    const change = superseded(old, NOW);
    shelf.change(() => shelf.store.apply([change], new Map(), NOW));
    for (const each of [shelf, new Shelf(local.woken())]) {
      expect(await each.find("bees in Kiel")).toEqual([]);
      expect(each.vectors.count).toBe(0);
    }
    expect(bitsAtRest(local.storage)).toBe(0);
  });

  test("is found until it ends, when it was said for a time", async () => {
    const shelf = new Shelf(localHubStorage().storage);
    await shelf.take(statement("The person lives in Kiel until March.", { validTo: NOW + 1_000 }));
    expect(await shelf.find("Kiel")).toHaveLength(1);
    shelf.now = NOW + 1_000;
    expect(await shelf.find("Kiel")).toEqual([]);
  });

  test("leaves no bit when it is erased either", async () => {
    const { storage } = localHubStorage();
    const shelf = new Shelf(storage);
    const secret = statement("The person keeps bees in Kiel.");
    await shelf.take(secret);
    expect(bitsAtRest(storage)).toBeGreaterThan(0);
    shelf.change(() => shelf.store.erase([secret.id], NOW));
    expect(bitsAtRest(storage)).toBe(0);
    expect(storage.rows("SELECT 1 FROM memory_vectors")).toEqual([]);
  });
});

function bitsAtRest(storage: HubStorage): number {
  const blocks = storage.rows<{ body: ArrayBuffer }>("SELECT body FROM memory_signs");
  return blocks.flatMap(({ body }) => [...new Uint8Array(body)]).filter((byte) => byte !== 0).length;
}

describe("a shelf that is full", () => {
  /** So long that 256 of them are four megabytes of bits, or nearly. */
  const wide = { embedder: "wide", dimensions: 65_536 };
  const vector = (at: number) => {
    const values = new Float32Array(wide.dimensions);
    values[at] = 1;
    return values;
  };

  test("lets the oldest go, takes none that is older, and says so to a hub that wakes", () => {
    const local = localHubStorage();
    const { vectors } = new Shelf(local.storage, wide);
    const put = (id: string, flat: FlatVector) =>
      local.storage.commit(() => {
        vectors.put(id, "associative", flat);
        vectors.store();
      });
    const [first, second, third, fourth] = [0, 1, 2, 3].map((at) => vectors.flatten(vector(at)));
    const filler = vectors.flatten(vector(9));
    const ids = Array.from({ length: 256 }, (_, at) => newId(START_MS + at));
    for (const [at, id] of ids.entries()) put(id, [first!, second!][at] ?? filler);
    expect([vectors.count, vectors.hasOverflowed]).toEqual([256, false]);
    const [older, newer] = [newId(START_MS - 1), newId(START_MS + 999)];
    put(older, third!);
    put(newer, fourth!);
    const woken = new Shelf(local.woken(), wide).vectors;
    for (const each of [vectors, woken]) {
      const near = (at: number) =>
        each
          .search(each.flatten(vector(at)), "associative", { limit: 1, scoreMin: 0.9 })
          .map(({ memoryId }) => memoryId);
      expect([each.count, each.hasOverflowed]).toEqual([256, true]);
      expect([near(0), near(1), near(2), near(3)]).toEqual([[], [ids[1]], [], [newer]]);
    }
  });
});
