import { and, desc, eq, lt, or, type SQL, sql } from "drizzle-orm";
import * as z from "zod";
import { AppError } from "../../lib/errors.ts";
import { cutPage, decodeCursor } from "../../lib/pagination.ts";
import type { Ctx } from "../../platform/context.ts";
import { allow } from "../auth/policy.ts";
import { type CollectionRow, isFor, KEPT_MS, selectCollection } from "./collection-rows.ts";
import { rowOf } from "./document-rows.ts";
import { leftVersions } from "./pruning.ts";
import type { CollectionVersion, DocumentVersion, ListVersions } from "./schema.ts";
import { collections, collectionVersions, documentVersions } from "./tables.ts";
import { openVault } from "./vault.ts";

/** Those that are kept, the newest first; to who only reads the collection, the newest. */
export async function listCollectionVersions(ctx: Ctx, id: string, { limit, cursor }: ListVersions) {
  const [[collection], rows] = await ctx.db.run(allow("collections", "read"), (queries) => [
    selectCollection(queries, ctx, id),
    queries
      .select({
        row: collectionVersions,
        isLeft: sql<boolean>`${collectionVersions.number} in (${leftVersions(id)})`,
      })
      .from(collectionVersions)
      .where(and(shownVersion(ctx, id), before(collectionVersions.number, cursor)))
      .orderBy(desc(collectionVersions.number))
      .limit(limit + 1),
  ]);
  if (!collection) throw new AppError("not_found");
  const page = cutPage(rows, limit, ({ row }) => [row.number]);
  return { ...page, data: page.data.map((each) => toVersion(collection, each)) };
}

function shownVersion(ctx: Ctx, id: string): SQL | undefined {
  const { collectionId, userId, number } = collectionVersions;
  const isNewest = sql`${number} = (select content_version from ${collections} where id = ${id}::uuid)`;
  return and(eq(collectionId, id), or(isFor(ctx, userId, collectionId, "write"), isNewest));
}

function toVersion(
  { contentVersion, versionsKept }: CollectionRow,
  { row, isLeft }: { row: typeof collectionVersions.$inferSelect; isLeft: boolean },
): CollectionVersion {
  const { number, cause, documentId, restoredFrom, leftAt, createdAt } = row;
  return {
    number,
    cause,
    document_id: documentId,
    restored_from: restoredFrom,
    outlives: Math.max(0, number + versionsKept - 1 - contentVersion),
    kept_until: isLeft && leftAt ? new Date(leftAt.getTime() + KEPT_MS).toISOString() : null,
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

/** Of the uploads of a document, those that the person may know of. */
export function shownUpload(documentId: string): SQL | undefined {
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

const Position = z.tuple([z.int()]);

function before(column: typeof collectionVersions.number | typeof documentVersions.number, cursor?: string) {
  if (cursor === undefined) return undefined;
  const [number] = decodeCursor(cursor, Position);
  return lt(column, number);
}
