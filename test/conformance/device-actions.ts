import { existsSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { isUuid } from "../../src/lib/ids.ts";
import { letters } from "./device-hub.ts";
import { type Bench, errorOf, rowOf } from "./device-suite.ts";

const NAUGHTY = join(import.meta.dirname, "../../../shared/data/hostile/naughty-strings.json");

export function actionCases(bench: () => Bench): void {
  describe("an insert", () => {
    it("makes id and times, and fills in the defaults", async () => {
      const { device } = await bench().start();
      const row = await bench().insert(device, "tasks", { title: "Write", priority: "high", dueDate: 5 });
      expect(isUuid(row.id)).toBe(true);
      expect(row).toMatchObject({
        title: "Write",
        priority: "high",
        status: "todo",
        dueDate: 5,
        description: null,
        isAiSuggested: 0,
        isApproved: 0,
        createdAt: expect.any(Number),
        updatedAt: row["createdAt"],
      });
      expect(await bench().select(device, "tasks")).toEqual([row]);
    });

    it.each([
      ["projects", { name: "P", clientId: "c" }],
      ["timelines", { projectId: "p", title: "M", date: 9 }],
      ["notes", { title: "N", content: "# Text" }],
      ["taskComments", { taskId: "t", author: "Me", content: "C" }],
      ["clients", { name: "C", industry: "I" }],
    ])("works on %s", async (table, data) => {
      const { device } = await bench().start();
      const row = await bench().insert(device, table, data);
      expect(row).toMatchObject(data);
      expect(await bench().select(device, table)).toEqual([row]);
    });

    it.each([
      ["a required column is missing", "timelines", { title: "M", date: 1 }],
      ["a column does not exist", "tasks", { title: "T", colour: "red" }],
      ["a value has the wrong type", "tasks", { title: 7 }],
      ["a word is not one of the column's", "tasks", { title: "T", status: "paused" }],
      ["a flag is neither 0 nor 1", "tasks", { title: "T", isApproved: 2 }],
      ["the table does not exist", "secrets", { title: "T" }],
      ["the table is the device's own", "journal", { id: "x" }],
      ["the table has the name of a method", "constructor", { title: "T" }],
    ])("is an error when %s", async (_what, table, data) => {
      const { device } = await bench().start();
      expect(errorOf(await device.call({ action: "insert", table, data }))).not.toBeNull();
      expect(await bench().select(device, "tasks")).toEqual([]);
    });

    it("never takes an id or a time from outside", async () => {
      const { device } = await bench().start();
      for (const data of [{ id: "mine" }, { createdAt: 1 }, { updatedAt: 1 }]) {
        await device.call({ action: "insert", table: "tasks", data: { title: "T", ...data } });
      }
      for (const row of await bench().select(device, "tasks")) {
        expect(row.id).not.toBe("mine");
        expect(row["createdAt"]).not.toBe(1);
        expect(row["updatedAt"]).not.toBe(1);
      }
    });
  });

  describe("one row", () => {
    it("is got by its id, and null when there is none", async () => {
      const { device } = await bench().start();
      const row = await bench().insert(device, "clients", { name: "C" });
      expect(await device.call({ action: "get", table: "clients", data: { id: row.id } })).toMatchObject({
        row,
      });
      expect(await device.call({ action: "get", table: "clients", data: { id: "no" } })).toMatchObject({
        row: null,
      });
      expect(errorOf(await device.call({ action: "get", table: "clients" }))).not.toBeNull();
    });

    it("is updated in the columns named, and in no other", async () => {
      const { device } = await bench().start();
      const row = await bench().insert(device, "tasks", {
        title: "T",
        status: "in_progress",
        description: "D",
        isAiSuggested: 1,
      });
      const updates = { title: "U", description: null };
      const changed = rowOf(
        await device.call({ action: "update", table: "tasks", data: { id: row.id, updates } }),
      );
      expect(changed).toEqual({ ...row, ...updates, updatedAt: expect.any(Number) });
      expect(Number(changed["updatedAt"])).toBeGreaterThanOrEqual(Number(row["updatedAt"]));
      expect(await bench().select(device, "tasks")).toEqual([changed]);
    });

    it("that is absent updates to null", async () => {
      const { device } = await bench().start();
      const data = { id: "no", updates: { title: "U" } };
      expect(await device.call({ action: "update", table: "tasks", data })).toMatchObject({ row: null });
    });

    it.each([
      ["nothing", {}],
      ["a column that does not exist", { colour: "red" }],
      ["the id", { id: "other" }],
      ["a required column to null", { title: null }],
    ])("cannot be updated in %s", async (_what, updates) => {
      const { device } = await bench().start();
      const row = await bench().insert(device, "tasks", { title: "T" });
      expect(
        errorOf(await device.call({ action: "update", table: "tasks", data: { id: row.id, updates } })),
      ).not.toBeNull();
      expect(await bench().select(device, "tasks")).toEqual([row]);
    });

    it("is deleted once", async () => {
      const { device } = await bench().start();
      const row = await bench().insert(device, "tasks", { title: "T" });
      const kept = await bench().insert(device, "tasks", { title: "K" });
      const deletion = { action: "delete", table: "tasks", data: { id: row.id } } as const;
      expect(await device.call(deletion)).toMatchObject({ deleted: true });
      expect(await device.call(deletion)).toMatchObject({ deleted: false });
      expect(await bench().select(device, "tasks")).toEqual([kept]);
    });
  });

  describe("vectors", () => {
    const upsert = (id: string, content: string, projectId?: string) => ({
      action: "vector_upsert" as const,
      data: { id, content, ...(projectId === undefined ? {} : { projectId }) },
      vector: letters(content),
    });

    it("are searched by likeness, best first, within a limit and a project", async () => {
      const { device } = await bench().start();
      expect(await device.call(upsert("n1", "abcabc", "p1"))).toMatchObject({ ok: true });
      await device.call(upsert("n2", "abc", "p2"));
      await device.call(upsert("n3", "abx"));
      await device.call(upsert("n4", "xyz"));
      const search = { action: "vector_search" as const, vector: letters("aabbcc") };
      const { results } = await device.call({ ...search, limit: 3 });
      expect(results).toEqual([
        { id: "n1", content: "abcabc", score: expect.closeTo(1, 5) },
        { id: "n2", content: "abc", score: expect.closeTo(1, 5) },
        { id: "n3", content: "abx", score: expect.closeTo(2 / 3, 5) },
      ]);
      const within = await device.call({ ...search, filters: { projectId: "p2" } });
      expect(within["results"]).toMatchObject([{ id: "n2" }]);
    });

    it("are replaced under the same id", async () => {
      const { device } = await bench().start();
      await device.call(upsert("n1", "abc"));
      await device.call(upsert("n1", "xyz"));
      const { results } = await device.call({ action: "vector_search", vector: letters("xyz") });
      expect(results).toEqual([{ id: "n1", content: "xyz", score: expect.closeTo(1, 5) }]);
    });

    it("go with their note", async () => {
      const { device } = await bench().start();
      const note = await bench().insert(device, "notes", { title: "abc", content: "abc" });
      await device.call(upsert(note.id, "abc"));
      await device.call({ action: "delete", table: "notes", data: { id: note.id } });
      expect(await device.call({ action: "vector_search", vector: letters("abc") })).toMatchObject({
        results: [],
      });
    });

    it("are refused without a vector, or under an unknown filter", async () => {
      const { device } = await bench().start();
      expect(
        errorOf(await device.call({ action: "vector_upsert", data: { id: "n", content: "c" } })),
      ).not.toBeNull();
      expect(errorOf(await device.call({ action: "vector_search" }))).not.toBeNull();
      const unknown = { action: "vector_search" as const, vector: letters("a"), filters: { owner: "me" } };
      expect(errorOf(await device.call(unknown))).not.toBeNull();
    });
  });

  it("an MCP server that the device does not host is an error", async () => {
    const { device } = await bench().start();
    const data = { server: "files", tool: "read", arguments: {} };
    expect(errorOf(await device.call({ action: "mcp_call", data }))).toBe("no_such_server");
  });

  it.skipIf(!existsSync(NAUGHTY))(
    "hostile strings come back as they went in, and are found",
    async () => {
      const strings: string[] = JSON.parse(readFileSync(NAUGHTY, "utf8"));
      const { device } = await bench().start();
      for (const text of [...strings, "a\u0000b", "\ud83d\ude00", "x".repeat(100_000)]) {
        const row = await bench().insert(device, "notes", { title: text, content: `before ${text} after` });
        expect(row).toMatchObject({ title: text, content: `before ${text} after` });
        const byTitle = await bench().select(device, "notes", { title: text }, 200);
        expect(byTitle).toContainEqual(row);
        const found = await bench().select(device, "notes", { search: text, id: row.id });
        expect(found).toEqual([row]);
        await device.call({ action: "delete", table: "notes", data: { id: row.id } });
      }
      expect(await bench().select(device, "notes")).toEqual([]);
    },
    120_000,
  );
}
