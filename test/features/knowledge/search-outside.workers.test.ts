/** Knowledge whose vectors are compared by an index outside of the database. */
import { env } from "cloudflare:workers";
import { sql } from "drizzle-orm";
import { expect, test } from "vitest";
import { deleteDocument, searchKnowledge } from "../../../src/features/knowledge/service.ts";
import { createLogger, log } from "../../../src/lib/logger.ts";
import type { Ctx } from "../../../src/platform/context.ts";
import { readEnv } from "../../../src/platform/env.ts";
import { openSchedulerDatabase } from "../../../src/platform/scheduler-db.ts";
import { settleVectors } from "../../../src/platform/vectors-settle.ts";
import { connectAs } from "../../support/database.ts";
import { ingested, newCollection } from "../../support/knowledge.ts";
import { useSettings } from "../../support/settings.ts";
import { newUser, type TestUser, userCtx } from "../../support/users.ts";
import { VectorizeStandIn } from "../../support/vectorize-stand-in.ts";

/** A name of its own: the schedule settles a shard for all tests that share the database. */
const SHARD = "VECTORS_4711";
const outside = new VectorizeStandIn({ dimensions: 1024, metadataIndexes: ["collection"] });
Object.assign(env, { [SHARD]: outside });
useSettings({ VECTOR_SHARDS: JSON.stringify([{ from: "2026-01-01", indexes: [SHARD] }]) });

const settle = async () => {
  const { config } = readEnv(env);
  outside.show();
  await settleVectors(openSchedulerDatabase(config.database), config.vectors, log);
};

async function kept(user: TestUser): Promise<number> {
  const { rows } = await connectAs(env, "postgres").execute<{ count: string }>(
    sql`select count(*) as count from chunk_vectors where tenant_id = ${user.tenantId}::uuid and embedding is not null`,
  );
  return Number(rows[0]?.count);
}

test("what was read is found by likeness before and after the index shows it, and goes from it with its document", async () => {
  const user = await newUser(env);
  const { id: collection_id } = await newCollection(user);
  const document = await ingested(user, { collection_id, content: "Bicycles are parked in the yard." });
  // No word of the query is in the text: parts of words are alike.
  const search = () =>
    searchKnowledge(userCtx(env, user), {
      collection_id,
      query: "bicyclist parkway",
      limit: 3,
      diversity: 0,
    });
  expect((await search()).data).toHaveLength(1);
  expect(outside.contents).toEqual([]);
  outside.failWith(new Error("gone"), new Error("gone"));
  expect((await search()).data, "keywords alone").toEqual([]);
  await settle();
  expect(await kept(user)).toBe(0);
  expect(outside.contents).toMatchObject([{ namespace: user.tenantId }]);
  expect((await search()).data).toHaveLength(1);
  await deleteDocument(userCtx(env, user), document.id);
  expect((await search()).data).toEqual([]);
  outside.show();
  expect(outside.contents).toEqual([]);
});

test("with the index out of reach, search goes on by keywords alone and says so in the log", async () => {
  const user = await newUser(env);
  const { id: collection_id } = await newCollection(user);
  await ingested(user, { collection_id, content: "Bicycles are parked in the yard." });
  const lines: string[] = [];
  const ctx: Ctx = { ...userCtx(env, user), log: createLogger({}, (_, line) => lines.push(line)) };
  outside.failWith(new Error("gone"), new Error("gone"));
  const { data } = await searchKnowledge(ctx, { collection_id, query: "yard", limit: 3, diversity: 0 });
  expect(data).toHaveLength(1);
  expect(lines.map((line) => JSON.parse(line).event)).toEqual(["search.vectors_missing"]);
});
