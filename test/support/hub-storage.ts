/** A hub's storage in Node, on an SQLite of its own: for what needs tables and no runtime. */
import { DatabaseSync, type SQLInputValue } from "node:sqlite";
import { HubStorage } from "../../durable-objects/user-hub/storage.ts";

export interface LocalHubStorage {
  storage: HubStorage;
  /** As after an eviction: the same tables, and nothing in memory. */
  woken(): HubStorage;
}

export function localHubStorage(): LocalHubStorage {
  const db = new DatabaseSync(":memory:");
  const durable = {
    sql: { exec: (query: string, ...bindings: SQLInputValue[]) => executed(db, query, bindings) },
    transactionSync<Result>(write: () => Result): Result {
      db.exec("BEGIN");
      try {
        const result = write();
        db.exec("COMMIT");
        return result;
      } catch (cause) {
        db.exec("ROLLBACK");
        throw cause;
      }
    },
  } as unknown as DurableObjectStorage;
  return { storage: new HubStorage(durable), woken: () => new HubStorage(durable) };
}

function executed(db: DatabaseSync, query: string, bindings: SQLInputValue[]) {
  if (/;\s*\S/.test(query)) {
    db.exec(query);
    return { toArray: () => [], rowsWritten: 0 };
  }
  const statement = db.prepare(query);
  if (statement.columns().length === 0) {
    return { toArray: () => [], rowsWritten: Number(statement.run(...bindings).changes) };
  }
  const rows = statement.all(...bindings).map(withBuffers);
  return { toArray: () => rows, rowsWritten: 0 };
}

/** The runtime gives bytes as an `ArrayBuffer`. */
function withBuffers(row: object): object {
  const entries = Object.entries(row).map(([name, value]) => [
    name,
    value instanceof Uint8Array ? Uint8Array.from(value).buffer : value,
  ]);
  return Object.fromEntries(entries);
}
