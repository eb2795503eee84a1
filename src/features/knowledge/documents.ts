import { and, desc, eq, inArray, lt, type SQL, sql } from "drizzle-orm";
import * as z from "zod";
import { AppError } from "../../lib/errors.ts";
import { derivedId } from "../../lib/ids.ts";
import { cutPage, decodeCursor } from "../../lib/pagination.ts";
import { type Ctx, userIdOf } from "../../platform/context.ts";
import { type EgressConfig, EgressProblem, refuseAddress } from "../../platform/fetch.ts";
import type { SealedObjects } from "../../platform/objects.ts";
import { allow } from "../auth/policy.ts";
import { auditedChange, recordOf } from "../users/service.ts";
import { acceptDocuments, acceptReplacement, enqueue, UNQUEUED, type Upload } from "./acceptance.ts";
import { lockCollection } from "./collection-rows.ts";
import { liveDocument, refusal, rowOf } from "./document-rows.ts";
import { eraseDocument } from "./erasure.ts";
import { recount } from "./postings.ts";
import { announceContent } from "./progress.ts";
import type { CreateDocument, CreateDocuments, Document, ListDocuments, ReplaceDocument } from "./schema.ts";
import { chunks, collections, documents, documentVersions } from "./tables.ts";
import { openVault } from "./vault.ts";

/** Accepts a document; the queue reads it. Safe to repeat with the same id. */
export async function createDocument(ctx: Ctx, input: CreateDocument, id: string): Promise<Document> {
  const [made] = await acceptDocuments(ctx, [
    { ...uploadOf(ctx, input, id, id), collectionId: input.collection_id },
  ]);
  if (!made) throw new AppError("not_found");
  return made;
}

/** All of them or none. */
export async function createDocuments(ctx: Ctx, input: CreateDocuments, id: string) {
  const { collection_id: collectionId, documents: list } = input;
  const made = list.map((each, index) => {
    const documentId = derivedId("batch", id, index);
    return { ...uploadOf(ctx, each, documentId, documentId, `documents.${index}.`), collectionId };
  });
  return { data: await acceptDocuments(ctx, made) };
}

/** What it was can be found until the new content has been read. Safe to repeat with the same `uploadId`. */
export async function replaceDocument(
  ctx: Ctx,
  id: string,
  input: ReplaceDocument,
  uploadId: string,
  ifMatch: readonly number[] | undefined,
): Promise<Document> {
  return acceptReplacement(ctx, uploadOf(ctx, input, id, uploadId), ifMatch);
}

/** `where`: how the body names the place of the input. */
function uploadOf(
  { config }: Ctx,
  { title, metadata, type, encoding, content, url }: ReplaceDocument,
  documentId: string,
  uploadId: string,
  where = "",
): Upload {
  const common = { documentId, uploadId, title, metadata };
  if (url !== undefined)
    return { ...common, url: fetchable(config.egress, url, where), type: type ?? "html" };
  const bytes = encoding === "text" ? new TextEncoder().encode(content) : fromBase64(content ?? "", where);
  const store = (objects: SealedObjects, name: string) => objects.put(name, bytes);
  return { ...common, type: type ?? "text", size: bytes.length, store };
}

function fetchable(config: EgressConfig, url: string, where: string): string {
  try {
    refuseAddress(config, url);
    return url;
  } catch (problem) {
    if (!(problem instanceof EgressProblem)) throw problem;
    throw new AppError("validation_failed", {
      errors: [{ path: `body.${where}url`, message: problem.message }],
    });
  }
}

const BASE64 = /^[A-Za-z0-9+/]*={0,2}$/;

function fromBase64(content: string, where: string): Uint8Array {
  if (content.length % 4 === 0 && BASE64.test(content)) return new Uint8Array(Buffer.from(content, "base64"));
  throw new AppError("validation_failed", {
    errors: [{ path: `body.${where}content`, message: "is not base64, with its padding" }],
  });
}

/** The newest first. */
export async function listDocuments(ctx: Ctx, { limit, cursor, collection_id, status }: ListDocuments) {
  const permission = allow("documents", "read");
  const inCollection = collection_id === undefined ? undefined : eq(documents.collectionId, collection_id);
  const inState = status === undefined ? undefined : eq(documents.status, status);
  const [rows] = await ctx.db.run(permission, (queries) => [
    queries
      .select()
      .from(documents)
      .where(and(liveDocument(queries, ctx), inCollection, inState, before(cursor)))
      .orderBy(desc(documents.id))
      .limit(limit + 1),
  ]);
  const page = cutPage(rows, limit, ({ id }) => [id]);
  if (page.data.length === 0) return { ...page, data: [] };
  const vault = await openVault(ctx, permission);
  return { ...page, data: page.data.map((row) => vault.openDocument(row)) };
}

export async function getDocument(ctx: Ctx, id: string): Promise<Document> {
  const permission = allow("documents", "read");
  const [[row]] = await ctx.db.run(permission, (queries) => [rowOf(queries, ctx, id)]);
  if (!row) throw new AppError("not_found");
  return (await openVault(ctx, permission)).openDocument(row);
}

/** Reads anew one that has failed or was cancelled. Throws `conflict` for any other. */
export async function retryDocument(ctx: Ctx, id: string): Promise<Document> {
  const permission = allow("documents", "retry");
  const [[found], [writable], changed, [row]] = await ctx.db.run(permission, (queries) => [
    rowOf(queries, ctx, id),
    rowOf(queries, ctx, id, "write"),
    auditedChange(
      queries,
      ctx,
      { event: "document.retried", subjectId: id },
      sql`update ${documents} set status = 'queued', progress = 0, problem = null, attempts = 0,
          version = version + 1, due_at = ${UNQUEUED}, updated_at = now()
        where ${and(liveDocument(queries, ctx, id, "write"), inArray(documents.status, ["failed", "cancelled"]))} returning id`,
    ),
    rowOf(queries, ctx, id),
  ]);
  if (!writable || !row) throw refusal(found);
  if (changed.rows.length === 0) {
    throw new AppError("conflict", {
      detail: "Only a document that has failed or was cancelled can be read again.",
    });
  }
  await enqueue(ctx, row);
  return (await openVault(ctx, permission)).openDocument(row);
}

/**
 * Gone with its bytes, chunks and vectors, in all versions of its collection, before it is answered. Out of sight by then
 * for who writes into a collection of somebody else, and erased by the queue.
 */
export async function deleteDocument(ctx: Ctx, id: string): Promise<void> {
  const permission = allow("documents", "delete");
  const entry = { event: "document.deleted", subjectId: id };
  const { notices } = ctx.ports;
  const [[row], , deleted, noticed] = await ctx.db.run(permission, (queries) => [
    rowOf(queries, ctx, id),
    lockCollection(queries, sql`(select collection_id from ${documents} where id = ${id}::uuid)`),
    queries.execute(sql`
      with changed as (
        update ${documents} set deleted_at = now(), due_at = now(), version = version + 1
        where ${liveDocument(queries, ctx, id, "write")} returning id, collection_id
      ), counted as (
        update ${collections} set content_version = content_version + 1 from changed
        where ${collections.id} = changed.collection_id and exists (
          select from ${documentVersions} where document_id = changed.id and upper_inf(versions))
        returning ${collections.id}, content_version, user_id
      ), noted as (
        insert into collection_versions (collection_id, number, user_id, cause, document_id)
        select id, content_version, user_id, 'document_deleted', ${id}::uuid from counted
      ), ended as (
        update ${documentVersions} set versions = '{}' from changed where document_id = changed.id
      ), concealed as (
        update ${chunks} set hidden = true from changed where document_id = changed.id and not hidden
        returning ${chunks.collection}, hidden, tokens
      ), recounted as (${recount(sql`concealed`)}), recorded as (${recordOf(ctx, entry, sql`changed`)})
      select id from changed`),
    notices.select(queries),
  ]);
  ctx.waitUntil(notices.tell(ctx, noticed));
  if (deleted.rows.length === 0 || !row) throw refusal(row);
  ctx.waitUntil(announceContent(ctx, { id: row.collectionId, userId: row.userId }));
  if (row.userId === userIdOf(ctx)) await eraseDocument(ctx, permission, id);
  else await enqueue(ctx, row);
}

const Position = z.tuple([z.uuid()]);

function before(cursor: string | undefined): SQL | undefined {
  if (cursor === undefined) return undefined;
  const [id] = decodeCursor(cursor, Position);
  return lt(documents.id, id);
}
