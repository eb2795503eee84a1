import { and, eq, exists, isNull, type SQL } from "drizzle-orm";
import { type Ctx, userIdOf } from "../../platform/context.ts";
import type { Queries } from "../../platform/db.ts";
import { liveCollection } from "./collection-rows.ts";
import { collections, documents } from "./tables.ts";

export type DocumentRow = typeof documents.$inferSelect;

export function rowOf(queries: Queries, ctx: Ctx, id: string) {
  return queries
    .select()
    .from(documents)
    .where(liveDocument(queries, ctx, id));
}

/** Neither it nor its collection is deleted. */
export function liveDocument(queries: Queries, ctx: Ctx, id?: string): SQL | undefined {
  const home = queries
    .select({ id: collections.id })
    .from(collections)
    .where(and(liveCollection(ctx), eq(collections.id, documents.collectionId)));
  return and(
    eq(documents.userId, userIdOf(ctx)),
    isNull(documents.deletedAt),
    id === undefined ? undefined : eq(documents.id, id),
    exists(home),
  );
}
