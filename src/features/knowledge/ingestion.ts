import { and, eq, sql } from "drizzle-orm";
import { AppError } from "../../lib/errors.ts";
import { type Ctx, userIdOf } from "../../platform/context.ts";
import { createEmbedder } from "../../platform/embedder.ts";
import { openVectorIndex } from "../../platform/vectors.ts";
import { allow } from "../auth/policy.ts";
import { KEPT } from "./collection-rows.ts";
import { chunkDocument } from "./core/chunk.ts";
import { DocumentProblem, type ParsedDocument } from "./core/parse/document.ts";
import { parseDocument } from "./core/parse/parse.ts";
import { eraseDocument, objectName } from "./erasure.ts";
import {
  arrayOf,
  type Cut,
  identify,
  indexChunk,
  insertChunks,
  insertPlaces,
  isUnfinished,
  lengthOf,
  type Reading,
  wordsOf,
} from "./indexing.ts";
import { announce } from "./progress.ts";
import { pruneVersions } from "./pruning.ts";
import { publish } from "./publishing.ts";
import { chunkPlaces, chunks, collections, documents, documentVersions } from "./tables.ts";
import { fetchUpload } from "./url-documents.ts";
import { type KnowledgeVault, openVault } from "./vault.ts";

/** Of one version, whoever asked for them: queue and schedule. */
const ATTEMPTS_MAX = 6;
/** Chunks in one statement and one call of the embedder. */
const BATCH_CHUNKS = 24;
const BATCH_PLACES = 2_000;
/** Of one document: some 8 million tokens in chunks of the usual size, an hour of an embedding service. */
const CHUNKS_MAX = 20_000;
/** Longer than one attempt takes: until then the schedule leaves it alone. */
const ATTEMPT_TIME = sql`interval '10 minutes'`;

const EXHAUSTED = "The document could not be processed, though it was tried several times. Try again later.";
const TOO_MANY_CHUNKS =
  "The document makes more than 20,000 chunks. Divide it, or choose larger chunks in the settings of the collection.";
const BYTES_MISSING = "The upload was interrupted before it was complete. Send the document again.";

/**
 * Reads a document that was accepted: parse, chunk, index, embed, publish. Each step may be repeated, in any process and
 * beside another that does the same: chunks are named by what they are, and what is there already stays as it is. What
 * cannot be read at all is told on the document; whatever else fails is thrown, to be tried again, until there have been
 * too many attempts, or `isExhausted` says that nobody will come again.
 */
export async function ingestDocument(
  ctx: Ctx,
  asked: { documentId: string; version: number; isExhausted?: boolean },
): Promise<void> {
  const reading = await begin(ctx, asked);
  if (!reading) return;
  const { document, collection } = reading;
  if (isToBeErased(ctx, reading)) return eraseDocument(ctx, allow("documents", "ingest"), document.id);
  if (collection.deletedAt || document.version !== asked.version) return;
  if (document.status === "ready") return tidy(ctx, reading);
  if (document.status === "failed") return;
  const vault = await openVault(ctx, allow("documents", "ingest"));
  if (asked.isExhausted || document.attempts > ATTEMPTS_MAX) {
    return fail(ctx, vault, reading, { code: "exhausted", message: EXHAUSTED });
  }
  try {
    if (await read(ctx, vault, reading)) await tidy(ctx, reading);
  } catch (problem) {
    if (!(problem instanceof DocumentProblem)) throw problem;
    ctx.log.info({ event: "document.refused", document_id: document.id, reason: problem.code });
    await fail(ctx, vault, reading, problem);
  }
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
      .select({ document: documents, collection: collections, upload: documentVersions })
      .from(documents)
      .innerJoin(collections, eq(collections.id, documents.collectionId))
      .innerJoin(
        documentVersions,
        and(eq(documentVersions.documentId, documents.id), eq(documentVersions.number, documents.upload)),
      )
      .where(and(eq(documents.id, documentId), eq(documents.userId, userIdOf(ctx)))),
  ]);
  const reading: Reading | null = row ?? null;
  return reading;
}

const KEPT_MS = 30 * 86_400_000;

function isToBeErased(ctx: Ctx, { document, collection }: Reading): boolean {
  return document.deletedAt !== null || Number(collection.deletedAt ?? Infinity) + KEPT_MS <= ctx.clock.now();
}

/** False once somebody else reads it, or its owner has sent another. */
async function read(ctx: Ctx, vault: KnowledgeVault, reading: Reading): Promise<boolean> {
  if (!(await report(ctx, reading, "parsing", 0))) return false;
  const { bytes, body } = await bytesOf(ctx, vault, reading);
  const size = bytes.length;
  const claim = body.claim ?? { type: reading.upload.type };
  const parsed = await parseDocument(bytes, { ...claim, isOwn: true });
  const title = body.title || titleOf(parsed) || (claim.name ?? "");
  const list = cut(vault, reading, parsed, title);
  if (!(await storeChunks(ctx, vault, reading, list))) return false;
  for (let at = 0; at < list.length; at += BATCH_PLACES) {
    await ctx.db.run(allow("documents", "ingest"), (queries) => [
      insertPlaces(queries, reading, list.slice(at, at + BATCH_PLACES), at),
    ]);
  }
  const terms = list.reduce((sum, one) => sum + lengthOf(one), 0);
  const found = { body: { ...body, title, notes: parsed.cuts }, type: parsed.type, size };
  await publish(ctx, vault, reading, { ...found, chunks: list.length, terms });
  return true;
}

/** What was uploaded, or is fetched now: once for each upload, unless what came could not be read. */
async function bytesOf(ctx: Ctx, vault: KnowledgeVault, reading: Reading) {
  const { document, upload } = reading;
  const body = vault.openDocumentBody({ id: document.id, body: upload.body });
  const name = objectName(ctx.tenantId, document.id, upload.uploadId);
  const bytes = await vault.objects(ctx.ports.objects).get(name);
  if (bytes) return { bytes, body };
  if (body.url === undefined) throw new DocumentProblem("unreadable", BYTES_MISSING);
  return fetchUpload(ctx, vault, reading, { ...body, url: body.url });
}

/** Empty for a document that has none. */
function titleOf({ title, blocks }: ParsedDocument): string {
  return title ?? blocks.find(({ kind }) => kind === "heading")?.text ?? "";
}

function cut(
  vault: KnowledgeVault,
  { document, upload }: Reading,
  parsed: ParsedDocument,
  title: string,
): Cut[] {
  const settings = { tokensMax: upload.chunkTokens, overlapTokens: upload.overlapTokens };
  const list = chunkDocument(parsed, settings, vault.chunkKey);
  if (list.length === 0) throw new DocumentProblem("empty", "The document has no text that can be read.");
  if (list.length > CHUNKS_MAX) throw new DocumentProblem("too_large", TOO_MANY_CHUNKS);
  return identify(vault, document.id, list, { title, language: parsed.language });
}

/** Indexes and embeds those that are not there yet. False once somebody else reads the document. */
async function storeChunks(
  ctx: Ctx,
  vault: KnowledgeVault,
  reading: Reading,
  list: readonly Cut[],
): Promise<boolean> {
  const { id: space } = createEmbedder(ctx.config.embedder);
  const [known] = await ctx.db.run(allow("documents", "ingest"), (queries) => [
    queries
      .select({ id: chunks.id })
      .from(chunks)
      .where(and(eq(chunks.documentId, reading.document.id), eq(chunks.embedder, space))),
  ]);
  const done = new Set(known.map(({ id }) => id));
  const fresh = list.filter(({ id }) => !done.has(id));
  const share = (at: number) => (list.length - fresh.length + Math.min(at, fresh.length)) / list.length;
  if (!(await report(ctx, reading, "embedding", share(0)))) return false;
  for (let at = 0; at < fresh.length; at += BATCH_CHUNKS) {
    await store(ctx, vault, reading, fresh.slice(at, at + BATCH_CHUNKS));
    if (!(await report(ctx, reading, "embedding", share(at + BATCH_CHUNKS)))) return false;
  }
  return true;
}

async function store(
  ctx: Ctx,
  vault: KnowledgeVault,
  reading: Reading,
  batch: readonly Cut[],
): Promise<void> {
  const permission = allow("documents", "ingest");
  const indexed = batch.map((one) => indexChunk(vault, one));
  await ctx.db.run(permission, (queries) => [insertChunks(queries, reading, indexed)]);
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
  const ids = arrayOf(batch.map(({ id }) => id));
  await ctx.db.run(permission, (queries) => [
    queries.execute(sql`update ${chunks} set embedder = ${embedder.id} where id = any (${ids}::uuid[])`),
  ]);
}

/** False when the document is no more this reading's. */
async function report(
  ctx: Ctx,
  { document }: Reading,
  status: "parsing" | "embedding",
  progress: number,
): Promise<boolean> {
  const [rows] = await ctx.db.run(allow("documents", "ingest"), (queries) => [
    queries
      .update(documents)
      .set({ status, progress, updatedAt: sql`now()` })
      .where(isUnfinished(document))
      .returning({ id: documents.id }),
  ]);
  if (rows.length > 0) await announce(ctx, document, { status, progress });
  return rows.length > 0;
}

/** What it was before can still be found; nothing is left of what was made of this upload. */
async function fail(
  ctx: Ctx,
  vault: KnowledgeVault,
  reading: Reading,
  { code, message }: Pick<DocumentProblem, "message"> & { code: string },
): Promise<void> {
  const { document, upload } = reading;
  // Asked for again, it is fetched again.
  const { url } = vault.openDocumentBody({ id: document.id, body: upload.body });
  if (url !== undefined) {
    await ctx.ports.objects.delete(objectName(ctx.tenantId, document.id, upload.uploadId));
  }
  const isOurs = sql`exists (select from ${documents} where ${isUnfinished(document)})`;
  await ctx.db.run(allow("documents", "ingest"), (queries) => [
    queries
      .delete(chunkPlaces)
      .where(and(eq(chunkPlaces.documentId, document.id), eq(chunkPlaces.upload, upload.number), isOurs)),
    queries
      .delete(chunks)
      .where(
        and(
          eq(chunks.documentId, document.id),
          chunks.hidden,
          sql`not exists (select from ${chunkPlaces} where ${chunkPlaces.chunk} = ${chunks.number})`,
          isOurs,
        ),
      ),
    queries
      .update(documents)
      .set({
        status: "failed",
        problem: vault.sealProblem(document.id, message),
        dueAt: afterwards(document),
        updatedAt: sql`now()`,
      })
      .where(isUnfinished(document)),
  ]);
  await announce(ctx, document, { status: "failed", progress: document.progress, reasonCode: code });
}

/** What no version of the collection has any more goes, and the schedule need not come back for this document. */
async function tidy(ctx: Ctx, { document, collection }: Reading): Promise<void> {
  const permission = allow("documents", "ingest");
  await pruneVersions(ctx, permission, collection.id);
  await ctx.db.run(permission, (queries) => [
    queries
      .update(documents)
      .set({ dueAt: afterwards(document) })
      .where(
        and(
          eq(documents.id, document.id),
          eq(documents.version, document.version),
          eq(documents.status, "ready"),
        ),
      ),
  ]);
}

/** Null, unless it is to go with its collection. */
function afterwards({ collectionId }: Reading["document"]) {
  return sql`(select deleted_at + ${KEPT} from ${collections} where id = ${collectionId}::uuid)`;
}
