/**
 * `npm run bench:scale [-- 1000 10000 …]`: how search over a collection grows with its chunks, under row-level security on a
 * PostgreSQL server of its own (found as in test/support/real-postgres.ts, else it says what is missing). Chunks come in
 * by the product's own ingestion, queries go through its own SQL and its own driver. Prints a table and writes
 * `bench/scale.json`. Search in a hub's own memory is `npm run bench -- memory-search`.
 */
import { writeFile } from "node:fs/promises";
import { cpus } from "node:os";
import { join } from "node:path";
import { eq } from "drizzle-orm";
import { indexVectors } from "../dev/index-vectors.ts";
import { allow } from "../src/features/auth/policy.ts";
import { byKeywords } from "../src/features/knowledge/keywords.ts";
import { byVectors } from "../src/features/knowledge/search.ts";
import { searchKnowledge } from "../src/features/knowledge/service.ts";
import { collections } from "../src/features/knowledge/tables.ts";
import { openVault } from "../src/features/knowledge/vault.ts";
import type { Ctx } from "../src/platform/context.ts";
import { openVectorIndex } from "../src/platform/vectors.ts";
import { findPostgres } from "../test/support/real-postgres.ts";
import { cpuMs, pidsOf } from "./lib/processes.ts";
import { percentile } from "./lib/stats.ts";
import { multiply } from "./scale-copies.ts";
import { type Service, startService } from "./scale-service.ts";
import { makeTexts, type Texts } from "./scale-texts.ts";

const SIZES = [1_000, 10_000, 100_000];
/** Up to here documents are read; what is more are copies of them (see scale-copies.ts). */
const READ_MAX = 10_000;
const QUERIES = 300;
const WARM_UP = 30;
const DOCUMENT_CHARACTERS = 60_000;
const CHUNKS_A_DOCUMENT = 50;
/** As db:index-vectors makes them. */
const GRAPH_FROM = 20_000;
const READERS = 2;
/** The issue's, at 100,000 chunks. */
const AIMS = { keywordsP50Ms: 20, keywordsP99Ms: 50 };
const TABLES = [
  "chunks",
  "chunk_places",
  "postings",
  "token_counts",
  "chunk_vectors",
  "documents",
  "document_versions",
];

interface Measured {
  chunks: number;
  [figure: string]: number;
}

const bin = await findPostgres();
if (!bin) {
  console.log(
    "No PostgreSQL server was found. Install one (postgresql-15, or newer) or set POSTGRES_BIN to the",
  );
  console.log("directory of its `initdb`, then run this again. Nothing was measured.");
  process.exit(0);
}
const asked = process.argv.slice(2).map(Number);
const sizes = asked.length > 0 ? asked : SIZES;
const texts = makeTexts();
const service = await startService(bin);
try {
  const rows = await measureAll(service, texts, sizes);
  console.table(
    rows.map((row) => Object.fromEntries(Object.entries(row).map(([name, value]) => [name, rounded(value)]))),
  );
  const exponents = growthOf(rows);
  console.log("Growth exponents (0: does not grow with the number of chunks; 1: as fast as it):", exponents);
  for (const line of judged(rows)) console.log(line);
  const results = {
    at: new Date().toISOString(),
    cores: cpus().length,
    texts: texts.source,
    rows,
    exponents,
  };
  await writeFile(join(import.meta.dirname, "scale.json"), `${JSON.stringify(results, null, 2)}\n`);
} catch (cause) {
  console.error(cause);
  process.exitCode = 1;
} finally {
  await service.stop();
}
process.exit();

async function measureAll(service: Service, texts: Texts, sizes: readonly number[]): Promise<Measured[]> {
  const id = await service.makeCollection();
  const search = await searcherOf(service.ctx, id);
  const vectors = await search.isWithVectors();
  if (!vectors) console.log("This server lacks pgvector: search by vectors is left out.");
  const rows: Measured[] = [];
  for (const size of sizes) {
    console.log(`Reading documents until there are ${size.toLocaleString("en")} chunks …`);
    const ingest = await fill(service, texts, id, Math.min(size, READ_MAX));
    if (size > ingest.chunks) {
      await multiply(service, Math.ceil(size / ingest.chunks) - 1);
      ingest.chunks = await countOf(service);
    }
    await service.admin("vacuum (analyze)");
    const queries = Array.from({ length: QUERIES + WARM_UP }, () => texts.query());
    console.log("Searching …");
    const row: Measured = {
      chunks: ingest.chunks,
      ...(size <= READ_MAX && { "ingest, chunks/s": ingest.perSecond }),
    };
    Object.assign(row, await sizesOf(service, ingest.chunks));
    Object.assign(row, await timed("a trip that asks nothing", queries, search.nothing));
    Object.assign(row, await timed("keywords", queries, search.keywords));
    if (vectors) Object.assign(row, await timed("vectors, by sign", queries.slice(0, 130), search.vectors));
    Object.assign(
      row,
      await timed("whole search", queries.slice(0, vectors ? 130 : undefined), search.whole),
    );
    rows.push(row);
    console.log(JSON.stringify(row));
    if (vectors && size >= GRAPH_FROM) Object.assign(row, await withGraph(service, queries, search.vectors));
  }
  return rows;
}

async function searcherOf(ctx: Ctx, id: string) {
  const permission = allow("collections", "search");
  const [[collection]] = await ctx.db.run(permission, (queries) => [
    queries.select().from(collections).where(eq(collections.id, id)),
  ]);
  if (!collection) throw new Error("The collection was not made.");
  const vault = await openVault(ctx, permission);
  const visible = { collection, version: null };
  return {
    isWithVectors: async () => (await openVectorIndex(ctx, permission).describe()).isSearchable,
    nothing: async () => (await ctx.db.run(permission, () => [])).length + 1,
    keywords: async (query: string) => (await byKeywords(ctx, vault, visible, query)).length,
    vectors: async (query: string) => (await byVectors(ctx, vault, visible, query)).length,
    whole: async (query: string) =>
      (await searchKnowledge(ctx, { collection_id: id, query, limit: 8, diversity: 0.3 })).data.length,
  };
}

/** Several documents at once, as consumers of a queue do. */
async function fill(service: Service, texts: Texts, collectionId: string, size: number) {
  const { ingest } = service;
  const before = await countOf(service);
  let chunks = before;
  const start = performance.now();
  while (chunks < size) {
    const wanted = Math.ceil((size - chunks) / CHUNKS_A_DOCUMENT);
    const documents = Array.from({ length: Math.min(50, wanted) }, () => texts.document(DOCUMENT_CHARACTERS));
    const reader = async () => {
      for (let text = documents.pop(); text !== undefined; text = documents.pop())
        await ingest(collectionId, text);
    };
    await Promise.all(Array.from({ length: READERS }, reader));
    chunks = await countOf(service);
  }
  return { chunks, perSecond: ((chunks - before) / (performance.now() - start)) * 1000 };
}

async function countOf({ admin }: Service): Promise<number> {
  return Number((await admin("select count(*) as count from chunks"))[0]?.["count"]);
}

async function sizesOf({ admin }: Service, chunks: number): Promise<Record<string, number>> {
  const sum = TABLES.map((table) => `pg_total_relation_size('${table}')`).join(" + ");
  const [row] = await admin(`
    select ${sum} as bytes, pg_total_relation_size('chunk_vectors') as vectors,
      pg_total_relation_size('postings') as postings`);
  return {
    "bytes a chunk": Number(row?.["bytes"]) / chunks,
    "of these, vectors": Number(row?.["vectors"]) / chunks,
    "of these, postings": Number(row?.["postings"]) / chunks,
  };
}

async function withGraph(
  service: Service,
  queries: readonly string[],
  vectors: (query: string) => Promise<number>,
) {
  const { adminUrl: url, wsProxy } = service;
  const start = performance.now();
  await indexVectors({ url, wsProxy });
  const seconds = (performance.now() - start) / 1000;
  return { ...(await timed("vectors, graph", queries, vectors)), "graph made in, s": seconds };
}

async function timed(name: string, queries: readonly string[], search: (query: string) => Promise<number>) {
  const samples: number[] = [];
  let found = 0;
  let cpuBeforeMs = 0;
  for (const [at, query] of queries.entries()) {
    if (at === WARM_UP) cpuBeforeMs = serverCpuMs();
    const start = performance.now();
    found += await search(query);
    if (at >= WARM_UP) samples.push(performance.now() - start);
  }
  if (found === 0) throw new Error(`${name} found nothing.`);
  return {
    [`${name}: p50, ms`]: percentile(samples, 0.5),
    [`${name}: p99, ms`]: percentile(samples, 0.99),
    [`${name}: server CPU, ms`]: (serverCpuMs() - cpuBeforeMs) / samples.length,
  };
}

/** Of the database server's processes; what is left to trust on a machine that is busy with other work. */
function serverCpuMs(): number {
  return process.platform === "linux" ? cpuMs(pidsOf("postgres")) : Number.NaN;
}

/** The slope of the logarithm of each time over that of the chunks, by least squares. */
function growthOf(rows: readonly Measured[]): Record<string, number> {
  const names = Object.keys(rows[0] ?? {}).filter((name) => name.endsWith("ms"));
  return Object.fromEntries(
    names.map((name) => {
      const points = rows.flatMap((row) =>
        row[name] === undefined ? [] : [[row.chunks, row[name]] as const],
      );
      return [name, rounded(slope(points))];
    }),
  );
}

function slope(points: readonly (readonly [number, number])[]): number {
  const logs = points.map(([x, y]) => [Math.log(x), Math.log(y)] as const);
  const mean = (axis: 0 | 1) => logs.reduce((sum, point) => sum + point[axis], 0) / logs.length;
  const [x, y] = [mean(0), mean(1)];
  const spread = logs.reduce((sum, point) => sum + (point[0] - x) ** 2, 0);
  return logs.reduce((sum, point) => sum + (point[0] - x) * (point[1] - y), 0) / spread;
}

function judged(rows: readonly Measured[]): string[] {
  const row = rows.find(({ chunks }) => chunks >= 100_000);
  if (!row) return ["The aims are for 100,000 chunks."];
  const line = (name: string, aim: number) =>
    `${row[name]! <= aim ? "met   " : "MISSED"} ${name} at ${row.chunks} chunks: ${rounded(row[name]!)}, aim ${aim}`;
  return [line("keywords: p50, ms", AIMS.keywordsP50Ms), line("keywords: p99, ms", AIMS.keywordsP99Ms)];
}

function rounded(value: number): number {
  return Number(value.toPrecision(3));
}
