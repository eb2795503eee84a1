import { type DatabasesConfig, loadDriver, type Queries, type Query, type Results } from "./db.ts";
import { readDatabaseError } from "./db-error.ts";

/** All tenants' rows that are due to be erased, and none other: row-level security says what is due. */
export interface SchedulerDatabase {
  /** Runs the queries in order, in one transaction and one round trip. Throws as `Database.run` does. */
  run<const Items extends readonly [Query, ...Query[]]>(
    build: (queries: Queries) => Items,
  ): Promise<Results<Items>>;
}

export function openSchedulerDatabase(config: DatabasesConfig): SchedulerDatabase {
  return {
    async run(build) {
      const { openHttp } = await loadDriver();
      const queries = openHttp(config, config.schedulerUrl);
      try {
        return await queries.batch(build(queries));
      } catch (error) {
        throw readDatabaseError(error);
      }
    },
  };
}
