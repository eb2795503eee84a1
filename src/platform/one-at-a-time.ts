import { sql } from "drizzle-orm";
import type { Queries } from "./db.ts";

/**
 * Has changes of one kind follow each other, each until its transaction ends. Put it first into the batch: a statement
 * sees what was committed before it began, so whoever counts after it counts right.
 */
export function oneAtATime(queries: Queries, ...names: readonly string[]) {
  return queries.execute(sql`select pg_advisory_xact_lock(hashtextextended(${names.join(" ")}, 0))`);
}
