import { and, eq, sql } from "drizzle-orm";
import { AppError } from "../../lib/errors.ts";
import { type Ctx, userIdOf } from "../../platform/context.ts";
import { createEmbedder } from "../../platform/embedder.ts";
import { PgVectorIndex } from "../../platform/vectors-pgvector.ts";
import { allow } from "../auth/policy.ts";
import { KEPT } from "./collections.ts";
import { chunkDocument } from "./core/chunk.ts";
import { DocumentProblem, type ParsedDocument } from "./core/parse/document.ts";
import { parseDocument } from "./core/parse/parse.ts";
import { eraseDocument, objectName } from "./erasure.ts";
import {
  type CollectionRow,
  type DocumentRow,
  type IndexedChunk,
  indexChunk,
  insertChunks,
} from "./indexing.ts";
import { chunks, collections, documents } from "./tables.ts";
import { type KnowledgeVault, openVault } from "./vault.ts";

/** Of one version, whoever asked for them: queue and schedule. */
const ATTEMPTS_MAX = 6;
/** Chunks in one statement and one call of the embedder. */
const BATCH_CHUNKS = 24;
/** Longer than one attempt takes: until then the schedule leaves it alone. */
const ATTEMPT_TIME = sql`interval '10 minutes'`;

const EXHAUSTED = "The document could not be processed, though it was tried several times. Try again later.";
const BYTES_MISSING = "The upload was interrupted before it was complete. Send the document again.";

/**
 * Reads a document that was accepted: parse, chunk, index, embed, publish. Each step may be repeated, in any process and
 * beside another that does the same: a version's chunks have ids of their own. What cannot be read at all is told on the
 * document; whatever else fails is thrown, to be tried again, until there have been too many attempts.
 */
export async function ingestDocument(
  ctx: Ctx,
  asked: { documentId: string; version: number },
): Promise<void> {
  const claim = await begin(ctx, asked);
  if (!claim) return;
  const { document, collection } = claim;
  if (isToBeErased(ctx, claim)) return eraseDocument(ctx, allow("documents", "ingest"), document.id);
  if (collection.deletedAt || document.version !== asked.version) return;
  if (document.status === "ready" || document.status === "failed") return;
  const vault = await openVault(ctx, allow("documents", "ingest"));
  if (document.attempts > ATTEMPTS_MAX) return fail(ctx, vault, document, EXHAUSTED);
  try {
    await read(ctx, vault, claim);
  } catch (problem) {
    if (!(problem instanceof DocumentProblem)) throw problem;
    ctx.log.info({ event: "document.refused", document_id: document.id, reason: problem.code });
    await fail(ctx, vault, document, problem.message);
  }
}

interface Claim {
  document: DocumentRow;
  collection: CollectionRow;
}

/** Counts the attempt. Null when there is no such document. */
async function begin(ctx: Ctx, { documentId, version }: { documentId: string; version: number }) {
  const due = sql`case when ${collections.deletedAt} is null then now() + ${ATTEMPT_TIME}
    else greatest(now() + ${ATTEMPT_TIME}, ${collections.deletedAt} + ${KEPT}) end`;
  const [, [row]] = await ctx.db.run(allow("documents", "ingest"), (queries) => [
    queries.execute(sql`
      update ${documents} set attempts = attempts + 1, due_at = ${due}
      from ${collections}
      where ${documents.id} = ${documentId}::uuid and ${documents.userId} = ${userIdOf(ctx)}::uuid
        and ${collections.id} = ${documents.collectionId}
        and ${documents.version} = ${version}::integer and ${documents.status} not in ('ready', 'failed')`),
    queries
      .select({ document: documents, collection: collections })
      .from(documents)
      .innerJoin(collections, eq(collections.id, documents.collectionId))
      .where(and(eq(documents.id, documentId), eq(documents.userId, userIdOf(ctx)))),
  ]);
  const claim: Claim | null = row ?? null;
  return claim;
}

const KEPT_MS = 30 * 86_400_000;

function isToBeErased(ctx: Ctx, { document, collection }: Claim): boolean {
  return document.deletedAt !== null || Number(collection.deletedAt ?? Infinity) + KEPT_MS <= ctx.clock.now();
}

async function read(ctx: Ctx, vault: KnowledgeVault, { document, collection }: Claim): Promise<void> {
  await report(ctx, document, "parsing", 0);
  const bytes = await vault.objects(ctx.ports.objects).get(objectName(ctx.tenantId, document.id));
  if (!bytes) throw new DocumentProblem("unreadable", BYTES_MISSING);
  const parsed = await parseDocument(bytes, { type: document.type });
  const title = vault.openTitle(document) || titleOf(parsed);
  const list = chunked(vault, { document, collection }, parsed, title);
  await report(ctx, document, "embedding", 0);
  for (let at = 0; at < list.length; at += BATCH_CHUNKS) {
    await store(ctx, vault, { document, collection }, list.slice(at, at + BATCH_CHUNKS));
    await report(ctx, document, "embedding", Math.min(1, (at + BATCH_CHUNKS) / list.length));
  }
  await publish(ctx, vault, document, list, title);
}

/** Empty for a document that has none. */
function titleOf({ title, blocks }: ParsedDocument): string {
  return title ?? blocks.find(({ kind }) => kind === "heading")?.text ?? "";
}

function chunked(
  vault: KnowledgeVault,
  { document, collection }: Claim,
  parsed: ParsedDocument,
  title: string,
): IndexedChunk[] {
  const settings = { tokensMax: collection.chunkTokens, overlapTokens: collection.overlapTokens };
  const list = chunkDocument(parsed, settings, vault.chunkKey);
  if (list.length === 0) throw new DocumentProblem("empty", "The document has no text that can be read.");
  const { language } = parsed;
  return list.map((chunk, ordinal) => indexChunk(vault, document, { chunk, ordinal, title, language }));
}

async function store(
  ctx: Ctx,
  vault: KnowledgeVault,
  { document, collection }: Claim,
  batch: readonly IndexedChunk[],
): Promise<void> {
  const permission = allow("documents", "ingest");
  await ctx.db.run(permission, (queries) => [insertChunks(queries, document, collection, batch)]);
  const embedder = createEmbedder(ctx.config.embedder);
  const vectors = await embedder.embed(
    batch.map(({ searchable }) => searchable),
    { key: vault.embedderKey },
  );
  const index = new PgVectorIndex({ db: ctx.db, permission, userId: userIdOf(ctx) });
  await index.upsert(
    { collection: collection.number, embedder: embedder.id },
    batch.flatMap(({ id }, at) => {
      const vector = vectors[at];
      if (!vector) throw new AppError("internal", { detail: "The embedder gave too few vectors." });
      return [{ id, vector }];
    }),
  );
}

async function report(
  ctx: Ctx,
  document: DocumentRow,
  status: "parsing" | "embedding",
  progress: number,
): Promise<void> {
  await ctx.db.run(allow("documents", "ingest"), (queries) => [
    queries.update(documents).set({ status, progress, updatedAt: sql`now()` }).where(unfinished(document)),
  ]);
}

/** From here on it can be found. */
async function publish(
  ctx: Ctx,
  vault: KnowledgeVault,
  document: DocumentRow,
  list: readonly IndexedChunk[],
  title: string,
): Promise<void> {
  await ctx.db.run(allow("documents", "ingest"), (queries) => [
    queries
      .update(documents)
      .set({
        status: "ready",
        progress: 1,
        body: vault.sealTitle(document.id, title),
        chunks: list.length,
        terms: list.reduce((sum, { length }) => sum + length, 0),
        dueAt: afterwards(document),
        updatedAt: sql`now()`,
      })
      .where(unfinished(document)),
  ]);
}

/** Nothing of it can be found, and nothing is left of what was made of it. */
async function fail(ctx: Ctx, vault: KnowledgeVault, document: DocumentRow, reason: string): Promise<void> {
  await ctx.db.run(allow("documents", "ingest"), (queries) => [
    queries
      .delete(chunks)
      .where(sql`${chunks.documentId} in (select id from ${documents} where ${unfinished(document)})`),
    queries
      .update(documents)
      .set({
        status: "failed",
        problem: vault.sealProblem(document.id, reason),
        dueAt: afterwards(document),
        updatedAt: sql`now()`,
      })
      .where(unfinished(document)),
  ]);
}

/** Another process may have finished it, or its owner asked for it anew. */
function unfinished({ id, version }: DocumentRow) {
  return and(
    eq(documents.id, id),
    eq(documents.version, version),
    sql`${documents.status} not in ('ready', 'failed')`,
  );
}

/** Null, unless it is to go with its collection. */
function afterwards({ collectionId }: DocumentRow) {
  return sql`(select deleted_at + ${KEPT} from ${collections} where id = ${collectionId}::uuid)`;
}
