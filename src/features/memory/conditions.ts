import { and, eq, getTableColumns, gt, isNull, or, type SQL, sql } from "drizzle-orm";
import { type Ctx, userIdOf } from "../../platform/context.ts";
import type { MemoryTier } from "./schema.ts";
import { memories } from "./tables.ts";

const { embedding: _, ...words } = getTableColumns(memories);
/** Every column but the vector. */
export const WORDS = words;

export function mine(ctx: Ctx): SQL {
  return eq(memories.userId, userIdOf(ctx));
}

export function ofTier(tier: MemoryTier | undefined): SQL | undefined {
  return tier === undefined ? undefined : eq(memories.tier, tier);
}

/** Neither superseded nor dismissed. */
export function isCurrent(ctx: Ctx): SQL | undefined {
  const now = sql`${new Date(ctx.clock.now()).toISOString()}::timestamptz`;
  return and(or(isNull(memories.validTo), gt(memories.validTo, now)), isNull(memories.dismissedAt));
}
