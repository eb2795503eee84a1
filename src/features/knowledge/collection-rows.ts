import { and, eq, isNull, type SQL, sql } from "drizzle-orm";
import { type Ctx, userIdOf } from "../../platform/context.ts";
import type { Queries } from "../../platform/db.ts";
import { collections } from "./tables.ts";

export type CollectionRow = typeof collections.$inferSelect;

/** How long a deleted collection is kept. */
export const KEPT = sql`interval '30 days'`;

export function selectCollection(queries: Queries, ctx: Ctx, id: string) {
  return queries.select().from(collections).where(liveCollection(ctx, id));
}

/** Row-level security keeps people apart too; the condition says what is meant. */
export function liveCollection(ctx: Ctx, id?: string): SQL | undefined {
  return and(
    eq(collections.userId, userIdOf(ctx)),
    isNull(collections.deletedAt),
    id === undefined ? undefined : eq(collections.id, id),
  );
}

/**
 * Whoever changes what can be found in a collection holds its row first, in a statement of its own: the next one then sees
 * all that others did before.
 */
export function lockCollection(queries: Queries, id: string | SQL) {
  return queries.execute(sql`select from ${collections} where ${collections.id} = ${id}::uuid for update`);
}
