/** Accounts and sessions, reached as a database role that can touch nothing else but the tables they need. */
import type { NeonDatabase } from "drizzle-orm/neon-serverless";
import { AppError } from "../lib/errors.ts";
import { type DatabasesConfig, loadDriver, type Queries, type Query, type Results } from "./db.ts";
import { readConnectionError, readDatabaseError } from "./db-error.ts";

export type IdentityConnection = NeonDatabase;

export interface IdentityDatabase {
  /** HTTP requests made and connections opened so far. */
  readonly roundTrips: number;
  /** Runs the queries in order, in one transaction and one round trip. Throws as `Database.run` does. */
  run<const Items extends readonly [Query, ...Query[]]>(
    build: (queries: Queries) => Items,
  ): Promise<Results<Items>>;
  /**
   * Opens one connection, lends it to `work` and closes it: for conversations that need an interactive transaction.
   * There is one connection and no pool, so that a query inside a transaction can never wait for that transaction.
   */
  connect<Result>(work: (connection: IdentityConnection) => Promise<Result>): Promise<Result>;
}

export function openIdentityDatabase(config: DatabasesConfig): IdentityDatabase {
  return new NeonIdentityDatabase(config);
}

class NeonIdentityDatabase implements IdentityDatabase {
  readonly #config: DatabasesConfig;
  #roundTrips = 0;

  constructor(config: DatabasesConfig) {
    this.#config = config;
  }

  get roundTrips(): number {
    return this.#roundTrips;
  }

  async run<const Items extends readonly [Query, ...Query[]]>(
    build: (queries: Queries) => Items,
  ): Promise<Results<Items>> {
    const { openHttp } = await loadDriver();
    const queries = openHttp(this.#config, this.#config.identityUrl);
    const items = build(queries);
    this.#roundTrips++;
    try {
      return await queries.batch(items);
    } catch (error) {
      throw readDatabaseError(error);
    }
  }

  async connect<Result>(work: (connection: IdentityConnection) => Promise<Result>): Promise<Result> {
    const { openSocket } = await loadDriver();
    const { client, queries } = openSocket(this.#config, this.#config.identityUrl);
    // A connection that breaks fails the query under way; this listener only keeps it from being uncaught as well.
    client.on("error", () => {});
    this.#roundTrips++;
    try {
      await client.connect();
    } catch (error) {
      throw new AppError("database_unavailable", { cause: readDatabaseError(error) });
    }
    try {
      return await work(queries);
    } catch (error) {
      throw readConnectionError(error);
    } finally {
      // The answer need not wait for the goodbye.
      client.end().catch(() => {});
    }
  }
}
