import { copyFileSync, cpSync, mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { DatabaseSync } from "node:sqlite";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { seedId, seedStore } from "../../../device/node/seed.ts";
import { SqliteStore } from "../../../device/node/store.ts";
import type { ToolCall } from "../../../src/features/hub/protocol.ts";
import { newId } from "../../../src/lib/ids.ts";

let folder: string;
let path: string;
const open: SqliteStore[] = [];

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "adjutant-store-"));
  path = join(folder, "device.sqlite");
});

afterEach(() => {
  for (const store of open.splice(0)) store.close();
  rmSync(folder, { recursive: true });
});

function opened(more: { restored?: boolean } = {}): SqliteStore {
  const store = new SqliteStore({ path, ...more });
  open.push(store);
  return store;
}

function reopened(more: { restored?: boolean } = {}): SqliteStore {
  for (const store of open.splice(0)) store.close();
  return opened(more);
}

function call(action: ToolCall["action"], more: Partial<ToolCall> = {}): ToolCall {
  return { type: "tool_call", id: newId(), epoch: 1, action, deadline_ms: 30_000, ...more };
}

const insertion = (title = "t") => call("insert", { table: "tasks", data: { title } });

describe("the name of a database", () => {
  it("stays over restarts, and over crashes that left the marker behind", () => {
    const name = opened().storeId;
    const marker = readFileSync(`${path}.instance`, "utf8");
    open[0]?.commit(insertion(), 1e6);
    expect(reopened().storeId).toBe(name);
    for (const store of open.splice(0)) store.close();
    writeFileSync(`${path}.instance`, marker);
    expect(opened().storeId).toBe(name);
  });

  it("changes when the file alone is put back, also within the time that it was open", () => {
    const name = opened().storeId;
    for (const store of open.splice(0)) store.close();
    copyFileSync(path, `${path}.backup`);
    opened().commit(insertion(), 1e6);
    for (const store of open.splice(0)) store.close();
    copyFileSync(`${path}.backup`, path);
    expect(opened().storeId).not.toBe(name);
  });

  it("stays when a backup is put back that lacks nothing", () => {
    const name = opened().storeId;
    for (const store of open.splice(0)) store.close();
    copyFileSync(path, `${path}.backup`);
    copyFileSync(`${path}.backup`, path);
    expect(opened().storeId).toBe(name);
  });

  it("changes for a copy, with its marker or without", () => {
    const name = opened().storeId;
    for (const store of open.splice(0)) store.close();
    const elsewhere = join(folder, "copy.sqlite");
    copyFileSync(path, elsewhere);
    const bare = new SqliteStore({ path: elsewhere });
    open.push(bare);
    expect(bare.storeId).not.toBe(name);
    const whole = join(folder, "whole.sqlite");
    cpSync(path, whole);
    cpSync(`${path}.instance`, `${whole}.instance`);
    const copied = new SqliteStore({ path: whole });
    open.push(copied);
    expect(copied.storeId).not.toBe(name);
  });

  it("changes when the person says that it was restored, once", () => {
    const name = opened().storeId;
    const renamed = reopened({ restored: true }).storeId;
    expect(renamed).not.toBe(name);
    expect(reopened().storeId).toBe(renamed);
  });
});

it("a database is made for its owner only, its log included", () => {
  opened().commit(insertion(), 1e6);
  for (const name of [path, `${path}-wal`, `${path}.instance`]) expect(statSync(name).mode & 0o077).toBe(0);
});

describe("a commit", () => {
  it("writes the row and the entry together, to a file that others can read meanwhile", () => {
    const store = opened();
    const first = insertion();
    store.commit(first, 1e6);
    const reader = new DatabaseSync(path, { readOnly: true });
    expect(reader.prepare("select title from tasks").all()).toMatchObject([{ title: "t" }]);
    expect(reader.prepare("select id, state from journal").all()).toMatchObject([
      { id: first.id, state: "committed" },
    ]);
    expect(reader.prepare("pragma journal_mode").get()).toMatchObject({ journal_mode: "wal" });
    reader.close();
  });

  it("that is rejected leaves the rejection and nothing else", () => {
    const store = opened();
    const rejected = insertion("x".repeat(2000));
    const result = store.commit(rejected, 1000);
    expect(result).toMatchObject({ error: { code: "result_too_large" } });
    expect(store.read(call("select", { table: "tasks" }), 1e6)).toEqual({ rows: [] });
    expect(store.find(rejected.id)).toEqual({ state: "rejected", result });
  });

  it("of an id that another process served from the same file has no second effect", () => {
    const [mine, theirs] = [opened(), opened()];
    const shared = insertion();
    const result = theirs.commit(shared, 1e6);
    expect(mine.commit(shared, 1e6)).toEqual(result);
    const revoked = insertion();
    theirs.record(revoked.id, { state: "revoked" });
    expect(mine.commit(revoked, 1e6)).toMatchObject({ error: { code: "revoked" } });
    expect(mine.read(call("select", { table: "tasks" }), 1e6)).toMatchObject({ rows: [{ title: "t" }] });
  });
});

describe("vectors", () => {
  const search = (more: Partial<ToolCall> = {}) => call("vector_search", { vector: [1, 0], ...more });
  const upsert = (id: string, vector: number[], projectId?: string) =>
    call("vector_upsert", {
      data: { id, content: id, ...(projectId === undefined ? {} : { projectId }) },
      vector,
    });

  it("of another embedder are not compared", () => {
    const store = opened();
    store.useEmbedder("one");
    store.commit(upsert("a", [1, 0]), 1e6);
    store.useEmbedder("two");
    expect(store.read(search(), 1e6)).toEqual({ results: [] });
    store.useEmbedder("one");
    expect(store.read(search(), 1e6)).toMatchObject({ results: [{ id: "a", score: 1 }] });
  });

  it("are remembered with their embedder over a restart", () => {
    const store = opened();
    store.useEmbedder("one");
    store.commit(upsert("a", [3, 4]), 1e6);
    expect(reopened().read(search(), 1e6)).toMatchObject({
      results: [{ id: "a", score: expect.closeTo(0.6, 6) }],
    });
  });

  it("follow their note to another project", () => {
    const store = opened();
    const inserted = store.commit(
      call("insert", { table: "notes", data: { title: "n", content: "c", projectId: "p1" } }),
      1e6,
    );
    const id = "row" in inserted ? String(inserted.row?.["id"]) : "";
    store.commit(upsert(id, [1, 0], "p1"), 1e6);
    store.commit(call("update", { table: "notes", data: { id, updates: { projectId: "p2" } } }), 1e6);
    expect(store.read(search({ filters: { projectId: "p1" } }), 1e6)).toEqual({ results: [] });
    expect(store.read(search({ filters: { projectId: "p2" } }), 1e6)).toMatchObject({ results: [{ id }] });
  });

  it("without length or of another length are like nothing, or left out", () => {
    const store = opened();
    store.commit(upsert("zero", [0, 0]), 1e6);
    store.commit(upsert("long", [1, 0, 0]), 1e6);
    expect(store.read(search(), 1e6)).toEqual({ results: [{ id: "zero", content: "zero", score: 0 }] });
  });
});

describe("the sample workspace", () => {
  const nowMs = new Date(2026, 10, 20, 12).getTime();

  it("can be filled in twice, has the same ids everywhere, and keeps what the person changed", () => {
    const store = opened();
    seedStore(store, nowMs);
    const id = seedId("tasks", 0);
    store.commit(call("update", { table: "tasks", data: { id, updates: { status: "done" } } }), 1e6);
    seedStore(store, nowMs);
    expect(store.read(call("select", { table: "tasks", limit: 200 }), 1e6)).toMatchObject({
      rows: { length: 25 },
    });
    expect(store.read(call("get", { table: "tasks", data: { id } }), 1e6)).toMatchObject({
      row: { status: "done" },
    });
  });

  it("has something due today, something late, and something proposed", () => {
    const store = opened();
    seedStore(store, nowMs);
    const rows = (filters: Record<string, unknown>) => {
      const result = store.read(call("select", { table: "tasks", filters, limit: 200 }), 1e6);
      return "rows" in result ? result.rows : [];
    };
    const start = new Date(nowMs).setHours(0, 0, 0, 0);
    expect(rows({ dueDateFrom: start, dueDateTo: start + 86_399_999 }).length).toBeGreaterThan(1);
    expect(rows({ dueDateTo: start - 1, status: "todo" }).length).toBeGreaterThan(0);
    expect(rows({ isAiSuggested: 1, isApproved: 0 })).toHaveLength(1);
  });
});
