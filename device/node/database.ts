/** SQLite by Drizzle over Node's own driver: synchronous, so that a transaction is one uninterrupted piece of work. */
import { closeSync, openSync } from "node:fs";
import { join } from "node:path";
import { DatabaseSync, type SQLInputValue, type StatementSync } from "node:sqlite";
import type { TablesRelationalConfig } from "drizzle-orm";
import { BetterSQLiteSession } from "drizzle-orm/better-sqlite3/session";
import { readMigrationFiles } from "drizzle-orm/migrator";
import { BaseSQLiteDatabase, SQLiteSyncDialect } from "drizzle-orm/sqlite-core";

/** A database or a transaction on it. */
export type Database = BaseSQLiteDatabase<"sync", unknown, Record<string, unknown>, TablesRelationalConfig>;

const MIGRATIONS = join(import.meta.dirname, "migrations");
const BUSY_TIMEOUT_MS = 5000;

export interface OpenDatabase {
  db: Database;
  close(): void;
}

/**
 * Opens or makes the file and brings it up to date. Write-ahead logging lets others read the file meanwhile. Every commit
 * waits for the disk (`synchronous=FULL`): the hub forgets a call once it is answered, so an answer must survive not only
 * a crash of this process, for which NORMAL would do, but the loss of power.
 */
export function openDatabase(path: string): OpenDatabase {
  if (path !== ":memory:") makePrivate(path);
  const native = new DatabaseSync(path, { timeout: BUSY_TIMEOUT_MS });
  native.exec("PRAGMA journal_mode=WAL; PRAGMA synchronous=FULL;");
  native.function("fold", { deterministic: true }, (text) => (typeof text === "string" ? fold(text) : text));
  const dialect = new SQLiteSyncDialect();
  const session = new BetterSQLiteSession<Record<string, unknown>, TablesRelationalConfig>(
    clientOver(native),
    dialect,
    undefined,
  );
  dialect.migrate(readMigrationFiles({ migrationsFolder: MIGRATIONS }), session);
  return { db: new BaseSQLiteDatabase("sync", dialect, session, undefined), close: () => native.close() };
}

/**
 * Makes texts comparable whatever their case. Decomposed, so that a part of a text folds to a part of its fold; upper
 * case, because lower case depends on the neighbours in some scripts.
 */
export function fold(text: string): string {
  return text.normalize("NFKD").toUpperCase();
}

/** A file that is not there yet is made for its owner only; SQLite gives its log the same mode. */
function makePrivate(path: string): void {
  closeSync(openSync(path, "a", 0o600));
}

/** The few calls that Drizzle's session for better-sqlite3 makes, on node:sqlite. */
function clientOver(native: DatabaseSync) {
  return {
    prepare: (sql: string) => new Statement(native.prepare(sql)),
    transaction: <Value, Tx>(work: (tx: Tx) => Value) => ({
      deferred: (tx: Tx) => transact(native, "BEGIN DEFERRED", () => work(tx)),
      immediate: (tx: Tx) => transact(native, "BEGIN IMMEDIATE", () => work(tx)),
      exclusive: (tx: Tx) => transact(native, "BEGIN EXCLUSIVE", () => work(tx)),
    }),
  };
}

class Statement {
  readonly #statement: StatementSync;

  constructor(statement: StatementSync) {
    this.#statement = statement;
  }

  run(...values: SQLInputValue[]) {
    return this.#statement.run(...values);
  }

  all(...values: SQLInputValue[]) {
    return this.#statement.all(...values);
  }

  get(...values: SQLInputValue[]) {
    return this.#statement.get(...values);
  }

  /** Rows as arrays from here on. */
  raw(): this {
    this.#statement.setReturnArrays(true);
    return this;
  }
}

function transact<Value>(native: DatabaseSync, begin: string, work: () => Value): Value {
  native.exec(begin);
  try {
    const value = work();
    native.exec("COMMIT");
    return value;
  } catch (cause) {
    if (native.isTransaction) native.exec("ROLLBACK");
    throw cause;
  }
}
