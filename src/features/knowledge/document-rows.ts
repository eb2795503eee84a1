import { and, eq, exists, isNull, type SQL } from "drizzle-orm";
import { AppError } from "../../lib/errors.ts";
import type { Ctx } from "../../platform/context.ts";
import type { Queries } from "../../platform/db.ts";
import { isFor, liveCollection, type Right } from "./collection-rows.ts";
import { collections, documents } from "./tables.ts";

export type DocumentRow = typeof documents.$inferSelect;

export function rowOf(queries: Queries, ctx: Ctx, id: string, right: Right = "read") {
  return queries
    .select()
    .from(documents)
    .where(liveDocument(queries, ctx, id, right));
}

/** For a change that touched nothing. @param readable What of it the person may see. */
export function refusal(readable: object | undefined): AppError {
  return readable
    ? new AppError("forbidden", { detail: "It is shared with you to read." })
    : new AppError("not_found");
}

/** Neither it nor its collection is deleted. */
export function liveDocument(
  queries: Queries,
  ctx: Ctx,
  id?: string,
  right: Right = "read",
): SQL | undefined {
  const home = queries
    .select({ id: collections.id })
    .from(collections)
    .where(and(liveCollection(ctx, undefined, right), eq(collections.id, documents.collectionId)));
  return and(
    isFor(ctx, documents.userId, documents.collectionId, right),
    isNull(documents.deletedAt),
    id === undefined ? undefined : eq(documents.id, id),
    exists(home),
  );
}
