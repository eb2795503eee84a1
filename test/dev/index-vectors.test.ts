import { Client, neonConfig } from "@neondatabase/serverless";
import { type SQL, sql } from "drizzle-orm";
import { PgDialect } from "drizzle-orm/pg-core";
import { afterAll, beforeAll, expect, test } from "vitest";
import { indexVectors } from "../../dev/index-vectors.ts";
import { migrate } from "../../dev/migrate.ts";
import { type LocalPostgres, startPostgres } from "../../dev/postgres/server.ts";
import { newId } from "../../src/lib/ids.ts";
import { nearestOf, searchSettings } from "../../src/platform/vectors-nearest.ts";

const EMBEDDER = "it's-8";
const [LARGE, SMALL] = [1, 2];
const [tenant, user] = [newId(), newId()];
const SCAN = "Index Scan using chunk_vectors_graph";
const column = { type: "halfvec", isIterative: true } as const;

let postgres: LocalPostgres;

beforeAll(async () => {
  postgres = await startPostgres();
  const { wsProxy, urls } = postgres;
  await migrate({ url: urls.admin, wsProxy });
  await asRole("admin", async (client) => {
    // Vectors alone, without the chunks they are of.
    await client.query("set session_replication_role = replica");
    for (const [collection, count] of [
      [LARGE, 600],
      [SMALL, 20],
    ]) {
      await client.query(
        `insert into chunk_vectors (chunk_id, tenant_id, user_id, collection, embedder, embedding)
         select gen_random_uuid(), $1, $2, $3, $4, array[cos(n), sin(n), cos(n * n), sin(n * n), 0, 0, 0, 1]::real[]::halfvec
         from generate_series(1, $5::integer) as n`,
        [tenant, user, collection, EMBEDDER, count],
      );
    }
    await client.query("analyze chunk_vectors");
  });
});
afterAll(() => postgres.close());

async function asRole<Result>(
  role: "admin" | "app",
  work: (client: Client) => Promise<Result>,
): Promise<Result> {
  const client = new Client(postgres.urls[role]);
  Object.assign(client.neonConfig, {
    ...neonConfig,
    wsProxy: () => postgres.wsProxy,
    useSecureWebSocket: false,
    pipelineTLS: false,
    pipelineConnect: "password",
  });
  await client.connect();
  try {
    return await work(client);
  } finally {
    await client.end();
  }
}

const run = () => indexVectors({ url: postgres.urls.admin, wsProxy: postgres.wsProxy, vectorsMin: 500 });

/** The product's own search, as the Worker's role and with row-level security. */
async function search(collection: number, { prefix = "", where }: { prefix?: string; where?: SQL } = {}) {
  const query = nearestOf(column, { collection, embedder: EMBEDDER }, [1, 0, 1, 0, 0, 0, 0, 1], 10, where);
  return asRole("app", async (client) => {
    await client.query("begin");
    await client.query("select set_config('app.tenant_id', $1, true), set_config('app.user_id', $2, true)", [
      tenant,
      user,
    ]);
    await ask(client, searchSettings(column));
    // So few vectors would be sorted sooner, though the graph may be used.
    await client.query("set local enable_sort = off");
    const rows = await ask(client, query, prefix);
    await client.query("commit");
    return rows;
  });
}

async function ask(client: Client, query: SQL, prefix = ""): Promise<Record<string, string>[]> {
  const { sql: text, params } = new PgDialect().sqlToQuery(query);
  return (await client.query(prefix + text, params)).rows;
}

async function planOf(collection: number, where?: SQL): Promise<string> {
  return (await search(collection, { prefix: "explain ", ...(where && { where }) }))
    .map((row) => row["QUERY PLAN"])
    .join("\n");
}

test("a large collection gets a graph, which its own search uses under row-level security and no other does", async () => {
  expect(await planOf(LARGE)).not.toContain(SCAN);
  expect(await run()).toEqual({ made: ["chunk_vectors_graph_1"], dropped: [] });
  expect(await run()).toEqual({ made: [], dropped: [] });
  expect(await planOf(LARGE)).toContain(SCAN);
  expect(await planOf(SMALL)).not.toContain(SCAN);
});

test("with a graph, a search goes on until enough fulfil a condition", async () => {
  const where = sql`abs(hashtext(chunk_vectors.chunk_id::text)) % 20 = 0`;
  expect(await search(LARGE)).toHaveLength(10);
  expect(await planOf(LARGE, where)).toContain(SCAN);
  const some = await search(LARGE, { where });
  expect(some).toHaveLength(10);
  const scores = some.map(({ score }) => Number(score));
  expect(scores).toEqual(scores.toSorted((one, other) => other - one));
});

test("a collection that shrank loses its graph, and a graph that was left unfinished is made anew", async () => {
  await asRole("admin", (client) =>
    client.query(
      "update pg_index set indisvalid = false where indexrelid = 'chunk_vectors_graph_1'::regclass",
    ),
  );
  expect(await run()).toEqual({ made: ["chunk_vectors_graph_1"], dropped: ["chunk_vectors_graph_1"] });
  await asRole("admin", (client) =>
    client.query(`delete from chunk_vectors where chunk_id in
      (select chunk_id from chunk_vectors where collection = ${LARGE} limit 400)`),
  );
  expect(await run()).toEqual({ made: [], dropped: ["chunk_vectors_graph_1"] });
  expect(await search(LARGE)).toHaveLength(10);
});
