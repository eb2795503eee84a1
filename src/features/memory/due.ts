import type { SchedulerDatabase } from "../../platform/scheduler-db.ts";
import { memoryOwners } from "./tables.ts";

/** Of one tick of the scheduler, every five minutes: 57,600 people a day. */
const OWNERS_MAX = 200;

/**
 * Whose memory has not been consolidated for a day, the longest first. Only a hub writes memories, so each of them has one
 * that has seen its user.
 */
export async function dueMemories(
  database: SchedulerDatabase,
): Promise<{ tenantId: string; userId: string }[]> {
  const [owners] = await database.run((queries) => [
    queries
      .select({ tenantId: memoryOwners.tenantId, userId: memoryOwners.userId })
      .from(memoryOwners)
      .orderBy(memoryOwners.consolidatedAt)
      .limit(OWNERS_MAX),
  ]);
  return owners;
}
