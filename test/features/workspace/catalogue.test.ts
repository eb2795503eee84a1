/** What holds for every device tool, whatever it does. */
import { describe, expect, test } from "vitest";
import { MUTATING_ACTIONS } from "../../../src/features/hub/protocol.ts";
import { readInput } from "../../../src/features/tools/registry.ts";
import type { DeviceOutcome, Tool } from "../../../src/features/tools/types.ts";
import { WORKSPACE_TOOLS, workspaceTools } from "../../../src/features/workspace/tools.ts";
import { recordingContext } from "../../support/tool-context.ts";

/** One input for each tool, by its name. */
const INPUTS: Record<string, Record<string, unknown>> = {
  list_tasks: { status: "todo" },
  create_task: { title: "Buy milk", dueDate: "2026-11-21T09:00", assignees: ["Ann"] },
  update_task: { taskId: "t1", dueDate: "2026-11-21", assignees: [] },
  delete_task: { taskId: "t1" },
  list_tasks_due_today: {},
  list_task_comments: { taskId: "t1" },
  add_task_comment: { taskId: "t1", content: "Done soon" },
  delete_task_comment: { commentId: "c1" },
  list_projects: {},
  list_all_projects: {},
  get_project: { projectId: "p1" },
  create_project: { name: "Apollo" },
  update_project: { projectId: "p1", status: "archived" },
  delete_project: { projectId: "p1" },
  list_timelines: { projectId: "p1" },
  create_timeline: { projectId: "p1", title: "Launch", date: "2026-12-01" },
  update_timeline: { timelineId: "m1", date: "2026-12-02" },
  delete_timeline: { timelineId: "m1" },
  list_notes: {},
  get_note: { noteId: "n1" },
  create_note: { title: "Ideas", content: "# One" },
  update_note: { noteId: "n1", content: "# Two" },
  delete_note: { noteId: "n1" },
  search_notes: { query: "garden" },
  decide_suggestion: { table: "tasks", id: "t1", approved: true },
};

const everyTool = WORKSPACE_TOOLS.map((tool) => [tool.name, tool] as const);
const mutatingTools = everyTool.filter(([, tool]) => !tool.readOnly);

async function runWith(tool: Tool, outcome: DeviceOutcome) {
  const recorded = recordingContext([outcome]);
  const reading = readInput(tool, INPUTS[tool.name]);
  if (!reading.ok) throw new Error(reading.output.text);
  return { output: await tool.run(reading.input, recorded.ctx), input: reading.input, ...recorded };
}

test("the domains own the 23 device tools and note search", () => {
  expect(
    Object.fromEntries(Object.entries(workspaceTools).map(([domain, tools]) => [domain, tools.length])),
  ).toEqual({
    tasks: 8,
    projects: 6,
    timelines: 4,
    notes: 6,
  });
  expect(everyTool.map(([name]) => name).sort()).toEqual(Object.keys(INPUTS).sort());
});

test("what deletes asks first, and only that", () => {
  const destructive = WORKSPACE_TOOLS.filter((tool) => tool.destructive).map((tool) => tool.name);
  expect(destructive).toEqual(
    WORKSPACE_TOOLS.filter((tool) => tool.name.startsWith("delete_")).map((tool) => tool.name),
  );
});

describe.each(everyTool)("%s", (_name, tool) => {
  test("is read-only exactly when its first call changes nothing", async () => {
    const { calls } = await runWith(tool, { kind: "offline" });
    expect(calls).toHaveLength(1);
    expect(MUTATING_ACTIONS.has(calls[0]!.action)).toBe(!tool.readOnly);
  });

  test("says so when the device is offline, and calls it no more", async () => {
    const { output, calls } = await runWith(tool, { kind: "offline" });
    expect(output).toMatchObject({ isError: true, text: expect.stringMatching(/^The device is offline/) });
    expect(calls).toHaveLength(1);
  });

  test("passes on why it failed on the device", async () => {
    const { output } = await runWith(tool, {
      kind: "error",
      code: "constraint",
      message: "no such\nproject",
    });
    expect(output).toEqual({
      text: "This failed on the device: no such project (constraint).",
      isError: true,
    });
  });

  test("takes an answer to another question for no success", async () => {
    const { output } = await runWith(tool, { kind: "ok", ok: true });
    expect(output.isError).toBe(true);
  });

  test("refuses a parameter that it does not have", () => {
    const reading = readInput(tool, { ...INPUTS[tool.name], surprise: 1 });
    expect(reading).toMatchObject({ ok: false, output: { text: expect.stringContaining("surprise") } });
  });
});

describe.each(mutatingTools)("%s, which changes rows,", (_name, tool) => {
  test("shows for approval the very call that it makes", async () => {
    const { calls, input, ctx } = await runWith(tool, { kind: "offline" });
    const { summary, ...call } = tool.approval!(input, ctx);
    expect(calls[0]).toEqual(call);
    expect(summary).toMatch(/^\p{Lu}.*\.$/u);
  });

  test("tells the model to look when the outcome is unknown", async () => {
    const { output } = await runWith(tool, { kind: "unknown" });
    expect(output).toEqual({
      text: "This change may have happened: look it up before trying again.",
      isError: true,
    });
  });

  test("reports a row that is not there", async () => {
    const absent: DeviceOutcome = tool.destructive
      ? { kind: "deleted", deleted: false }
      : { kind: "row", row: null };
    const { output } = await runWith(tool, absent);
    expect(output.isError).toBe(true);
    if (!tool.name.startsWith("create_") && !tool.name.startsWith("add_"))
      expect(output.text).toMatch(/has the id/);
  });
});
