/** What is particular to an index outside of the database: what it holds, what it shows late, and that it can fail. */
import { env } from "cloudflare:workers";
import { sql } from "drizzle-orm";
import { beforeEach, expect, test } from "vitest";
import { allow } from "../../src/features/auth/policy.ts";
import { newId } from "../../src/lib/ids.ts";
import { createLogger } from "../../src/lib/logger.ts";
import { readEnv } from "../../src/platform/env.ts";
import { openSchedulerDatabase } from "../../src/platform/scheduler-db.ts";
import { openVectorIndex, type VectorsConfig } from "../../src/platform/vectors.ts";
import { settleVectors } from "../../src/platform/vectors-settle.ts";
import { ShardMap } from "../../src/platform/vectors-shards.ts";
import { connectAs } from "../support/database.ts";
import { newUser, type TestUser, userCtx } from "../support/users.ts";
import { VectorizeStandIn } from "../support/vectorize-stand-in.ts";
import { dropDocument, newChunks } from "../support/vectors.ts";

const EMBEDDER = "outside-2";
const BUSY = () => new Error("VECTOR_QUERY_ERROR (code = 50000): internal error");
const REFUSED = new Error("VECTOR_QUERY_ERROR (code = 40006): invalid vector");

let user: TestUser;
let outside: VectorizeStandIn;
/** Of each test its own: the schedule settles a shard for all tests that share the database. */
let shard: string;
let lines: string[];

beforeEach(async () => {
  user = await newUser(env);
  outside = new VectorizeStandIn({ dimensions: 2, metadataIndexes: ["collection"] });
  shard = newId();
  lines = [];
});

const admin = () => connectAs(env, "postgres");
const logger = () => createLogger({}, (_, line) => lines.push(line));
const config = (): VectorsConfig => ({
  kind: "vectorize",
  shards: new ShardMap([{ fromMs: 0, indexes: [shard] }], new Map([[shard, outside]])),
});

function open() {
  const actor = { kind: "system", job: "document.ingest", userId: user.userId } as const;
  const ctx = userCtx(env, user, { actor });
  const door = { ...ctx, config: { ...ctx.config, vectors: config() }, log: logger() };
  return openVectorIndex(door, allow("documents", "ingest"));
}

const settle = () => settleVectors(openSchedulerDatabase(readEnv(env).config.database), config(), logger());

/** Ids of vectors that the database still compares itself. */
async function inLedger(collection: number): Promise<string[]> {
  const { rows } = await admin().execute<{ id: string }>(sql`
    select chunk_id as id from chunk_vectors where collection = ${collection} and embedding is not null order by 1`);
  return rows.map(({ id }) => id);
}

/** As if they had been asked for long ago. */
async function ageRemovals(): Promise<void> {
  await admin().execute(sql`update vector_removals set requested_at = now() - interval '1 hour'
    where tenant_id = ${user.tenantId}::uuid`);
}

async function written(count: number) {
  const made = await newChunks(user, count);
  const space = { collection: made.collection, embedder: EMBEDDER };
  await open().upsert(
    space,
    made.ids.map((id, at) => ({ id, vector: [1, at] })),
  );
  return { ...made, space };
}

test("it holds ids, vectors and the collection's number, under the tenant's namespace, and the ledger no vectors then", async () => {
  const { collection, ids } = await written(2);
  expect(await inLedger(collection)).toEqual(ids.toSorted());
  outside.show();
  expect(await settle()).toBe(2);
  expect(await inLedger(collection)).toEqual([]);
  expect(outside.contents).toEqual(
    ids.map((id) => ({ id, namespace: user.tenantId, metadata: { collection } })),
  );
});

test("the ledger keeps what is not shown yet, and what was written again meanwhile", async () => {
  const { space, collection, ids } = await written(2);
  const [one = "", two = ""] = ids;
  await open().upsert(space, [{ id: two, vector: [0, 1] }]);
  outside.show(1);
  await settle();
  expect(await inLedger(collection)).toEqual([two]);
  expect((await open().query(space, [0, 1], 2)).map(({ id }) => id)).toEqual([two, one]);
  outside.show();
  await settle();
  expect(await inLedger(collection)).toEqual([]);
  expect((await open().query(space, [0, 1], 2)).map(({ id }) => id)).toEqual([two, one]);
});

test("what is shown is settled by a later change of anybody", async () => {
  const { collection } = await written(1);
  const first = user;
  user = await newUser(env);
  const later = await written(1);
  await open().delete(later.ids);
  outside.show();
  await settle();
  user = first;
  expect(await inLedger(collection)).toEqual([]);
});

test("a passing failure is repeated, a refusal is not, and what persists is told", async () => {
  const { space, ids } = await written(1);
  outside.failWith(BUSY());
  expect((await open().query(space, [1, 0], 1)).map(({ id }) => id)).toEqual(ids);
  outside.calls.length = 0;
  outside.failWith(REFUSED);
  await expect(open().query(space, [1, 0], 1)).rejects.toMatchObject({
    name: "VectorIndexError",
    cause: REFUSED,
  });
  expect(outside.calls).toEqual(["query"]);
  outside.calls.length = 0;
  outside.failWith(BUSY(), BUSY(), BUSY());
  await expect(open().query(space, [1, 0], 1)).rejects.toMatchObject({ code: "vector_index_unavailable" });
  expect(outside.calls).toEqual(["query", "query"]);
});

test("a write that the index never took can be repeated, and is found even before", async () => {
  const { collection, ids } = await newChunks(user, 1);
  const space = { collection, embedder: EMBEDDER };
  const vectors = [{ id: ids[0]!, vector: [1, 0] }];
  outside.failWith(BUSY(), BUSY(), BUSY());
  await expect(open().upsert(space, vectors)).rejects.toMatchObject({ code: "vector_index_unavailable" });
  expect((await open().query(space, [1, 0], 1)).map(({ id }) => id)).toEqual(ids);
  await settle();
  expect(await inLedger(collection)).toEqual(ids);
  await open().upsert(space, vectors);
  outside.show();
  await settle();
  expect(await inLedger(collection)).toEqual([]);
});

test("removals that cannot be passed on are out of sight, logged, and passed on by the schedule", async () => {
  const { space, ids } = await written(2);
  outside.show();
  await settle();
  outside.failWith(BUSY(), BUSY(), BUSY());
  await open().delete(ids);
  expect(lines.join()).toContain("vectors.removal_postponed");
  expect(await open().query(space, [1, 0], 2)).toEqual([]);
  await ageRemovals();
  await settle();
  outside.show();
  expect(outside.contents).toEqual([]);
  await settle();
  const { rows } = await admin().execute(
    sql`select 1 from vector_removals where tenant_id = ${user.tenantId}::uuid`,
  );
  expect(rows).toEqual([]);
});

test("vectors go from the index with their document, and with the whole tenant", async () => {
  const { documentId } = await written(2);
  await written(3);
  outside.show();
  await settle();
  expect(outside.contents).toHaveLength(5);
  await dropDocument(documentId);
  await open().flush();
  outside.show();
  expect(outside.contents).toHaveLength(3);
  await admin().execute(sql`delete from tenants where id = ${user.tenantId}::uuid`);
  await ageRemovals();
  await settle();
  outside.show();
  expect(outside.contents).toEqual([]);
});

test("a vector that is written while its removal is under way is found for good", async () => {
  const { space, collection, ids } = await written(1);
  outside.show();
  await settle();
  const remove = outside.deleteByIds.bind(outside);
  outside.deleteByIds = async (some) => {
    outside.deleteByIds = remove;
    await open().upsert(space, [{ id: ids[0]!, vector: [1, 0] }]);
    return remove(some);
  };
  await dropVectors(ids);
  await open().flush();
  outside.show();
  await settle();
  expect(outside.contents).toEqual([]);
  expect((await open().query(space, [1, 0], 1)).map(({ id }) => id)).toEqual(ids);
  expect(await inLedger(collection)).toEqual(ids);
});

test("an index without a metadata index finds what is in the ledger only", async () => {
  outside = new VectorizeStandIn({ dimensions: 2 });
  const { space } = await written(1);
  expect(await open().query(space, [1, 0], 1)).toHaveLength(1);
  outside.show();
  await settle();
  expect(await open().query(space, [1, 0], 1)).toEqual([]);
});

test("a shard that fails keeps no other from being settled, and is told in the log", async () => {
  const { collection } = await written(1);
  outside.show();
  const broken = new VectorizeStandIn({ dimensions: 2 });
  broken.failWith(REFUSED);
  const indexes = new Map([
    ["BROKEN", broken],
    [shard, outside],
  ]);
  const shards = new ShardMap([{ fromMs: 0, indexes: ["BROKEN"] }], indexes);
  await settleVectors(
    openSchedulerDatabase(readEnv(env).config.database),
    { kind: "vectorize", shards },
    logger(),
  );
  expect(lines.join()).toContain("vectors.settling_failed");
  expect(await inLedger(collection)).toEqual([]);
});

async function dropVectors(ids: readonly string[]): Promise<void> {
  await admin().execute(
    sql`delete from chunk_vectors where chunk_id = any (${`{${ids.join(",")}}`}::uuid[])`,
  );
}
