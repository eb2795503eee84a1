/**
 * Makes a graph (HNSW) for each large collection whose vectors are in Postgres, and drops those that are not worth it any
 * more: `DATABASE_ADMIN_URL=… npm run db:index-vectors`. Without it all is found too, by signs (platform/vectors-nearest.ts).
 *
 * A graph of all collections together would cost every write 5 ms and make small collections hard to find in it; one of a
 * large collection costs its own writes only. It is made beside the running service, which no role of the Worker may do.
 */
import { Client } from "@neondatabase/serverless";

export interface IndexTarget {
  /** Connection string of the role that owns the tables. */
  url: string;
  /** Address of a local proxy, `host:port/path`; absent for Neon itself. */
  wsProxy?: string | undefined;
  /** Vectors from which on a collection gets a graph (spec 6). It keeps it until it has half as many. */
  vectorsMin?: number;
}

export interface IndexReport {
  made: string[];
  dropped: string[];
}

const VECTORS_MIN = 20_000;
const PREFIX = "chunk_vectors_graph_";

interface LargeSpace {
  collection: number;
  embedder: string;
  dimensions: number;
}

/** Safe to repeat and to stop: what a stopped run left is made anew. Does nothing where pgvector (0.7 or newer) is missing. */
export async function indexVectors({
  url,
  wsProxy,
  vectorsMin = VECTORS_MIN,
}: IndexTarget): Promise<IndexReport> {
  const client = connect(url, wsProxy);
  await client.connect();
  try {
    const { rows: types } = await client.query("SELECT to_regtype('halfvec') IS NOT NULL AS known");
    if (!types[0]?.["known"]) return { made: [], dropped: [] };
    const graphs = await readGraphs(client);
    const worthwhile = new Set((await sizesFrom(client, vectorsMin / 2)).map(({ collection }) => collection));
    const stale = graphs.filter(({ collection, isValid }) => !isValid || !worthwhile.has(collection));
    for (const { name } of stale) await client.query(`DROP INDEX CONCURRENTLY IF EXISTS ${name}`);
    const kept = new Set(
      graphs.filter((graph) => !stale.includes(graph)).map(({ collection }) => collection),
    );
    const made: string[] = [];
    for (const { collection } of await sizesFrom(client, vectorsMin)) {
      if (kept.has(collection)) continue;
      const space = await largestSpace(client, collection);
      if (space) made.push(await makeGraph(client, space));
    }
    return { made, dropped: stale.map(({ name }) => name) };
  } finally {
    await client.end();
  }
}

async function readGraphs(client: Client) {
  const { rows } = await client.query<{ name: string; valid: boolean }>(
    `SELECT c.relname AS name, i.indisvalid AS valid FROM pg_index i JOIN pg_class c ON c.oid = i.indexrelid
     WHERE i.indrelid = 'chunk_vectors'::regclass AND c.relname LIKE '${PREFIX}%'`,
  );
  return rows.map(({ name, valid }) => ({
    name,
    isValid: valid,
    collection: Number(name.slice(PREFIX.length)),
  }));
}

async function sizesFrom(client: Client, vectorsMin: number): Promise<{ collection: number }[]> {
  const { rows } = await client.query<{ collection: number }>(
    `SELECT collection FROM chunk_vectors WHERE embedding IS NOT NULL GROUP BY collection HAVING count(*) >= $1
     ORDER BY collection`,
    [vectorsMin],
  );
  return rows.map(({ collection }) => ({ collection: Number(collection) }));
}

/** A collection has one vector space, but for what an earlier embedder left. */
async function largestSpace(client: Client, collection: number): Promise<LargeSpace | undefined> {
  const { rows } = await client.query<{ embedder: string; dimensions: number }>(
    `SELECT embedder, vector_dims(embedding) AS dimensions FROM chunk_vectors
     WHERE collection = $1 AND embedding IS NOT NULL GROUP BY 1, 2 ORDER BY count(*) DESC LIMIT 1`,
    [collection],
  );
  const [row] = rows;
  return row && { collection, embedder: row.embedder, dimensions: Number(row.dimensions) };
}

/** Its expression and conditions are those of the search (`platform/vectors-nearest`): otherwise it would not be used. */
async function makeGraph(client: Client, { collection, embedder, dimensions }: LargeSpace): Promise<string> {
  const name = `${PREFIX}${collection}`;
  await client.query("SET maintenance_work_mem = '512MB'");
  await client.query(`
    CREATE INDEX CONCURRENTLY ${name} ON chunk_vectors USING hnsw ((embedding::halfvec(${dimensions})) halfvec_cosine_ops)
    WHERE collection = ${collection} AND embedder = ${client.escapeLiteral(embedder)}`);
  return name;
}

function connect(url: string, wsProxy: string | undefined): Client {
  const client = new Client(url);
  if (wsProxy) {
    client.neonConfig.wsProxy = () => wsProxy;
    client.neonConfig.useSecureWebSocket = false;
    client.neonConfig.pipelineTLS = false;
    client.neonConfig.pipelineConnect = "password";
  }
  return client;
}

async function main(): Promise<void> {
  const { DATABASE_ADMIN_URL: url, NEON_WS_PROXY: wsProxy } = process.env;
  if (!url)
    throw new Error("Set DATABASE_ADMIN_URL to the connection string of the role that owns the tables.");
  const { made, dropped } = await indexVectors({ url, wsProxy });
  for (const name of made) console.log(`Made ${name}.`);
  for (const name of dropped) console.log(`Dropped ${name}.`);
  if (made.length + dropped.length === 0) console.log("Nothing to do.");
}

if (import.meta.main) {
  await main().catch((error: unknown) => {
    console.error(error instanceof Error ? error.message : error);
    process.exitCode = 1;
  });
}
