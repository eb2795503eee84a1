import { and, eq, inArray, isNull, ne, type SQL, sql } from "drizzle-orm";
import { alias } from "drizzle-orm/pg-core";
import * as z from "zod";
import { AppError } from "../../lib/errors.ts";
import { type Ctx, userIdOf } from "../../platform/context.ts";
import type { Queries } from "../../platform/db.ts";
import { allow } from "../auth/policy.ts";
import { recordOf } from "../users/service.ts";
import { UNQUEUED } from "./acceptance.ts";
import {
  KEPT,
  KEPT_MS,
  liveCollection,
  lockCollection,
  requireOwn,
  selectCollection,
} from "./collection-rows.ts";
import { recount } from "./postings.ts";
import { announce, announceContent } from "./progress.ts";
import { pruneVersions } from "./pruning.ts";
import type { RestoredCollection } from "./schema.ts";
import {
  chunkPlaces,
  chunks,
  collections,
  collectionVersions,
  documents,
  documentVersions,
} from "./tables.ts";
import { openVault } from "./vault.ts";

/** Who restores waits for none of them, and hears of the collection itself. */
const STOPPED_TOLD_MAX = 50;
/** Any of them brings the schedule back to the collection; some may be deleted by then. */
const DUE_MAX = 10;

/**
 * Makes a new version with the content of an earlier one. Nothing is read or embedded again: what differs is shown or
 * hidden, in one transaction. The version before is kept for a while, however many follow. Documents deleted since then
 * stay deleted, and those that were to be read again as something else than they are now are not. Throws `not_found` for a
 * version that is not kept, `precondition_failed` for a collection changed since `ifMatch`.
 */
export async function restoreCollection(
  ctx: Ctx,
  id: string,
  version: number,
  ifMatch: readonly number[] | undefined,
): Promise<RestoredCollection> {
  const permission = allow("collections", "restore");
  const condition = and(
    liveCollection(ctx, id, "own"),
    ifMatch && inArray(collections.version, [...ifMatch]),
  );
  const { notices } = ctx.ports;
  const [, [found], [kept], shown, stopped, [row], noticed] = await ctx.db.run(permission, (queries) => [
    lockCollection(queries, id),
    selectCollection(queries, ctx, id),
    queries
      .select({ number: collectionVersions.number })
      .from(collectionVersions)
      .where(and(eq(collectionVersions.collectionId, id), eq(collectionVersions.number, version))),
    showVersion(queries, ctx, { id, version, condition }),
    stopCopies(queries, ctx, id, version),
    selectCollection(queries, ctx, id),
    notices.select(queries),
  ]);
  ctx.waitUntil(notices.tell(ctx, noticed));
  requireOwn(ctx, found);
  if (!row) throw new AppError("not_found");
  if (!kept) throw new AppError("not_found", { detail: "This version is not kept." });
  if (ifMatch && !ifMatch.includes(found.version)) throw new AppError("precondition_failed");
  await pruneVersions(ctx, permission, id);
  ctx.waitUntil(announceContent(ctx, row));
  for (const document of stopped.slice(0, STOPPED_TOLD_MAX)) {
    ctx.waitUntil(announce(ctx, document, { status: "ready", progress: 1 }));
  }
  const [replaced = null] = Replaced.parse(shown.rows);
  return { ...(await openVault(ctx, permission)).openCollection(row), replaced };
}

/**
 * Of what is to be read again under a new title or with other settings, and shows other content now: it would come back.
 * With a version from before a reindexing all that is left of it goes as well.
 */
function stopCopies(queries: Queries, ctx: Ctx, collectionId: string, version: number) {
  const copy = alias(documentVersions, "copy");
  const shown = sql`${documentVersions} where ${documentVersions.documentId} = ${documents.id}
    and upper_inf(${documentVersions.versions})`;
  const isOfShown = sql`exists (select from ${shown} and ${documentVersions.uploadId} = ${copy.copyOf})`;
  const isMadeSince = sql`exists (
    select from ${collectionVersions} as made
    where made.collection_id = restored.collection_id and made.reindex_id = ${copy.reindexId} and made.number > restored.number)`;
  const isUndone = sql`exists (
    select from ${collectionVersions} as restored join ${collectionVersions} as newest using (collection_id)
    where collection_id = ${collectionId}::uuid and restored.number = ${version}::integer
      and newest.restored_from = restored.number and newest.created_at = now()::timestamptz(3)
      and ${copy.reindexId} is not null and (${copy.createdAt} > restored.created_at or ${isMadeSince}))`;
  const isOther = sql`exists (
    select from ${documentVersions} as copy where ${copy.documentId} = ${documents.id}
      and ${copy.number} = ${documents.upload} and ${copy.copyOf} is not null and (not ${isOfShown} or ${isUndone}))`;
  return queries
    .update(documents)
    .set({
      body: sql`coalesce((select ${documentVersions.body} from ${shown}), ${documents.body})`,
      status: "ready",
      progress: 1,
      problem: null,
      attempts: 0,
      version: sql`${documents.version} + 1`,
      dueAt: UNQUEUED,
      updatedAt: sql`now()`,
    })
    .where(
      and(
        eq(documents.collectionId, collectionId),
        eq(documents.userId, userIdOf(ctx)),
        ne(documents.status, "ready"),
        isNull(documents.deletedAt),
        isOther,
      ),
    )
    .returning();
}

const Replaced = z.array(
  z
    .object({ version: z.int(), documents: z.coerce.number().int(), left_ms: z.coerce.number() })
    .transform(({ left_ms, ...known }) => ({
      ...known,
      kept_until: new Date(left_ms + KEPT_MS).toISOString(),
    })),
);

interface Restoration {
  id: string;
  version: number;
  condition: SQL | undefined;
}

/** The newest version itself is left as it is. */
function showVersion(queries: Queries, ctx: Ctx, { id, version, condition }: Restoration) {
  const entry = { event: "collection.restored", subjectId: id, details: { version } };
  return queries.execute(sql`
    with counted as (
      update ${collections} set content_version = content_version + 1, version = version + 1, updated_at = now()
      where ${condition} and content_version <> ${version}::integer and exists (
        select from ${collectionVersions} where collection_id = ${id}::uuid and ${collectionVersions.number} = ${version}::integer)
      returning id, user_id, number, content_version, int4multirange(int4range(content_version, null)) as from_now
    ), noted as (
      insert into ${collectionVersions} (collection_id, number, user_id, cause, restored_from)
      select id, content_version, user_id, 'restored', ${version}::integer from counted
    ), changed as (
      update ${documentVersions} set
        versions = case when versions @> ${version}::integer then versions + from_now else versions - from_now end
      from counted
      where collection = counted.number and (versions @> ${version}::integer) <> upper_inf(versions)
      returning document_id, ${documentVersions.number} as upload, upper_inf(versions) as is_newest, body, type, size,
        chunks, terms
    ), shown as (
      update ${chunks} set hidden = not hidden
      where document_id in (select document_id from changed) and hidden = exists (
        select from changed join ${chunkPlaces} on ${chunkPlaces.documentId} = changed.document_id
          and ${chunkPlaces.upload} = changed.upload
        where is_newest and ${chunkPlaces.chunk} = ${chunks.number})
      returning collection, hidden, tokens
    ), recounted as (${recount(sql`shown`)}), described as (
      update ${documents} set body = newest.body, type = newest.type, size = newest.size, updated_at = now(),
        chunks = case when is_newest then newest.chunks else 0 end,
        terms = case when is_newest then newest.terms else 0 end,
        due_at = case when status = 'ready' and place <= ${DUE_MAX}::integer then coalesce(due_at, now() + ${KEPT}) else due_at end
      from (
        select distinct on (document_id) *, dense_rank() over (order by document_id) as place
        from changed order by document_id, is_newest desc, upload desc) as newest
      where ${documents.id} = newest.document_id
    ), replaced as (
      update ${collectionVersions} set left_at = now() from counted
      where collection_id = counted.id and ${collectionVersions.number} = counted.content_version - 1
      returning ${collectionVersions.number} as version, extract(epoch from left_at) * 1000 as left_ms
    ), recorded as (${recordOf(ctx, entry, sql`counted`)})
    select version, left_ms, (
      select count(*) from (select from changed group by document_id having not bool_or(is_newest)) as hidden
    ) as documents from replaced`);
}
