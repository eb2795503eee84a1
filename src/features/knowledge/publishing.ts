import { sql } from "drizzle-orm";
import { AppError } from "../../lib/errors.ts";
import type { JobCtx } from "../../platform/context.ts";
import type { Queries } from "../../platform/db.ts";
import { allow } from "../auth/policy.ts";
import { KEPT, lockCollection } from "./collection-rows.ts";
import type { DocumentType } from "./core/parse/document.ts";
import { isUnfinished, type Reading } from "./indexing.ts";
import { recount } from "./postings.ts";
import { announcePublished } from "./progress.ts";
import { chunkPlaces, chunks, collections, documents, documentVersions } from "./tables.ts";
import type { DocumentBody, KnowledgeVault } from "./vault.ts";

/** Until then whoever published has seen to what no version has any more; after it the schedule does. */
const PRUNE_TIME = sql`interval '5 minutes'`;

export interface Content {
  body: DocumentBody;
  /** What the bytes turned out to be. */
  type: DocumentType;
  /** Bytes. */
  size: number;
  chunks: number;
  /** Terms of all chunks. */
  terms: number;
}

/**
 * From here on the upload can be found, and what the document was before only in earlier versions of the collection:
 * one transaction makes the next version. Does nothing for who comes late. Throws when something of the upload is not
 * there, to be tried again.
 */
export async function publish(
  ctx: JobCtx,
  vault: KnowledgeVault,
  reading: Reading,
  content: Content,
): Promise<void> {
  const { document } = reading;
  const [, published, [left]] = await ctx.db.run(allow("documents", "ingest"), (queries) => [
    lockCollection(queries, document.collectionId),
    makeVersion(queries, vault, reading, content),
    queries.select({ id: documents.id }).from(documents).where(isUnfinished(document)),
  ]);
  if (published.rows.length === 0 && left) {
    throw new AppError("internal", { detail: "Some chunks of the document are missing." });
  }
  if (published.rows.length > 0) await announcePublished(ctx, document);
}

function makeVersion(
  queries: Queries,
  vault: KnowledgeVault,
  { document, upload }: Reading,
  { body: content, type, size, chunks: count, terms }: Content,
) {
  const body = sql.param(vault.sealDocument(document.id, content), documents.body);
  const isWhole = sql`(select count(*) from ${chunkPlaces}
    where document_id = ${document.id}::uuid and upload = ${upload.number}::integer) = ${count}::integer`;
  return queries.execute(sql`
    with published as (
      update ${documents} set status = 'ready', progress = 1, problem = null, body = ${body}::bytea,
        type = ${type}, size = ${size}::integer, chunks = ${count}::integer, terms = ${terms}::integer,
        due_at = coalesce((select deleted_at + ${KEPT} from ${collections} where id = ${document.collectionId}::uuid),
          now() + ${PRUNE_TIME}), updated_at = now()
      where ${isUnfinished(document)} and upload = ${upload.number}::integer and ${isWhole}
      returning id, collection_id
    ), counted as (
      update ${collections} set content_version = content_version + 1 from published
      where ${collections.id} = published.collection_id
      returning ${collections.id}, ${collections.userId}, int4range(content_version, null) as from_now, content_version
    ), noted as (
      insert into collection_versions (collection_id, number, user_id, cause, document_id)
      select id, content_version, user_id, case when exists (
          select from ${documentVersions} where document_id = ${document.id}::uuid and upper_inf(versions)
        ) then 'document_replaced' else 'document_added' end, ${document.id}::uuid
      from counted
    ), ranged as (
      update ${documentVersions} set
        versions = case when number = ${upload.number}::integer then versions + int4multirange(from_now)
          else versions - int4multirange(from_now) end,
        body = case when number = ${upload.number}::integer then ${body}::bytea else body end,
        type = case when number = ${upload.number}::integer then ${type} else type end,
        size = case when number = ${upload.number}::integer then ${size}::integer else size end,
        chunks = case when number = ${upload.number}::integer then ${count}::integer else chunks end,
        terms = case when number = ${upload.number}::integer then ${terms}::integer else terms end
      from counted
      where document_id = ${document.id}::uuid and (number = ${upload.number}::integer or upper_inf(versions))
    ), shown as (
      update ${chunks} set hidden = not hidden from published
      where document_id = published.id and hidden = exists (
        select from ${chunkPlaces} where ${chunkPlaces.documentId} = ${chunks.documentId}
          and ${chunkPlaces.upload} = ${upload.number}::integer and ${chunkPlaces.chunk} = ${chunks.number})
      returning ${chunks.collection}, hidden, tokens
    ), recounted as (${recount(sql`shown`)})
    select id from published`);
}
