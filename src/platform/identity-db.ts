/** Accounts and sessions, reached as a database role that can touch nothing else but the tables they need. */
import { Client, neon } from "@neondatabase/serverless";
import { drizzle as drizzleHttp, type NeonHttpDatabase } from "drizzle-orm/neon-http";
import { drizzle as drizzleSocket, type NeonDatabase } from "drizzle-orm/neon-serverless";
import { AppError } from "../lib/errors.ts";
import { configureDriver, type DatabasesConfig, type Queries, type Query, type Results } from "./db.ts";
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
  readonly #queries: NeonHttpDatabase;
  #roundTrips = 0;

  constructor(config: DatabasesConfig) {
    configureDriver(config);
    this.#config = config;
    this.#queries = drizzleHttp({ client: neon(config.identityUrl) });
  }

  get roundTrips(): number {
    return this.#roundTrips;
  }

  async run<const Items extends readonly [Query, ...Query[]]>(
    build: (queries: Queries) => Items,
  ): Promise<Results<Items>> {
    const items = build(this.#queries);
    this.#roundTrips++;
    try {
      return await this.#queries.batch(items);
    } catch (error) {
      throw readDatabaseError(error);
    }
  }

  async connect<Result>(work: (connection: IdentityConnection) => Promise<Result>): Promise<Result> {
    const { identityUrl, timeoutMs } = this.#config;
    // Limits are the client's own: Neon's pooled address refuses settings in the start-up message.
    const client = new Client({
      connectionString: identityUrl,
      query_timeout: timeoutMs,
      connectionTimeoutMillis: timeoutMs,
    });
    // A connection that breaks fails the query under way; this listener only keeps it from being uncaught as well.
    client.on("error", () => {});
    this.#roundTrips++;
    try {
      await client.connect();
    } catch (error) {
      throw new AppError("database_unavailable", { cause: readDatabaseError(error) });
    }
    try {
      return await work(drizzleSocket({ client }));
    } catch (error) {
      throw readConnectionError(error);
    } finally {
      // The answer need not wait for the goodbye.
      client.end().catch(() => {});
    }
  }
}
