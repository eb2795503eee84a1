import { describe, expect, it } from "vitest";
import type { DeviceSide } from "./device-hub.ts";
import { type Bench, errorOf } from "./device-suite.ts";

const TASKS = [
  { title: "Alpha report", status: "todo", priority: "high", dueDate: 100, projectId: "p1" },
  { title: "beta", description: "the REPORT of Émile", status: "done", priority: "low", dueDate: 200 },
  {
    title: "Gamma 100% _done_",
    status: "todo",
    priority: "low",
    dueDate: 300,
    projectId: "p1",
    isAiSuggested: 1,
  },
  { title: "delta", status: "in_progress", priority: "medium" },
];

export function filterCases(bench: () => Bench): void {
  describe("filters", () => {
    async function tasks(): Promise<DeviceSide> {
      const { device } = await bench().start();
      for (const task of TASKS) await bench().insert(device, "tasks", task);
      return device;
    }

    it.each([
      ["nothing", {}, ["Alpha report", "beta", "delta", "Gamma 100% _done_"]],
      ["a column", { status: "todo" }, ["Alpha report", "Gamma 100% _done_"]],
      ["two columns", { status: "todo", priority: "low" }, ["Gamma 100% _done_"]],
      ["a flag", { isAiSuggested: 1 }, ["Gamma 100% _done_"]],
      ["a value nothing has", { projectId: "p9" }, []],
      [
        "null, which is no filter",
        { status: null, search: null, dueDateFrom: null, projectId: null },
        ["Alpha report", "beta", "delta", "Gamma 100% _done_"],
      ],
      ["words in title or text, whatever their case", { search: "rEPORt" }, ["Alpha report", "beta"]],
      ["words beyond ASCII", { search: "éMILE" }, ["beta"]],
      ["signs that patterns are made of, as themselves", { search: "100% _" }, ["Gamma 100% _done_"]],
      ["a sign that is a pattern elsewhere", { search: "a%r" }, []],
      ["a range that includes both ends", { dueDateFrom: 100, dueDateTo: 200 }, ["Alpha report", "beta"]],
      ["an open range", { dueDateFrom: 201 }, ["Gamma 100% _done_"]],
      [
        "a range, a column and words",
        { dueDateTo: 300, projectId: "p1", search: "a" },
        ["Alpha report", "Gamma 100% _done_"],
      ],
      ["text that tries to be SQL", { title: "' or 1=1 --" }, []],
    ])("match %s", async (_what, filters, titles) => {
      const rows = await bench().select(await tasks(), "tasks", filters);
      const found = rows.map((row) => String(row["title"]));
      expect(found.sort((a, b) => a.localeCompare(b, "en"))).toEqual(titles);
    });

    it.each([
      ["dueDate", ["Alpha report", "beta", "Gamma 100% _done_"]],
      ["dueDate desc", ["Gamma 100% _done_", "beta", "Alpha report"]],
    ])("order by %s", async (orderBy, titles) => {
      const rows = await bench().select(await tasks(), "tasks", { orderBy, dueDateFrom: 0 });
      expect(rows.map((row) => row["title"])).toEqual(titles);
    });

    it.each([
      ["an unknown column", { colour: "red" }],
      ["an unknown range", { titleFrom: 1 }],
      ["a range of an unknown column", { deadlineFrom: 1 }],
      ["an unknown operator", { dueDateAfter: 1 }],
      ["a name that tries to be SQL", { '1=1 or "title"': "x" }],
      ["the name of a method", { toString: "x" }],
      ["an object for a value", { status: { not: "done" } }],
      ["a word that the column never holds", { status: "paused" }],
      ["a text for a number", { dueDateFrom: "yesterday" }],
      ["an order by an unknown column", { orderBy: "colour" }],
      ["an order in an unknown direction", { orderBy: "title sideways" }],
      ["an order that tries to be SQL", { orderBy: "title; drop table tasks" }],
      ["a search for what is no text", { search: 7 }],
    ])("that have %s are an error", async (_what, filters) => {
      const device = await tasks();
      const answer = await device.call({ action: "select", table: "tasks", filters });
      expect(errorOf(answer)).not.toBeNull();
      expect(await bench().select(device, "tasks")).toHaveLength(TASKS.length);
    });

    it("leave archived projects out unless asked", async () => {
      const { device } = await bench().start();
      await bench().insert(device, "projects", { name: "A" });
      await bench().insert(device, "projects", { name: "B", status: "archived" });
      const names = async (filters: Record<string, unknown>) =>
        (await bench().select(device, "projects", filters)).map((row) => row["name"]);
      expect(await names({})).toEqual(["A"]);
      expect(await names({ includeArchived: false })).toEqual(["A"]);
      expect(await names({ includeArchived: true, orderBy: "name" })).toEqual(["A", "B"]);
      expect(await names({ status: "archived" })).toEqual(["B"]);
    });

    it("give 50 rows unless asked for more, and never more than 200", async () => {
      const { device } = await bench().start();
      const ids = Array.from({ length: 201 }, (_, index) =>
        device.sendCall({ action: "insert", table: "clients", data: { name: `client ${index}` } }),
      );
      for (const id of ids) await device.result(id);
      expect(await bench().select(device, "clients")).toHaveLength(50);
      expect(await bench().select(device, "clients", {}, 3)).toHaveLength(3);
      expect(await bench().select(device, "clients", {}, 1000)).toHaveLength(200);
    });
  });
}
