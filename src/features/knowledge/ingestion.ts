import type { JobCtx } from "../../platform/context.ts";
import { allow } from "../auth/policy.ts";
import { begin, fail, isToBeErased, report, tidy } from "./attempt.ts";
import { chunkDocument } from "./core/chunk.ts";
import { DocumentProblem, type ParsedDocument } from "./core/parse/document.ts";
import { parseDocument } from "./core/parse/parse.ts";
import { BYTES_MISSING } from "./document-rows.ts";
import { eraseDocument, objectName } from "./erasure.ts";
import { type Cut, deleteOtherPlaces, identify, insertPlaces, type Reading } from "./indexing.ts";
import { publish } from "./publishing.ts";
import { copyEarlier } from "./rereading.ts";
import { storeChunks } from "./storing.ts";
import { fetchUpload } from "./url-documents.ts";
import { type KnowledgeVault, openVault } from "./vault.ts";

/** Of one version, whoever asked for them: queue and schedule. */
const ATTEMPTS_MAX = 6;
const BATCH_PLACES = 2_000;
/** Of one document: some 8 million tokens in chunks of the usual size, an hour of an embedding service. */
const CHUNKS_MAX = 20_000;

const EXHAUSTED = "The document could not be processed, though it was tried several times. Try again later.";
const TOO_MANY_CHUNKS =
  "The document makes more than 20,000 chunks. Divide it, or choose larger chunks in the settings of the collection.";

/**
 * Reads a document that was accepted: parse, chunk, index, embed, publish. Each step may be repeated, in any process and
 * beside another that does the same: chunks are named by what they are, and what is there already stays as it is. What
 * cannot be read at all is told on the document; whatever else fails is thrown, to be tried again, until there have been
 * too many attempts, or `isExhausted` says that nobody will come again.
 */
export async function ingestDocument(
  ctx: JobCtx,
  asked: { documentId: string; version: number; isExhausted?: boolean },
): Promise<void> {
  const taken = await begin(ctx, asked);
  if (!taken) return;
  const { document, collection, upload } = taken;
  if (isToBeErased(ctx, taken)) return eraseDocument(ctx, allow("documents", "ingest"), document.id);
  if (collection.deletedAt || document.version !== asked.version) return;
  if (document.status === "ready") return tidy(ctx, taken);
  if (document.status === "failed" || document.status === "cancelled" || !upload) return;
  const reading = { document, collection, upload };
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

/** False once somebody else reads it, or its owner has sent another. */
async function read(ctx: JobCtx, vault: KnowledgeVault, reading: Reading): Promise<boolean> {
  if (!(await report(ctx, reading, { status: "parsing", progress: 0 }))) return false;
  const { bytes, body } = await bytesOf(ctx, vault, reading);
  const size = bytes.length;
  const claim = body.claim ?? { type: reading.upload.type };
  const parsed = await parseDocument(bytes, { ...claim, isOwn: true });
  const title = body.title || titleOf(parsed) || (claim.name ?? "");
  const list = cut(vault, reading, parsed, title);
  const terms = await storeChunks(ctx, vault, reading, list);
  if (terms === null) return false;
  await ctx.db.run(allow("documents", "ingest"), (queries) => [deleteOtherPlaces(queries, reading, list)]);
  for (let at = 0; at < list.length; at += BATCH_PLACES) {
    await ctx.db.run(allow("documents", "ingest"), (queries) => [
      insertPlaces(queries, reading, list.slice(at, at + BATCH_PLACES), at),
    ]);
  }
  const found = { body: { ...body, title, notes: parsed.cuts }, type: parsed.type, size };
  await publish(ctx, vault, reading, { ...found, chunks: list.length, terms });
  return true;
}

/** What was uploaded, or is fetched now: once for each upload, unless what came could not be read. */
async function bytesOf(ctx: JobCtx, vault: KnowledgeVault, reading: Reading) {
  const { document, upload } = reading;
  const body = vault.openDocumentBody({ id: document.id, body: upload.body });
  const name = objectName(ctx.tenantId, document.id, upload.uploadId);
  const bytes = await vault.objects(ctx.ports.objects).get(name);
  if (bytes) return { bytes, body };
  const copied = await copyEarlier(ctx, vault, reading);
  if (copied) return { bytes: copied, body };
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
