/** How a document comes in, whoever brings its bytes: as JSON, as a file or from an address. */
import { type SQL, sql } from "drizzle-orm";
import { AppError } from "../../lib/errors.ts";
import type { Ctx } from "../../platform/context.ts";
import type { Queries } from "../../platform/db.ts";
import type { SealedObjects } from "../../platform/objects.ts";
import { allow } from "../auth/policy.ts";
import { describeLimit, limitOfTier } from "../billing/service.ts";
import { recordOf } from "../users/service.ts";
import { giveUp, storeBytes, takeBack } from "./arrival.ts";
import { liveCollection, lockCollection, selectCollection } from "./collection-rows.ts";
import type { DocumentType } from "./core/parse/document.ts";
import { type DocumentRow, liveDocument, refusal, rowOf } from "./document-rows.ts";
import { tagsOf } from "./filters.ts";
import { arrayOf } from "./indexing.ts";
import type { Document, IngestMessage, Metadata } from "./schema.ts";
import { collections, documents, documentVersions } from "./tables.ts";
import { type DocumentBody, type KnowledgeVault, openVault } from "./vault.ts";

export interface Upload {
  documentId: string;
  /** Names the bytes; accepted twice, it is one upload. */
  uploadId: string;
  /** The document's own when left out. */
  title?: string | undefined;
  /** What the document has, when left out. */
  metadata?: Metadata | undefined;
  claim?: DocumentBody["claim"];
  /** Where the queue fetches the bytes. */
  url?: string | undefined;
  type: DocumentType;
  /** Bytes, where that is known before they are there. */
  size?: number | undefined;
  /** Puts the bytes under this name; absent where they are fetched. */
  store?: ((objects: SealedObjects, name: string) => Promise<unknown>) | undefined;
}

export type NewUpload = Upload & { collectionId: string };

/** When the schedule takes up what no message came for. */
export const UNQUEUED = sql`now() + interval '5 minutes'`;
/** Of one byte, for senders with slow lines: 32 KiB a second. */
const ARRIVAL_TIME = sql`interval '30 microseconds'`;

/**
 * Makes documents, all of them or none; the queue reads them. Rows first, then bytes, then messages: after a crash in
 * between the schedule finds the row, and a document without its bytes fails with that reason; where the bytes do not
 * come, the rows go again. Safe to repeat with the same ids. Throws `not_found` for a collection that is not there,
 * `forbidden` for one that is shared to be read, `conflict` for one that is full.
 */
export async function acceptDocuments(ctx: Ctx, list: readonly NewUpload[]): Promise<Document[]> {
  const permission = allow("documents", "create");
  const vault = await openVault(ctx, permission);
  const [, ...answers] = await ctx.db.run(permission, (queries) => [
    // Counted below: no others come in between.
    lockCollection(queries, list[0]?.collectionId ?? ""),
    ...list.flatMap((upload) => [
      insertDocument(queries, ctx, vault, upload, list),
      resumeUpload(queries, ctx, upload),
      rowOf(queries, ctx, upload.documentId),
    ]),
  ]);
  const rows = answers.flatMap((answer) => ("rows" in answer ? [] : answer));
  if (rows.length < list.length) throw await refusalOf(ctx, list);
  const made = answers.flatMap((answer) => ("rows" in answer ? answer.rows.map(({ id }) => id) : []));
  await storeBytes(ctx, permission, vault, list).catch(async (error: unknown) => {
    await takeBack(ctx, permission, made);
    throw error;
  });
  await Promise.all(rows.map((row) => enqueue(ctx, row)));
  return rows.map((row) => vault.openDocument(row));
}

/**
 * Takes an upload in the place of what a document was, which can be found until the new one has been read. One that was
 * still being read is dropped for it. Throws `not_found`, or `precondition_failed` for another version than `ifMatch` has.
 */
export async function acceptReplacement(
  ctx: Ctx,
  upload: Upload,
  ifMatch: readonly number[] | undefined,
): Promise<Document> {
  const permission = allow("documents", "replace");
  const vault = await openVault(ctx, permission);
  const [changed, resumed, [readable], [row]] = await ctx.db.run(permission, (queries) => [
    replaceUpload(queries, ctx, vault, upload, ifMatch),
    resumeUpload(queries, ctx, upload),
    rowOf(queries, ctx, upload.documentId),
    rowOf(queries, ctx, upload.documentId, "write"),
  ]);
  if (!row) throw refusal(readable);
  const isTaken = changed.rows.length + resumed.rows.length > 0;
  if (!isTaken && !isAmong(ifMatch, row.version)) throw new AppError("precondition_failed");
  await storeBytes(ctx, permission, vault, [upload]).catch(async (error: unknown) => {
    await giveUp(ctx, permission, vault, row);
    throw error;
  });
  await enqueue(ctx, row);
  return vault.openDocument(row);
}

/** Why nothing could be put into the collection of the first. */
async function refusalOf(ctx: Ctx, [first]: readonly NewUpload[]): Promise<AppError> {
  const id = first?.collectionId ?? "";
  const [[readable], [writable]] = await ctx.db.run(allow("documents", "create"), (queries) => [
    selectCollection(queries, ctx, id),
    selectCollection(queries, ctx, id, "write"),
  ]);
  if (!writable) return refusal(readable);
  const limit = await describeLimit(ctx, ctx.config.knowledge.documentsMax, "documents");
  return new AppError("conflict", { detail: `A collection holds at most ${limit}.` });
}

function isAmong(versions: readonly number[] | undefined, version: number): boolean {
  return versions === undefined || versions.includes(version);
}

function insertDocument(
  queries: Queries,
  ctx: Ctx,
  vault: KnowledgeVault,
  { documentId: id, collectionId, ...upload }: NewUpload,
  /** There is room for all of them or for none. */
  list: readonly NewUpload[],
) {
  const body = sql.param(vault.sealDocument(id, bodyOf(upload)), documents.body);
  const { metadata, tags } = described(vault, id, upload.metadata);
  return queries.execute<{ id: string }>(sql`
    with home as (
      select * from ${collections} where ${liveCollection(ctx, collectionId, "write")}
    ), changed as (
      insert into ${documents} (id, user_id, collection_id, collection, metadata, tags, body, type, size, due_at)
      select ${id}::uuid, user_id, id, number, ${metadata}::bytea, ${tags}::bigint[], ${body}::bytea, ${upload.type}, ${upload.size ?? 0}::integer,
        ${unqueued(ctx, upload)} from home
      where (select count(*) from ${documents} where collection_id = ${collectionId}::uuid and deleted_at is null
        and id <> all (${arrayOf(list.map(({ documentId }) => documentId))}::uuid[]))
        <= ${limitOfTier(ctx.config.knowledge.documentsMax)} - ${list.length}::integer
      on conflict (id) do nothing returning id, upload
    ), uploaded as (${insertUpload(upload, body)}
    ), recorded as (${recordOf(ctx, { event: "document.created", subjectId: id }, sql`changed`)})
    select id from changed`);
}

function replaceUpload(
  queries: Queries,
  ctx: Ctx,
  vault: KnowledgeVault,
  { documentId: id, ...upload }: Upload,
  ifMatch: readonly number[] | undefined,
) {
  const body = sql.param(vault.sealDocument(id, bodyOf(upload)), documents.body);
  const { metadata, tags } = described(vault, id, upload.metadata);
  const isAsked = ifMatch && sql` and ${documents.version} = any (${`{${ifMatch.join(",")}}`}::integer[])`;
  return queries.execute<{ id: string }>(sql`
    with changed as (
      update ${documents} set metadata = coalesce(${metadata}::bytea, metadata),
        tags = case when ${metadata}::bytea is null then tags else ${tags}::bigint[] end, upload = upload + 1, status = 'queued', progress = 0, problem = null, attempts = 0,
        version = version + 1, due_at = ${unqueued(ctx, upload)}, updated_at = now()
      where ${liveDocument(queries, ctx, id, "write")}${isAsked}
        and not exists (select from ${documentVersions} where upload_id = ${upload.uploadId}::uuid)
      returning id, upload, collection_id
    ), home as (
      select ${collections}.* from ${collections} join changed on ${collections.id} = changed.collection_id
    ), uploaded as (${insertUpload(upload, body)}
    ), recorded as (${recordOf(ctx, { event: "document.replaced", subjectId: id }, sql`changed`)})
    select id from changed`);
}

/** What was sent before under the same name and failed is read again, once its bytes are there. */
function resumeUpload(queries: Queries, ctx: Ctx, { documentId: id, ...upload }: Upload) {
  return queries.execute<{ id: string }>(sql`
    update ${documents} set status = 'queued', progress = 0, problem = null, attempts = 0, version = version + 1,
      due_at = ${unqueued(ctx, upload)}, updated_at = now()
    where ${liveDocument(queries, ctx, id, "write")} and status = 'failed' and exists (
      select from ${documentVersions} where upload_id = ${upload.uploadId}::uuid and document_id = ${id}::uuid
        and number = ${documents.upload})
    returning id`);
}

function described(vault: KnowledgeVault, id: string, metadata: Metadata | undefined) {
  const sealed = metadata ? vault.sealMetadata(id, metadata) : null;
  return {
    metadata: sql.param(sealed, documents.metadata),
    tags: arrayOf(metadata ? tagsOf(vault, metadata) : []),
  };
}

function bodyOf({ title = "", claim, url }: Pick<Upload, "title" | "claim" | "url">): DocumentBody {
  return { title, claim, url };
}

/** The message comes after the bytes, which may take their time. */
function unqueued(
  { config }: Ctx,
  { size = config.uploads.bytesMaxOfAll, store }: Pick<Upload, "size" | "store">,
) {
  return store ? sql`${UNQUEUED} + ${size}::integer * ${ARRIVAL_TIME}` : UNQUEUED;
}

/** Of the document in `changed`, into the collection in `home`. */
function insertUpload(
  { uploadId, type, size }: Omit<Upload, "documentId">,
  body: SQL | ReturnType<typeof sql.param>,
) {
  return sql`
    insert into ${documentVersions}
      (document_id, number, upload_id, user_id, collection, body, type, size, chunk_tokens, overlap_tokens)
    select changed.id, changed.upload, ${uploadId}::uuid, home.user_id, home.number, ${body}::bytea, ${type},
      ${size ?? 0}::integer, home.chunk_tokens, home.overlap_tokens
    from changed cross join home`;
}

/** What cannot be queued now is queued by the schedule. */
export async function enqueue(
  ctx: Ctx,
  { id, userId, version }: Pick<DocumentRow, "id" | "userId" | "version">,
): Promise<void> {
  const message: IngestMessage = {
    kind: "document.ingest",
    tenant_id: ctx.tenantId,
    user_id: userId,
    document_id: id,
    version,
  };
  await ctx.ports.ingest
    .send(message)
    .catch((cause: unknown) => ctx.log.warn({ event: "document.queue_failed", document_id: id }, cause));
}
