/** Which hubs hold a copy of their user's data key, and the master key that may still wrap it. A hub says so itself. */
import { ne } from "drizzle-orm";
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

/** Hubs whose copy may be under another master key than the current one. */
export async function staleHubKeys(
  database: SchedulerDatabase,
  currentId: string,
): Promise<{ tenantId: string; userId: string }[]> {
  const [owners] = await database.run((queries) => [
    queries
      .select({ tenantId: hubKeys.tenantId, userId: hubKeys.userId })
      .from(hubKeys)
      .where(ne(hubKeys.masterKeyId, currentId))
      .limit(STALE_MAX),
  ]);
  return owners;
}
