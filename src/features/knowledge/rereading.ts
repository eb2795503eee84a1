/**
 * Documents that are read again from the bytes that are there: under a new title, or with the collection's new settings.
 * Each becomes an upload of its own, so that what was can be found until it has been read, and can be restored: a whole
 * collection makes one version.
 */
import { type SQL, sql } from "drizzle-orm";
import { newId } from "../../lib/ids.ts";
import type { Ctx, JobCtx } from "../../platform/context.ts";
import { allow } from "../auth/policy.ts";
import { recordOf } from "../users/service.ts";
import { enqueue, UNQUEUED } from "./acceptance.ts";
import { liveCollection, lockCollection, requireOwn, selectCollection } from "./collection-rows.ts";
import { dropOrphans, objectName } from "./erasure.ts";
import type { Reading } from "./indexing.ts";
import type { Reindexing } from "./schema.ts";
import { collections, documents, documentVersions } from "./tables.ts";
import type { KnowledgeVault } from "./vault.ts";

/** Of one request: the schedule queues the others within minutes, a thousand at a time. */
const QUEUED_MAX = 50;

/** What becomes of a row of `documents` that is to be read again. */
export const READ_AGAIN = sql`upload = upload + 1, status = 'queued', progress = 0, problem = null, attempts = 0,
  due_at = ${UNQUEUED}`;

interface Copy {
  body: SQL;
  /** Tokens of a chunk, and of what it repeats. */
  settings: SQL;
  /** With which the whole collection is read again. */
  reindexId?: string;
}

/**
 * New uploads with the bytes of earlier ones, for the documents in `changed`.
 * @param earlier Rows of `document_versions`, one a document.
 */
export function insertCopies(earlier: SQL, { body, settings, reindexId }: Copy): SQL {
  return sql`
    insert into ${documentVersions}
      (document_id, number, upload_id, copy_of, reindex_id, user_id, collection, body, type, size, chunk_tokens,
        overlap_tokens)
    select changed.id, changed.upload, gen_random_uuid(), earlier.upload_id, ${reindexId ?? null}::uuid, earlier.user_id,
      earlier.collection, ${body}, earlier.type, earlier.size, ${settings}
    from changed join ${earlier} as earlier on earlier.document_id = changed.id`;
}

/**
 * Has all documents read again that were read with other settings than the collection has. Those that are being read or
 * have failed are left alone. Throws `not_found`, `forbidden` for a collection of somebody else.
 */
export async function reindexCollection(ctx: Ctx, id: string): Promise<Reindexing> {
  const entry = { event: "collection.reindexed", subjectId: id };
  const earlier = sql`earlier`;
  const copies = insertCopies(earlier, {
    body: sql`earlier.body`,
    settings: sql`new_tokens, new_overlap`,
    reindexId: newId(ctx.clock.now()),
  });
  const [[found], , { rows }] = await ctx.db.run(allow("collections", "update"), (queries) => [
    selectCollection(queries, ctx, id),
    // A restoration at the same moment comes before it, and it reads what that shows, or after it, and stops it.
    lockCollection(queries, id),
    queries.execute<{ id: string; user_id: string; version: number }>(sql`
      with earlier as (
        select ${documentVersions}.*, ${collections.chunkTokens} as new_tokens, ${collections.overlapTokens} as new_overlap
        from ${collections} join ${documents} on ${documents.collectionId} = ${collections.id}
          join ${documentVersions} on document_id = ${documents.id} and upper_inf(versions)
        where ${liveCollection(ctx, id, "own")} and ${documents.deletedAt} is null and ${documents.status} = 'ready'
          and (${documentVersions.chunkTokens}, ${documentVersions.overlapTokens})
            <> (${collections.chunkTokens}, ${collections.overlapTokens})
      ), changed as (
        update ${documents} set ${READ_AGAIN}, version = version + 1, updated_at = now()
        where id in (select document_id from earlier) and status = 'ready' returning id, upload, user_id, version
      ), copied as (${copies}
      ), recorded as (${recordOf(ctx, entry, sql`changed`)})
      select id, user_id, version from changed order by id`),
  ]);
  requireOwn(ctx, found);
  for (const row of rows.slice(0, QUEUED_MAX)) await enqueue(ctx, { ...row, userId: row.user_id });
  return { documents: rows.length };
}

/** The bytes of the upload that this one is a copy of, which it has from now on too; null where it is none. */
export async function copyEarlier(
  ctx: JobCtx,
  vault: KnowledgeVault,
  { document, upload }: Reading,
): Promise<Uint8Array | null> {
  if (upload.copyOf === null) return null;
  const objects = vault.objects(ctx.ports.objects);
  const earlier = await objects.getStream(objectName(ctx.tenantId, document.id, upload.copyOf));
  if (!earlier) return null;
  const name = objectName(ctx.tenantId, document.id, upload.uploadId);
  await objects.putStream(name, earlier);
  await dropOrphans(ctx, allow("documents", "ingest"), [
    { documentId: document.id, uploadId: upload.uploadId },
  ]);
  return objects.get(name);
}
