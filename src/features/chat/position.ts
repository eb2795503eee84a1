/** Times in the cursors of lists that are in the order of a time. */
import { type SQL, sql } from "drizzle-orm";
import * as z from "zod";

/** Year 9999: later times have no plain ISO form. */
const TIME_MAX_MS = 253_402_300_799_999;

/** Unix ms. */
export const TimeMs = z.int().min(0).max(TIME_MAX_MS);

export function instant(timeMs: number): SQL {
  return sql`${new Date(timeMs).toISOString()}::timestamptz`;
}
