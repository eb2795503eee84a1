import { type SQL, sql } from "drizzle-orm";
import type { JobCtx } from "../../platform/context.ts";
import type { Permission, Queries } from "../../platform/db.ts";
import { KEPT, lockCollection } from "./collection-rows.ts";
import { ENDED } from "./document-rows.ts";
import { objectName } from "./erasure.ts";
import { arrayOf } from "./indexing.ts";
import { removePostings } from "./postings.ts";
import { chunks, collections, collectionVersions, documents, documentVersions } from "./tables.ts";

/** R2 deletes as many at once. */
const UPLOADS_MAX = 1000;

interface Outdated extends Record<string, unknown> {
  document_id: string;
  upload_id: string;
}

/**
 * Ends the versions of a collection that it does not keep, and erases what is in none any more: uploads with their bytes,
 * chunks and documents. Safe to repeat; what an interrupted one left over goes with the next.
 */
export async function pruneVersions(
  ctx: JobCtx,
  permission: Permission,
  collectionId: string,
): Promise<void> {
  for (;;) {
    const [, , , { rows }] = await ctx.db.run(permission, (queries) => [
      lockCollection(queries, collectionId),
      endVersions(queries, collectionId),
      endRanges(queries, collectionId),
      selectOutdated(queries, collectionId),
    ]);
    if (rows.length === 0) return;
    // The bytes first: the row says where they are.
    const names = rows.map(({ document_id, upload_id }) => objectName(ctx.tenantId, document_id, upload_id));
    await ctx.ports.objects.delete(names);
    await eraseUploads(ctx, permission, collectionId, rows);
    // What was still on its way, and came in between: whoever brought it saw the row, and left it there.
    await ctx.ports.objects.delete(names);
    if (rows.length < UPLOADS_MAX) return;
  }
}

const oldestOf = (collectionId: string) => sql`
  (select content_version - versions_kept + 1 from ${collections} where ${collections.id} = ${collectionId}::uuid)`;

const numberOf = (collectionId: string) => sql`
  (select number from ${collections} where ${collections.id} = ${collectionId}::uuid)`;

/**
 * The numbers of versions that are kept however many follow: those which restorations took the place of, lest uploads that
 * come at once erase what was taken out of sight only. Not more than a collection keeps beside the newest.
 */
export function leftVersions(collectionId: string): SQL {
  return sql`
    select number from ${collectionVersions}
    where collection_id = ${collectionId}::uuid and left_at > now() - ${KEPT}
    order by number desc
    limit (select versions_kept - 1 from ${collections} where ${collections.id} = ${collectionId}::uuid)`;
}

function endVersions(queries: Queries, collectionId: string) {
  return queries.execute(sql`
    delete from collection_versions
    where collection_id = ${collectionId}::uuid and number < ${oldestOf(collectionId)}
      and number not in (${leftVersions(collectionId)})`);
}

function endRanges(queries: Queries, collectionId: string) {
  return queries.execute(sql`
    with kept as (
      select range_agg(span) as ranges from (
        select int4range(${oldestOf(collectionId)}, null) as span
        union all
        select int4range(number, number + 1) from (${leftVersions(collectionId)}) as left_ones
      ) as spans
    )
    update ${documentVersions} set versions = versions * ranges from kept
    where collection = ${numberOf(collectionId)} and lower(versions) < ${oldestOf(collectionId)}
      and not versions <@ ranges`);
}

/** Uploads that no version has and none will: the newest of a document that is not ready yet still may. */
function selectOutdated(queries: Queries, collectionId: string) {
  return queries.execute<Outdated>(sql`
    select document_id, upload_id from ${documentVersions} join ${documents} on ${documents.id} = document_id
    where ${documentVersions.collection} = ${numberOf(collectionId)} and isempty(versions) and ${documents.deletedAt} is null
      and (${documentVersions.number} < ${documents.upload} or ${documents.status} = 'ready')
    limit ${UPLOADS_MAX}::integer`);
}

async function eraseUploads(
  ctx: JobCtx,
  permission: Permission,
  collectionId: string,
  list: readonly Outdated[],
): Promise<void> {
  const uploads = arrayOf(list.map(({ upload_id }) => upload_id));
  const owners = arrayOf([...new Set(list.map(({ document_id }) => document_id))]);
  // Of a document that is being read chunks may be on their way to their places.
  const isLeft = sql`hidden and document_id in (
      select id from ${documents} where id = any (${owners}::uuid[]) and status in ${ENDED})
    and not exists (select from chunk_places where chunk_places.chunk = ${chunks.number})`;
  await ctx.db.run(permission, (queries) => [
    lockCollection(queries, collectionId),
    queries.execute(sql`
      delete from ${documentVersions} where upload_id = any (${uploads}::uuid[]) and isempty(versions)`),
    removePostings(queries, isLeft),
    queries.execute(sql`delete from ${chunks} where ${isLeft}`),
    queries.execute(sql`
      delete from ${documents} where id = any (${owners}::uuid[]) and status = 'ready'
        and not exists (select from ${documentVersions} where document_id = ${documents.id})`),
  ]);
}
