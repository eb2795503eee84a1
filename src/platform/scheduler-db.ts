import { neon } from "@neondatabase/serverless";
import { drizzle } from "drizzle-orm/neon-http";
import { configureDriver, type DatabasesConfig, type Queries, type Query, type Results } from "./db.ts";
import { readDatabaseError } from "./db-error.ts";

/** All tenants' rows that are due to be erased, and none other: row-level security says what is due. */
export interface SchedulerDatabase {
  /** Runs the queries in order, in one transaction and one round trip. Throws as `Database.run` does. */
  run<const Items extends readonly [Query, ...Query[]]>(
    build: (queries: Queries) => Items,
  ): Promise<Results<Items>>;
}

export function openSchedulerDatabase(config: DatabasesConfig): SchedulerDatabase {
  configureDriver(config);
  const queries = drizzle({ client: neon(config.schedulerUrl) });
  return {
    async run(build) {
      try {
        return await queries.batch(build(queries));
      } catch (error) {
        throw readDatabaseError(error);
      }
    },
  };
}
