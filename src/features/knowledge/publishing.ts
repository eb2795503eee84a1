import { type SQL, sql } from "drizzle-orm";
import { AppError } from "../../lib/errors.ts";
import type { JobCtx } from "../../platform/context.ts";
import type { Queries } from "../../platform/db.ts";
import { allow } from "../auth/policy.ts";
import { KEPT, lockCollection } from "./collection-rows.ts";
import type { DocumentType } from "./core/parse/document.ts";
import { isUnfinished, type Reading, type UploadRow } from "./indexing.ts";
import { recount } from "./postings.ts";
import { announcePublished } from "./progress.ts";
import {
  chunkPlaces,
  chunks,
  collections,
  collectionVersions,
  documents,
  documentVersions,
} from "./tables.ts";
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
 * From here on the upload can be found, and what the document was before only in earlier versions of the collection. One
 * transaction makes the next version; what is read again with its collection goes into the version that the first of it
 * has made, and what it has not changed makes none. Does nothing for who comes late. Throws when something of the upload
 * is not there, to be tried again.
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
  const isThis = sql`${documentVersions.number} = ${upload.number}::integer`;
  return queries.execute(sql`
    with published as (
      update ${documents} set status = 'ready', progress = 1, problem = null, body = ${body}::bytea,
        type = ${type}, size = ${size}::integer, chunks = ${count}::integer, terms = ${terms}::integer,
        due_at = coalesce((select deleted_at + ${KEPT} from ${collections} where id = ${document.collectionId}::uuid),
          now() + ${PRUNE_TIME}), updated_at = now()
      where ${isUnfinished(document)} and upload = ${upload.number}::integer and ${isWhole}
      returning id, collection_id
    ), earlier as (
      select number, versions, chunks, created_at from ${documentVersions}
      where document_id = ${document.id}::uuid and upper_inf(versions) and not ${isThis}
    ), joined as (${upload.copyOf === null ? sql`select 1 as number where false` : joinedVersion(upload, count)}
    ), counted as (
      update ${collections} set content_version = content_version + 1 from published
      where ${collections.id} = published.collection_id and not exists (select from joined)
      returning ${collections.id}, ${collections.userId}, content_version as number
    ), noted as (${insertCause(document, upload)}
    ), since as (
      select int4multirange(int4range(number, null)) as span
      from (select number from joined union all select number from counted) as either
    ), ranged as (
      update ${documentVersions} set
        versions = case when ${isThis} then versions + coalesce(span * (select versions from earlier), span)
          else versions - span end,
        created_at = case when ${isThis} and span @> 1 then coalesce((select created_at from earlier), created_at)
          else created_at end,
        body = case when ${isThis} then ${body}::bytea else body end,
        type = case when ${isThis} then ${type} else type end,
        size = case when ${isThis} then ${size}::integer else size end,
        chunks = case when ${isThis} then ${count}::integer else chunks end,
        terms = case when ${isThis} then ${terms}::integer else terms end
      from since
      where document_id = ${document.id}::uuid and (${isThis} or upper_inf(versions))
    ), shown as (
      update ${chunks} set hidden = not hidden from published
      where document_id = published.id and hidden = exists (
        select from ${chunkPlaces} where ${chunkPlaces.documentId} = ${chunks.documentId}
          and ${chunkPlaces.upload} = ${upload.number}::integer and ${chunkPlaces.chunk} = ${chunks.number})
      returning ${chunks.collection}, hidden, tokens
    ), recounted as (${recount(sql`shown`)})
    select id from published`);
}

function insertCause({ id }: Reading["document"], { reindexId }: Pick<UploadRow, "reindexId">): SQL {
  if (reindexId !== null) {
    return sql`
      insert into ${collectionVersions} (collection_id, number, user_id, cause, reindex_id)
      select id, number, user_id, 'reindexed', ${reindexId}::uuid from counted`;
  }
  return sql`
    insert into ${collectionVersions} (collection_id, number, user_id, cause, document_id)
    select id, number, user_id, case when exists (select from earlier) then 'document_replaced' else 'document_added' end,
      ${id}::uuid
    from counted`;
}

/**
 * From which version on a copy takes the place of the `earlier` upload without making a version: from the first where it
 * is cut into the same chunks, and else from the one that the others which are read again with it have made. The
 * versions after it that have the earlier upload change with it: none has half of the collection read with these settings
 * and half with those. No row where there is no such version.
 */
function joinedVersion({ number, reindexId }: UploadRow, count: number): SQL {
  return sql`
      select min(number) as number from (
        select 1 as number from published cross join earlier
        where earlier.chunks = ${count}::integer and ${count}::integer = (
          select count(*) from ${chunkPlaces} as old join ${chunkPlaces} as new using (document_id, chunk, ordinal, start)
          where document_id = published.id and old.upload = earlier.number and new.upload = ${number}::integer
            and old.page is not distinct from new.page)
        union all
        select max(made.number) from published cross join earlier
          join ${collectionVersions} as made using (collection_id)
        where made.reindex_id = ${reindexId}::uuid
      ) as each having min(number) is not null`;
}
