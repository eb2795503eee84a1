/** Puts what several parts of a program read from the database at the same time into one round trip. */
import type { Database, Permission, Principal, Queries, Query, Results } from "./db.ts";

interface Reading {
  permission: Permission;
  build(queries: Queries): readonly Query[];
  resolve(results: readonly unknown[]): void;
  reject(cause: unknown): void;
}

/**
 * Of the same actor in the same tenant: readings that are asked for without a wait between them share a transaction, which
 * asks for all their permissions, and fail together. What writes goes by itself.
 */
export class JoinedDatabase implements Database {
  readonly #database: Database;
  #waiting: Reading[] = [];

  constructor(database: Database) {
    this.#database = database;
  }

  get roundTrips(): number {
    return this.#database.roundTrips;
  }

  get principal(): Principal | null {
    return this.#database.principal;
  }

  identify(): Promise<Principal> {
    return this.#database.identify();
  }

  run<const Items extends readonly Query[]>(
    permission: Permission,
    build: (queries: Queries) => Items,
  ): Promise<Results<Items>> {
    if (!permission.readOnly) return this.#database.run(permission, build);
    const { promise, resolve, reject } = Promise.withResolvers<readonly unknown[]>();
    if (this.#waiting.push({ permission, build, resolve, reject }) === 1) queueMicrotask(() => this.#read());
    return promise as Promise<Results<Items>>;
  }

  async #read(): Promise<void> {
    const readings = this.#waiting;
    this.#waiting = [];
    try {
      const counts: number[] = [];
      const results: readonly unknown[] = await this.#database.run(joined(readings), (queries) =>
        readings.flatMap(({ build }) => {
          const items = build(queries);
          counts.push(items.length);
          return items;
        }),
      );
      let from = 0;
      for (const [at, { resolve }] of readings.entries()) {
        resolve(results.slice(from, from + counts[at]!));
        from += counts[at]!;
      }
    } catch (cause) {
      for (const { reject } of readings) reject(cause);
    }
  }
}

function joined(readings: readonly Reading[]): Permission {
  const permissions = readings.map(({ permission }) => permission);
  const [first] = permissions;
  if (!first || permissions.length === 1) return first!;
  return {
    resource: permissions.map(({ resource }) => resource).join("+"),
    action: permissions.map(({ action }) => action).join("+"),
    roles: first.roles.filter((role) => permissions.every(({ roles }) => roles.includes(role))),
    readOnly: true,
    liveSession: permissions.some(({ liveSession }) => liveSession),
  };
}
