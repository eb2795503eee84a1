import { and, desc, eq, inArray, isNull, lt, ne, or, type SQL, sql } from "drizzle-orm";
import { alias } from "drizzle-orm/pg-core";
import * as z from "zod";
import { AppError } from "../../lib/errors.ts";
import { cutPage, decodeCursor } from "../../lib/pagination.ts";
import { type Ctx, userIdOf } from "../../platform/context.ts";
import type { Queries } from "../../platform/db.ts";
import { allow } from "../auth/policy.ts";
import { recordOf } from "../users/service.ts";
import { UNQUEUED } from "./acceptance.ts";
import { isFor, liveCollection, lockCollection, requireOwn, selectCollection } from "./collection-rows.ts";
import { rowOf } from "./document-rows.ts";
import { recount } from "./postings.ts";
import { announce, announceContent } from "./progress.ts";
import { pruneVersions } from "./pruning.ts";
import type { Collection, CollectionVersion, DocumentVersion, ListVersions } from "./schema.ts";
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

/** Those that are kept, the newest first; to who only reads the collection, the newest. */
export async function listCollectionVersions(ctx: Ctx, id: string, { limit, cursor }: ListVersions) {
  const [[collection], rows] = await ctx.db.run(allow("collections", "read"), (queries) => [
    selectCollection(queries, ctx, id),
    queries
      .select()
      .from(collectionVersions)
      .where(and(shownVersion(ctx, id), before(collectionVersions.number, cursor)))
      .orderBy(desc(collectionVersions.number))
      .limit(limit + 1),
  ]);
  if (!collection) throw new AppError("not_found");
  const page = cutPage(rows, limit, ({ number }) => [number]);
  return { ...page, data: page.data.map(toVersion) };
}

function shownVersion(ctx: Ctx, id: string): SQL | undefined {
  const { collectionId, userId, number } = collectionVersions;
  const isNewest = sql`${number} = (select content_version from ${collections} where id = ${id}::uuid)`;
  return and(eq(collectionId, id), or(isFor(ctx, userId, collectionId, "write"), isNewest));
}

function toVersion(row: typeof collectionVersions.$inferSelect): CollectionVersion {
  const { number, cause, documentId, restoredFrom, createdAt } = row;
  return {
    number,
    cause,
    document_id: documentId,
    restored_from: restoredFrom,
    created_at: createdAt.toISOString(),
  };
}

/** The uploads that are kept, the newest first; to who only reads the collection, the one that can be found. */
export async function listDocumentVersions(ctx: Ctx, id: string, { limit, cursor }: ListVersions) {
  const permission = allow("documents", "read");
  const [[document], rows] = await ctx.db.run(permission, (queries) => [
    rowOf(queries, ctx, id),
    queries
      .select()
      .from(documentVersions)
      .where(and(shownUpload(id), before(documentVersions.number, cursor)))
      .orderBy(desc(documentVersions.number))
      .limit(limit + 1),
  ]);
  if (!document) throw new AppError("not_found");
  const vault = await openVault(ctx, permission);
  const page = cutPage(rows, limit, ({ number }) => [number]);
  const data = page.data.map(
    (row): DocumentVersion => ({
      number: row.number,
      title: vault.openTitle({ id, body: row.body }),
      type: row.type,
      size: row.size,
      chunks: row.chunks,
      visible_in: rangesOf(row.versions),
      created_at: row.createdAt.toISOString(),
    }),
  );
  return { ...page, data };
}

function shownUpload(documentId: string): SQL | undefined {
  const { versions, collection } = documentVersions;
  return and(
    eq(documentVersions.documentId, documentId),
    sql`(upper_inf(${versions}) or ${collection} in (select app.writable_collections()))`,
  );
}

/** As Postgres writes a multirange of integers: `{[1,3),[5,)}`. */
function rangesOf(multirange: string): DocumentVersion["visible_in"] {
  return [...multirange.matchAll(/\[(\d+),(\d*)\)/g)].map(([, from, end]) => ({
    from: Number(from),
    to: end ? Number(end) - 1 : null,
  }));
}

/**
 * Makes a new version with the content of an earlier one. Nothing is read or embedded again: what differs is shown or
 * hidden, in one transaction. Documents deleted since then stay deleted, and those that were to be read again as something
 * else than they are now are not. Throws `not_found` for a version that is not kept,
 * `precondition_failed` for a collection changed since `ifMatch`.
 */
export async function restoreCollection(
  ctx: Ctx,
  id: string,
  version: number,
  ifMatch: readonly number[] | undefined,
): Promise<Collection> {
  const permission = allow("collections", "restore");
  const condition = and(
    liveCollection(ctx, id, "own"),
    ifMatch && inArray(collections.version, [...ifMatch]),
  );
  const { notices } = ctx.ports;
  const [, [found], [kept], , stopped, [row], noticed] = await ctx.db.run(permission, (queries) => [
    lockCollection(queries, id),
    selectCollection(queries, ctx, id),
    queries
      .select({ number: collectionVersions.number })
      .from(collectionVersions)
      .where(and(eq(collectionVersions.collectionId, id), eq(collectionVersions.number, version))),
    showVersion(queries, ctx, { id, version, condition }),
    stopCopies(queries, ctx, id),
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
  return (await openVault(ctx, permission)).openCollection(row);
}

/** Of what is to be read again under a new title or with other settings, and shows other content now: it would come back. */
function stopCopies(queries: Queries, ctx: Ctx, collectionId: string) {
  const copy = alias(documentVersions, "copy");
  const isOfShown = sql`exists (
    select from ${documentVersions} where ${documentVersions.documentId} = ${documents.id}
      and ${documentVersions.uploadId} = ${copy.copyOf} and upper_inf(${documentVersions.versions}))`;
  const isOther = sql`exists (
    select from ${documentVersions} as copy where ${copy.documentId} = ${documents.id}
      and ${copy.number} = ${documents.upload} and ${copy.copyOf} is not null and not ${isOfShown})`;
  return queries
    .update(documents)
    .set({
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
        terms = case when is_newest then newest.terms else 0 end
      from (select distinct on (document_id) * from changed order by document_id, is_newest desc, upload desc) as newest
      where ${documents.id} = newest.document_id
    ), recorded as (${recordOf(ctx, entry, sql`counted`)})
    select id from counted`);
}

const Position = z.tuple([z.int()]);

function before(column: typeof collectionVersions.number | typeof documentVersions.number, cursor?: string) {
  if (cursor === undefined) return undefined;
  const [number] = decodeCursor(cursor, Position);
  return lt(column, number);
}
