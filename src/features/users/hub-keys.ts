/** Which hubs hold a copy of their user's data key, and the master key that may still wrap it. A hub says so itself. */
import { ne, sql } from "drizzle-orm";
import { type Ctx, userIdOf } from "../../platform/context.ts";
import type { Permission } from "../../platform/db.ts";
import type { SchedulerDatabase } from "../../platform/scheduler-db.ts";
import { hubKeys } from "./tables.ts";

/** Hubs asked at one tick. */
const STALE_MAX = 200;

/** The hub's copy is under this master key, or it will be when it gets one. */
export async function recordHubKey(ctx: Ctx, permission: Permission, masterKeyId: string): Promise<void> {
  const updatedAt = new Date(ctx.clock.now());
  await ctx.db.run(permission, (queries) => [
    queries
      .insert(hubKeys)
      .values({ userId: userIdOf(ctx), masterKeyId })
      .onConflictDoUpdate({ target: [hubKeys.tenantId, hubKeys.userId], set: { masterKeyId, updatedAt } }),
  ]);
}

/**
 * Hubs whose copy may be under another master key than the current one: those that were asked longest ago, so that none is
 * kept waiting by those that cannot do it. They count as asked from now on.
 */
export async function staleHubKeys(
  database: SchedulerDatabase,
  currentId: string,
  limit = STALE_MAX,
): Promise<{ tenantId: string; userId: string }[]> {
  const [owners] = await database.run((queries) => [
    queries
      .update(hubKeys)
      .set({ triedAt: sql`now()` })
      .where(
        sql`(${hubKeys.tenantId}, ${hubKeys.userId}) in (
          select tenant_id, user_id from ${hubKeys} where ${ne(hubKeys.masterKeyId, currentId)}
          order by tried_at nulls first, tenant_id, user_id limit ${limit}::integer for update skip locked)`,
      )
      .returning({ tenantId: hubKeys.tenantId, userId: hubKeys.userId }),
  ]);
  return owners;
}
