import { DatabaseSync } from "node:sqlite";
import { describe, expect, it } from "vitest";
import { CurrentItems } from "../../../durable-objects/user-hub/current-items.ts";
import { MayHold } from "../../../durable-objects/user-hub/may-hold.ts";
import type { MemoryItem } from "../../../src/features/memory/schema.ts";

/** The hub's storage as far as these need it, on a database of its own. */
class Storage {
  readonly db = new DatabaseSync(":memory:");
  reads = 0;
  rollbacks = 0;

  constructor() {
    this.db.exec("CREATE TABLE jobs (id TEXT, due INTEGER)");
  }

  row<Row extends Record<string, SqlStorageValue>>(query: string): Row | undefined {
    this.reads++;
    return this.db.prepare(query).get() as Row | undefined;
  }

  due(now: number): { id: string }[] {
    this.reads++;
    return this.db.prepare("SELECT id FROM jobs WHERE due <= ?").all(now) as { id: string }[];
  }

  failedCommit(write: () => void): void {
    this.db.exec("BEGIN");
    write();
    this.db.exec("ROLLBACK");
    this.rollbacks++;
  }
}

describe("a table that may hold rows", () => {
  it("is not read again once it was found empty, until something is written", () => {
    const storage = new Storage();
    const jobs = new MayHold(storage, "jobs");
    expect(jobs.rows(() => storage.due(1))).toEqual([]);
    const { reads } = storage;
    expect(jobs.rows(() => storage.due(1))).toEqual([]);
    expect(storage.reads).toBe(reads);
    jobs.note();
    storage.db.exec("INSERT INTO jobs VALUES ('one', 1)");
    expect(jobs.rows(() => storage.due(1))).toEqual([{ id: "one" }]);
  });

  it("is read again as long as it holds what is only due later", () => {
    const storage = new Storage();
    const jobs = new MayHold(storage, "jobs");
    storage.db.exec("INSERT INTO jobs VALUES ('later', 9)");
    expect(jobs.rows(() => storage.due(1))).toEqual([]);
    expect(jobs.rows(() => storage.due(9))).toEqual([{ id: "later" }]);
  });

  it("is not believed empty when the deletion that emptied it was undone", () => {
    const storage = new Storage();
    const jobs = new MayHold(storage, "jobs");
    storage.db.exec("INSERT INTO jobs VALUES ('one', 1)");
    storage.failedCommit(() => {
      storage.db.exec("DELETE FROM jobs");
      expect(jobs.rows(() => storage.due(1))).toEqual([]);
    });
    expect(jobs.rows(() => storage.due(1))).toEqual([{ id: "one" }]);
  });
});

describe("the items that turns read", () => {
  const item = (id: string, validTo: number | null) => ({ id, validTo }) as MemoryItem;

  it("are read once for all turns, until one changes, one ends, or a commit fails", () => {
    const storage = { rollbacks: 0 };
    const current = new CurrentItems(storage);
    let reads = 0;
    const at = (now: number) =>
      current.get("core", now, () => {
        reads++;
        return [item("a", null), item("b", 100)];
      });
    at(10);
    expect(at(50)).toHaveLength(2);
    expect(reads).toBe(1);
    at(100);
    expect(reads).toBe(2);
    current.forget();
    at(10);
    expect(reads).toBe(3);
    storage.rollbacks++;
    at(10);
    expect(reads).toBe(4);
  });

  it("are read anew for a turn that began before they were read, and by what they are", () => {
    const current = new CurrentItems({ rollbacks: 0 });
    current.get("core", 50, () => [item("new", null)]);
    expect(current.get("core", 40, () => [item("old", 45)])).toEqual([item("old", 45)]);
    expect(current.get("proactive", 60, () => [])).toEqual([]);
  });
});
