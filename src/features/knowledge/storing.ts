/** Chunks into the database, with all that they are found by. */
import { and, eq, sql } from "drizzle-orm";
import { AppError } from "../../lib/errors.ts";
import { Semaphore } from "../../lib/semaphore.ts";
import type { JobCtx } from "../../platform/context.ts";
import { createEmbedder } from "../../platform/embedder.ts";
import { openVectorIndex } from "../../platform/vectors.ts";
import { allow } from "../auth/policy.ts";
import { report } from "./attempt.ts";
import { lockCollection } from "./collection-rows.ts";
import { arrayOf, type Cut, indexChunk, insertChunks, lengthOf, type Reading, wordsOf } from "./indexing.ts";
import { chunks } from "./tables.ts";
import type { KnowledgeVault } from "./vault.ts";

/** Chunks in one statement and one call of the embedder. */
const BATCH_CHUNKS = 48;
/** Batches on their way at once: while one waits for the database the next is made. A Worker has six connections. */
const LANES = 3;

/**
 * Indexes and embeds those that are not there yet. Answers the number of terms of all, or null once somebody else reads
 * the document. When it has answered or thrown, nothing of it is on its way any more.
 */
export async function storeChunks(
  ctx: JobCtx,
  vault: KnowledgeVault,
  reading: Reading,
  list: readonly Cut[],
): Promise<number | null> {
  const done = await storedIn(ctx, reading);
  const fresh = list.filter(({ id }) => !done.has(id));
  let stored = list.length - fresh.length;
  // One after the other: who follows it sees it rise.
  const line = new Semaphore(1);
  const tell = (more: number, also?: Parameters<typeof report>[3]) =>
    line.run(() => {
      stored += more;
      return report(ctx, reading, { status: "embedding", progress: stored / list.length }, also);
    });
  let isOurs = await tell(0);
  let terms = list.filter(({ id }) => done.has(id)).reduce((sum, one) => sum + lengthOf(one), 0);
  const batches = batchesOf(fresh);
  const work = async () => {
    // All take from one row of batches: it ends for all where one breaks off.
    for (const batch of batches) {
      if (!isOurs) break;
      // Added after the wait: the other lanes add meanwhile.
      const added = await store(ctx, vault, reading, batch);
      terms += added;
      const { id: space } = createEmbedder(ctx.config.embedder);
      const ids = arrayOf(batch.map(({ id }) => id));
      const isStill = await tell(batch.length, (queries) => [
        queries.execute(sql`update ${chunks} set embedder = ${space} where id = any (${ids}::uuid[])`),
      ]);
      isOurs &&= isStill;
    }
  };
  const ends = await Promise.allSettled(Array.from({ length: LANES }, work));
  for (const end of ends) if (end.status === "rejected") throw end.reason;
  return isOurs ? terms : null;
}

/** Those that have all of their own in the vector space of today. */
async function storedIn(ctx: JobCtx, { document }: Reading): Promise<Set<string>> {
  const { id: space } = createEmbedder(ctx.config.embedder);
  const [rows] = await ctx.db.run(allow("documents", "ingest"), (queries) => [
    queries
      .select({ id: chunks.id })
      .from(chunks)
      .where(and(eq(chunks.documentId, document.id), eq(chunks.embedder, space))),
  ]);
  return new Set(rows.map(({ id }) => id));
}

function* batchesOf(list: readonly Cut[]): Generator<readonly Cut[]> {
  for (let at = 0; at < list.length; at += BATCH_CHUNKS) yield list.slice(at, at + BATCH_CHUNKS);
}

/** Answers the number of their terms. */
async function store(
  ctx: JobCtx,
  vault: KnowledgeVault,
  reading: Reading,
  batch: readonly Cut[],
): Promise<number> {
  const permission = allow("documents", "ingest");
  const indexed = batch.map((one) => indexChunk(vault, one));
  await ctx.db.run(permission, (queries) => [
    lockCollection(queries, reading.collection.id),
    insertChunks(queries, reading, indexed),
  ]);
  const embedder = createEmbedder(ctx.config.embedder);
  const vectors = await embedder.embed(batch.map(wordsOf), { key: vault.embedderKey });
  const index = openVectorIndex(ctx, permission);
  await index.upsert(
    { collection: reading.collection.number, embedder: embedder.id },
    batch.flatMap(({ id }, at) => {
      const vector = vectors[at];
      if (!vector) throw new AppError("internal", { detail: "The embedder gave too few vectors." });
      return [{ id, vector }];
    }),
  );
  return indexed.reduce((sum, { length }) => sum + length, 0);
}
