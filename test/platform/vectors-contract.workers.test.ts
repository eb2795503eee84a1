/** What every vector index keeps to, whichever adapter it is. */
import { env } from "cloudflare:workers";
import { sql } from "drizzle-orm";
import { beforeAll, describe, expect, test } from "vitest";
import { allow } from "../../src/features/auth/policy.ts";
import { newId } from "../../src/lib/ids.ts";
import { log } from "../../src/lib/logger.ts";
import { readEnv } from "../../src/platform/env.ts";
import { openSchedulerDatabase } from "../../src/platform/scheduler-db.ts";
import { openVectorIndex, type VectorIndex, type VectorsConfig } from "../../src/platform/vectors.ts";
import { settleVectors } from "../../src/platform/vectors-settle.ts";
import { ShardMap } from "../../src/platform/vectors-shards.ts";
import { newUser, type TestUser, userCtx } from "../support/users.ts";
import { VectorizeStandIn } from "../support/vectorize-stand-in.ts";
import { dropDocument, newChunks } from "../support/vectors.ts";

const EMBEDDER = "contract-4";
const DIMENSIONS = 4;
const WRITES = allow("documents", "ingest");

interface Setting {
  config: VectorsConfig;
  /** Makes the index show all it was told so far, and the schedule take notice. */
  show(): Promise<void>;
}

class Prompt extends VectorizeStandIn {
  override async upsert(vectors: VectorizeVector[]) {
    const taken = await super.upsert(vectors);
    this.show();
    return taken;
  }

  override async deleteByIds(ids: string[]) {
    const taken = await super.deleteByIds(ids);
    this.show();
    return taken;
  }
}

const standIn = () => new VectorizeStandIn({ dimensions: DIMENSIONS, metadataIndexes: ["collection"] });
/** Each under a name of its own: the schedule settles a shard for all tests that share the database. */
const vectorize = (index: VectorizeStandIn, name = newId()): VectorsConfig => ({
  kind: "vectorize",
  shards: new ShardMap([{ fromMs: 0, indexes: [name] }], new Map([[name, index]])),
});

const settling = (index: VectorizeStandIn): Setting => {
  const config = vectorize(index);
  const show = async () => {
    index.show();
    await settleVectors(openSchedulerDatabase(readEnv(env).config.database), config, log);
  };
  return { config, show };
};

const ADAPTERS: Record<string, () => Setting> = {
  pgvector: () => ({ config: { kind: "pgvector" }, show: async () => {} }),
  "vectorize that shows changes when told": () => settling(standIn()),
  "vectorize that shows changes at once": () =>
    settling(new Prompt({ dimensions: DIMENSIONS, metadataIndexes: ["collection"] })),
  "vectorize that never shows a change": () => ({ config: vectorize(standIn()), show: async () => {} }),
};

let user: TestUser;
let other: TestUser;

beforeAll(async () => {
  [user, other] = [await newUser(env), await newUser(env)];
});

function open(owner: TestUser, config: VectorsConfig): VectorIndex {
  const actor = { kind: "system", job: "document.ingest", userId: owner.userId } as const;
  const ctx = userCtx(env, owner, { actor });
  return openVectorIndex({ ...ctx, config: { ...ctx.config, vectors: config } }, WRITES);
}

const found = async (index: VectorIndex, collection: number, vector: number[], limit = 10) =>
  (await index.query({ collection, embedder: EMBEDDER }, vector, limit)).map(({ id }) => id);

describe.each(Object.entries(ADAPTERS))("%s", (_, adapter) => {
  test("finds the nearest first, with their cosines, and no more than was asked for", async () => {
    const { config, show } = adapter();
    const index = open(user, config);
    const { collection, ids } = await newChunks(user, 3);
    const space = { collection, embedder: EMBEDDER };
    const vectors = [
      [1, 0, 0, 0],
      [1, 1, 0, 0],
      [0, 0, 1, 0],
    ];
    await index.upsert(
      space,
      vectors.map((vector, at) => ({ id: ids[at]!, vector })),
    );
    await show();
    const matches = await index.query(space, [2, 0, 0, 0], 2);
    expect(matches.map(({ id }) => id)).toEqual(ids.slice(0, 2));
    expect(matches[0]?.score).toBeCloseTo(1, 3);
    expect(matches[1]?.score).toBeCloseTo(Math.SQRT1_2, 3);
  });

  test("finds what was written a moment ago, in another isolate too", async () => {
    const { config } = adapter();
    const { collection, ids } = await newChunks(user, 1);
    await open(user, config).upsert({ collection, embedder: EMBEDDER }, [
      { id: ids[0]!, vector: [0, 1, 0, 0] },
    ]);
    expect(await found(open(user, config), collection, [0, 1, 0, 0])).toEqual(ids);
  });

  test("puts a vector in the place of the one with the same id", async () => {
    const { config, show } = adapter();
    const index = open(user, config);
    const { collection, ids } = await newChunks(user, 2);
    const [one = "", two = ""] = ids;
    const space = { collection, embedder: EMBEDDER };
    await index.upsert(space, [
      { id: one, vector: [1, 0, 0, 0] },
      { id: two, vector: [0.9, 0.1, 0, 0] },
    ]);
    await show();
    await index.upsert(space, [{ id: one, vector: [0, 0, 0, 1] }]);
    expect(await found(index, collection, [1, 0, 0, 0])).toEqual([two, one]);
    await show();
    expect(await found(index, collection, [1, 0, 0, 0])).toEqual([two, one]);
    expect(await found(index, collection, [0, 0, 0, 1], 1)).toEqual([one]);
  });

  test("finds nothing that was removed, before and after the index shows it", async () => {
    const { config, show } = adapter();
    const index = open(user, config);
    const { collection, ids } = await newChunks(user, 3);
    const space = { collection, embedder: EMBEDDER };
    await index.upsert(
      space,
      ids.map((id) => ({ id, vector: [1, 0, 0, 0] })),
    );
    await show();
    await index.delete([ids[0]!, newId()]);
    expect((await found(index, collection, [1, 0, 0, 0])).toSorted()).toEqual(ids.slice(1).toSorted());
    await show();
    expect((await found(index, collection, [1, 0, 0, 0])).toSorted()).toEqual(ids.slice(1).toSorted());
  });

  test("finds nothing of a document that went, and takes it again", async () => {
    const { config, show } = adapter();
    const index = open(user, config);
    const { collection, documentId, ids } = await newChunks(user, 2);
    const space = { collection, embedder: EMBEDDER };
    await index.upsert(
      space,
      ids.map((id) => ({ id, vector: [1, 0, 0, 0] })),
    );
    await show();
    await dropDocument(documentId);
    expect(await found(index, collection, [1, 0, 0, 0])).toEqual([]);
    await index.flush();
    await show();
    expect(await found(index, collection, [1, 0, 0, 0])).toEqual([]);
  });

  test("finds again what was removed and then written anew", async () => {
    const { config, show } = adapter();
    const index = open(user, config);
    const { collection, ids } = await newChunks(user, 1);
    const written = [{ id: ids[0]!, vector: [1, 0, 0, 0] }];
    await index.upsert({ collection, embedder: EMBEDDER }, written);
    await index.delete(ids);
    await index.upsert({ collection, embedder: EMBEDDER }, written);
    expect(await found(index, collection, [1, 0, 0, 0])).toEqual(ids);
    await show();
    expect(await found(index, collection, [1, 0, 0, 0])).toEqual(ids);
  });

  test("keeps collections and vector spaces apart", async () => {
    const { config, show } = adapter();
    const index = open(user, config);
    const [one, two] = [await newChunks(user, 2), await newChunks(user, 1)];
    const vector = [1, 0, 0, 0];
    await index.upsert({ collection: one.collection, embedder: EMBEDDER }, [{ id: one.ids[0]!, vector }]);
    await index.upsert({ collection: one.collection, embedder: "another-4" }, [{ id: one.ids[1]!, vector }]);
    await index.upsert({ collection: two.collection, embedder: EMBEDDER }, [{ id: two.ids[0]!, vector }]);
    await show();
    expect(await found(index, one.collection, vector)).toEqual([one.ids[0]]);
    expect(await found(index, two.collection, vector)).toEqual(two.ids);
  });

  test("keeps tenants apart, though one may guess the other's collection", async () => {
    const { config, show } = adapter();
    const { collection, ids } = await newChunks(user, 1);
    await open(user, config).upsert({ collection, embedder: EMBEDDER }, [
      { id: ids[0]!, vector: [1, 0, 0, 0] },
    ]);
    await show();
    expect(await found(open(other, config), collection, [1, 0, 0, 0])).toEqual([]);
    await open(other, config).delete(ids);
    expect(await found(open(user, config), collection, [1, 0, 0, 0])).toEqual(ids);
  });

  test("finds only what fulfils a condition, also when the nearest are others", async () => {
    const { config, show } = adapter();
    const index = open(user, config);
    const { collection, ids } = await newChunks(user, 260);
    const space = { collection, embedder: EMBEDDER };
    // The later, the farther.
    const vectors = ids.map((id, at) => ({ id, vector: [1, at / 100, 0, 0] }));
    await index.upsert(space, vectors);
    await show();
    const wanted = ids.slice(200, 230);
    const where = sql`chunk_vectors.chunk_id = any (${`{${wanted.join(",")}}`}::uuid[])`;
    const matches = await index.query(space, [1, 0, 0, 0], 5, where);
    expect(matches.map(({ id }) => id)).toEqual(wanted.slice(0, 5));
  });

  test("takes more vectors than an index takes in one call, and removes them", async () => {
    const { config, show } = adapter();
    const index = open(user, config);
    const { collection, ids } = await newChunks(user, 1100);
    const space = { collection, embedder: EMBEDDER };
    await index.upsert(
      space,
      ids.map((id, at) => ({ id, vector: [Math.cos(at), Math.sin(at), 0, 0] })),
    );
    await show();
    expect(await found(index, collection, [1, 0, 0, 0], 50)).toHaveLength(50);
    await index.delete(ids);
    await show();
    expect(await found(index, collection, [1, 0, 0, 0], 50)).toEqual([]);
  });

  test("has nothing to do for empty lists", async () => {
    const index = open(user, adapter().config);
    const { collection } = await newChunks(user, 0);
    await index.upsert({ collection, embedder: EMBEDDER }, []);
    await index.delete([]);
    expect(await found(index, collection, [1, 0, 0, 0])).toEqual([]);
    expect(await index.describe()).toMatchObject({ isSearchable: true });
  });
});
