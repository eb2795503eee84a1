import { type AnyColumn, and, eq, isNull, type SQL, sql } from "drizzle-orm";
import { AppError } from "../../lib/errors.ts";
import { type Ctx, userIdOf } from "../../platform/context.ts";
import type { Queries } from "../../platform/db.ts";
import { collections } from "./tables.ts";

export type CollectionRow = typeof collections.$inferSelect;

/** How long a deleted collection is kept, and a version that a restoration took the place of. */
export const KEPT = sql`interval '30 days'`;
export const KEPT_MS = 30 * 86_400_000;

export function selectCollection(queries: Queries, ctx: Ctx, id: string, right: Right = "read") {
  return queries
    .select()
    .from(collections)
    .where(liveCollection(ctx, id, right));
}

/** To change, share or delete a collection is its owner's; others read it, or write into it, as far as it is shared. */
export type Right = "read" | "write" | "own";

/** Row-level security keeps people apart too; the condition says what is meant. */
export function liveCollection(ctx: Ctx, id?: string, right: Right = "read"): SQL | undefined {
  return and(
    isFor(ctx, collections.userId, collections.id, right),
    isNull(collections.deletedAt),
    id === undefined ? undefined : eq(collections.id, id),
  );
}

const SHARED = { read: "{read,write}", write: "{write}" } as const;

/** @param owner Column of whose the row is. @param collection Column of the collection's id. */
export function isFor(ctx: Ctx, owner: AnyColumn, collection: AnyColumn, right: Right): SQL {
  const isOwn = eq(owner, userIdOf(ctx));
  if (right === "own") return isOwn;
  return sql`(${isOwn} or ${collection} in (select app.shared('collection', ${SHARED[right]})))`;
}

/** Throws `not_found`, or `forbidden` for one that is only shared with the person. */
export function requireOwn(ctx: Ctx, row: CollectionRow | undefined): asserts row is CollectionRow {
  if (!row) throw new AppError("not_found");
  if (row.userId !== userIdOf(ctx)) {
    throw new AppError("forbidden", { detail: "Only who made the collection can do this." });
  }
}

/** The query for the id of a collection that is the person's own. */
export function ownedCollection(ctx: Ctx, id: string): SQL {
  return sql`select ${collections.id} from ${collections} where ${liveCollection(ctx, id, "own")}`;
}

/**
 * Whoever changes what can be found in a collection, or its index, holds its row first, in a statement of its own: the next
 * one then sees all that others did before. Rows that point to it can still be added.
 */
export function lockCollection(queries: Queries, id: string | SQL) {
  return queries.execute(
    sql`select from ${collections} where ${collections.id} = ${id}::uuid for no key update`,
  );
}
