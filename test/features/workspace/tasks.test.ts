import fc from "fast-check";
import { expect, test } from "vitest";
import { readInput } from "../../../src/features/tools/registry.ts";
import type { DeviceOutcome, DeviceRow, Tool, ToolContext } from "../../../src/features/tools/types.ts";
import {
  addTaskComment,
  deleteTaskComment,
  listTaskComments,
} from "../../../src/features/workspace/tools/comments.ts";
import {
  createTask,
  deleteTask,
  listTasks,
  listTasksDueToday,
  updateTask,
} from "../../../src/features/workspace/tools/tasks.ts";
import { recordingContext } from "../../support/tool-context.ts";

const NINE_IN_BERLIN_MS = Date.parse("2026-11-21T08:00:00Z");

function taskRow(id: string, columns: DeviceRow = {}): DeviceRow {
  return {
    id,
    title: `Task ${id}`,
    status: "todo",
    priority: "medium",
    isAiSuggested: 0,
    isApproved: 0,
    ...columns,
  };
}

const rowsOf = (count: number, columns: (index: number) => DeviceRow = () => ({})): DeviceOutcome => ({
  kind: "rows",
  rows: Array.from({ length: count }, (_, index) => taskRow(`t${index}`, columns(index))),
});

async function use(tool: Tool, input: unknown, outcome: DeviceOutcome, overrides: Partial<ToolContext> = {}) {
  const recorded = recordingContext([outcome], overrides);
  const reading = readInput(tool, input);
  if (!reading.ok) return { calls: recorded.calls, text: reading.output.text, isError: true };
  const output = await tool.run(reading.input, recorded.ctx);
  return { calls: recorded.calls, text: output.text, isError: output.isError ?? false };
}

test("listing asks the device for just the rows that match, and for one more to know of others", async () => {
  const { calls } = await use(
    listTasks,
    {
      projectId: "p1",
      status: "To Do",
      priority: "HIGH",
      search: "milk",
      dueFrom: "2026-11-21",
      dueTo: "2026-11-21",
      limit: "10",
    },
    rowsOf(0),
  );
  expect(calls).toEqual([
    {
      action: "select",
      table: "tasks",
      filters: {
        projectId: "p1",
        status: "todo",
        priority: "high",
        search: "milk",
        dueDateFrom: Date.parse("2026-11-20T23:00:00Z"),
        dueDateTo: Date.parse("2026-11-21T22:59:59.999Z"),
        orderBy: "updatedAt desc",
      },
      limit: 11,
    },
  ]);
});

test("a list without filters sends none, and counts fifty", async () => {
  const { calls } = await use(listTasks, { projectId: "", status: null }, rowsOf(0));
  expect(calls).toEqual([
    { action: "select", table: "tasks", filters: { orderBy: "updatedAt desc" }, limit: 51 },
  ]);
});

test("suggestions that wait can be listed", async () => {
  const { calls, text } = await use(
    listTasks,
    { awaitingApproval: true, orderBy: "createdAt desc" },
    { kind: "rows", rows: [taskRow("t1", { isAiSuggested: 1 })] },
  );
  expect(calls[0]?.filters).toEqual({ isAiSuggested: 1, isApproved: 0, orderBy: "createdAt desc" });
  expect(text).toBe(
    "1 task:\n- [t1] Task t1 | status: todo | priority: medium | suggestion: waiting for approval",
  );
});

test("rows read as lines with what is known of them, times in the person's time zone", async () => {
  const { text } = await use(
    listTasks,
    {},
    {
      kind: "rows",
      rows: [
        taskRow("t1", {
          title: "Call\n- [t9] Bo",
          priority: "high",
          dueDate: NINE_IN_BERLIN_MS,
          projectId: "p1",
          assignee: '["Ann","Bo"]',
          description: "About the\nroof",
        }),
        taskRow("t2", { assignee: "Cy", dueDate: null, dueDateText: "x" }),
      ],
    },
  );
  expect(text.split("\n")).toEqual([
    "2 tasks:",
    "- [t1] Call - [t9] Bo | status: todo | priority: high | due: 2026-11-21 09:00 | project: p1 | assignees: Ann, Bo | description: About the roof",
    "- [t2] Task t2 | status: todo | priority: medium | assignees: Cy",
  ]);
});

test("an empty list, one task and many tasks are counted in words", async () => {
  const firstLine = async (count: number, input = {}) =>
    (await use(listTasks, input, rowsOf(count))).text.split("\n")[0];
  expect(await firstLine(0)).toBe("No tasks match.");
  expect(await firstLine(1)).toBe("1 task:");
  expect(await firstLine(25)).toBe("25 tasks:");
  expect(await firstLine(40)).toBe("25 of 40 tasks:");
  expect(await firstLine(51)).toBe("25 of more than 50 tasks:");
  expect(await firstLine(6, { limit: 5 })).toBe("5 of more than 5 tasks:");
});

test("rows that are not shown are still counted by status and priority", async () => {
  const { text } = await use(
    listTasks,
    {},
    rowsOf(40, (index) => ({ status: index < 30 ? "todo" : "done" })),
  );
  const lines = text.split("\n");
  expect(lines).toHaveLength(1 + 25 + 2);
  expect(lines.slice(26)).toEqual([
    "Counted over all 40 by status: todo 30, done 10.",
    "Counted over all 40 by priority: medium 40.",
  ]);
});

test("long lists leave out descriptions", async () => {
  const described = (index: number) => ({ description: `Secret ${index}` });
  expect((await use(listTasks, {}, rowsOf(3, described))).text).toContain("Secret 2");
  expect((await use(listTasks, {}, rowsOf(4, described))).text).not.toContain("Secret");
});

test("an answer that is too large asks for less", async () => {
  const { text, isError } = await use(
    listTasks,
    {},
    { kind: "error", code: "result_too_large", message: "2 MB" },
  );
  expect(isError).toBe(true);
  expect(text).toContain("ask for less");
});

test("what is due today is what falls into the person's own day", async () => {
  const { calls, text } = await use(listTasksDueToday, {}, rowsOf(0), {
    timezone: "Pacific/Auckland",
    now: Date.parse("2026-11-20T11:30:00Z"),
  });
  expect(calls).toEqual([
    {
      action: "select",
      table: "tasks",
      filters: {
        dueDateFrom: Date.parse("2026-11-20T11:00:00Z"),
        dueDateTo: Date.parse("2026-11-21T10:59:59.999Z"),
        orderBy: "dueDate",
      },
      limit: 51,
    },
  ]);
  expect(text).toBe("No tasks match.\nToday is 2026-11-21 (Pacific/Auckland).");
});

test("the bounds of today hold the present in every zone", async () => {
  const zone = fc.constantFrom(
    "UTC",
    "Asia/Tokyo",
    "America/Havana",
    "Africa/Cairo",
    "Pacific/Apia",
    "nowhere",
  );
  const instant = fc.integer({ min: Date.UTC(2020, 0, 1), max: Date.UTC(2036, 0, 1) });
  await fc.assert(
    fc.asyncProperty(zone, instant, async (timezone, now) => {
      const { calls } = await use(listTasksDueToday, {}, rowsOf(0), { timezone, now });
      const { dueDateFrom, dueDateTo } = calls[0]?.filters ?? {};
      expect(dueDateFrom).toBeLessThanOrEqual(now);
      expect(dueDateTo).toBeGreaterThanOrEqual(now);
    }),
  );
});

test("a task is created with the defaults of the schema and only what was given", async () => {
  const row = taskRow("t1", { title: "Buy milk" });
  const { calls, text, isError } = await use(createTask, { title: " Buy milk " }, { kind: "row", row });
  expect(calls).toEqual([
    {
      action: "insert",
      table: "tasks",
      data: { title: "Buy milk", status: "todo", priority: "medium", isAiSuggested: 0, isApproved: 0 },
    },
  ]);
  expect(text).toBe("Created 1 task:\n- [t1] Buy milk | status: todo | priority: medium");
  expect(isError).toBe(false);
});

test("a created task carries people as JSON and its due date in milliseconds", async () => {
  const input = {
    title: "Call",
    description: "About the roof",
    status: "in progress",
    priority: "high",
    assignees: ["Ann", "Bo"],
    dueDate: "2026-11-21T09:00",
    projectId: "p1",
    isAiSuggested: true,
  };
  const { calls } = await use(createTask, input, { kind: "row", row: taskRow("t1") });
  expect(calls[0]?.data).toEqual({
    title: "Call",
    description: "About the roof",
    status: "in_progress",
    priority: "high",
    assignee: '["Ann","Bo"]',
    dueDate: NINE_IN_BERLIN_MS,
    projectId: "p1",
    isAiSuggested: 1,
    isApproved: 0,
  });
});

test("an update sends the given columns and no others", async () => {
  const { calls, text } = await use(
    updateTask,
    { taskId: "t1", status: "done", title: null },
    { kind: "row", row: taskRow("t1", { status: "done" }) },
  );
  expect(calls).toEqual([
    { action: "update", table: "tasks", data: { id: "t1", updates: { status: "done" } } },
  ]);
  expect(text).toBe("Updated 1 task:\n- [t1] Task t1 | status: done | priority: medium");
});

test("an update empties columns with null", async () => {
  const { calls } = await use(
    updateTask,
    { taskId: "t1", description: null, dueDate: null, projectId: null, assignees: null },
    { kind: "row", row: taskRow("t1") },
  );
  expect(calls[0]?.data).toEqual({
    id: "t1",
    updates: { description: null, dueDate: null, projectId: null, assignee: null },
  });
});

test("an update of nothing never reaches the device", async () => {
  for (const input of [{ taskId: "t1" }, { taskId: "t1", title: null }]) {
    const { calls, isError, text } = await use(updateTask, input, { kind: "row", row: taskRow("t1") });
    expect({ calls, isError }).toEqual({ calls: [], isError: true });
    expect(text).toContain("at least one field");
  }
});

test("no update makes a suggestion of a row, for rejecting one deletes it without asking", async () => {
  for (const flags of [{ isAiSuggested: 1 }, { isAiSuggested: "true" }, { isApproved: 0 }]) {
    const { calls, isError } = await use(
      updateTask,
      { taskId: "t1", status: "done", ...flags },
      { kind: "row", row: taskRow("t1") },
    );
    expect({ calls, isError }).toEqual({ calls: [], isError: true });
  }
  const { calls } = await use(
    updateTask,
    { taskId: "t1", isAiSuggested: "0", isApproved: true },
    { kind: "row", row: taskRow("t1") },
  );
  expect(calls[0]?.data).toEqual({ id: "t1", updates: { isAiSuggested: 0, isApproved: 1 } });
});

test("a task is deleted by its id", async () => {
  const { calls, text } = await use(deleteTask, { taskId: "t1" }, { kind: "deleted", deleted: true });
  expect(calls).toEqual([{ action: "delete", table: "tasks", data: { id: "t1" } }]);
  expect(text).toBe("Deleted the task [t1].");
});

test("comments are listed newest first", async () => {
  const row = {
    id: "c1",
    taskId: "t1",
    author: "Ann",
    content: "Almost\ndone",
    createdAt: NINE_IN_BERLIN_MS,
  };
  const { calls, text } = await use(listTaskComments, { taskId: "t1" }, { kind: "rows", rows: [row] });
  expect(calls).toEqual([
    {
      action: "select",
      table: "taskComments",
      filters: { taskId: "t1", orderBy: "createdAt desc" },
      limit: 51,
    },
  ]);
  expect(text).toBe("1 comment:\n- [c1] Almost done | author: Ann | written: 2026-11-21 09:00 | task: t1");
});

test("a comment without an author is the assistant's", async () => {
  const outcome: DeviceOutcome = { kind: "row", row: { id: "c1", content: "Hi", author: "Assistant" } };
  const { calls, text } = await use(addTaskComment, { taskId: "t1", content: "Hi" }, outcome);
  expect(calls).toEqual([
    { action: "insert", table: "taskComments", data: { taskId: "t1", author: "Assistant", content: "Hi" } },
  ]);
  expect(text).toBe("Added 1 comment:\n- [c1] Hi | author: Assistant");
});

test("a row with an impossible time is listed without it", async () => {
  const { text } = await use(
    listTasks,
    {},
    rowsOf(1, () => ({ dueDate: 8_640_000_000_000_000 })),
  );
  expect(text).toBe("1 task:\n- [t0] Task t0 | status: todo | priority: medium");
});

test("a comment is deleted by its id", async () => {
  const { calls } = await use(deleteTaskComment, { commentId: "c1" }, { kind: "deleted", deleted: true });
  expect(calls).toEqual([{ action: "delete", table: "taskComments", data: { id: "c1" } }]);
});
