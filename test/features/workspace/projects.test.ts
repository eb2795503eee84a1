import { expect, test } from "vitest";
import { readInput } from "../../../src/features/tools/registry.ts";
import type { DeviceOutcome, Tool } from "../../../src/features/tools/types.ts";
import {
  createProject,
  getProject,
  listAllProjects,
  listProjects,
  updateProject,
} from "../../../src/features/workspace/tools/projects.ts";
import {
  createTimeline,
  listTimelines,
  updateTimeline,
} from "../../../src/features/workspace/tools/timelines.ts";
import { recordingContext } from "../../support/tool-context.ts";

const APOLLO = { id: "p1", name: "Apollo", status: "active", clientId: "k1", aiSummary: "Going\nwell" };
const LAUNCH = { id: "m1", projectId: "p1", title: "Launch", date: Date.parse("2026-12-01T08:00:00Z") };

async function use(tool: Tool, input: unknown, outcome: DeviceOutcome) {
  const recorded = recordingContext([outcome]);
  const reading = readInput(tool, input);
  if (!reading.ok) return { calls: recorded.calls, text: reading.output.text };
  const { text } = await tool.run(reading.input, recorded.ctx);
  return { calls: recorded.calls, text };
}

test("projects are listed without the archived ones unless they are asked for", async () => {
  const { calls, text } = await use(
    listProjects,
    { clientId: "k1", search: "apo" },
    { kind: "rows", rows: [APOLLO] },
  );
  expect(calls).toEqual([
    {
      action: "select",
      table: "projects",
      filters: { clientId: "k1", search: "apo", includeArchived: false, orderBy: "name" },
      limit: 51,
    },
  ]);
  expect(text).toBe("1 project:\n- [p1] Apollo | status: active | client: k1");
  const archived = await use(listProjects, { includeArchived: "true" }, { kind: "rows", rows: [] });
  expect(archived.calls[0]?.filters).toEqual({ includeArchived: true, orderBy: "name" });
  const all = await use(listAllProjects, {}, { kind: "rows", rows: [] });
  expect(all.calls[0]?.filters).toEqual({ includeArchived: true, orderBy: "name" });
});

test("one project is read with its summary", async () => {
  const { calls, text } = await use(
    getProject,
    { projectId: "p1" },
    { kind: "row", row: { ...APOLLO, createdAt: LAUNCH.date } },
  );
  expect(calls).toEqual([{ action: "get", table: "projects", data: { id: "p1" } }]);
  expect(text.split("\n")).toEqual([
    "1 project:",
    "- [p1] Apollo | status: active | client: k1",
    "created: 2026-12-01 09:00",
    "last change: unknown",
    "summary: Going well",
  ]);
  expect((await use(getProject, { projectId: "p9" }, { kind: "row", row: null })).text).toMatch(
    /^No project has the id p9/,
  );
});

test("a project begins active, and is archived by an update", async () => {
  const created = await use(createProject, { name: "Apollo" }, { kind: "row", row: APOLLO });
  expect(created.calls).toEqual([
    {
      action: "insert",
      table: "projects",
      data: { name: "Apollo", status: "active", isAiSuggested: 0, isApproved: 0 },
    },
  ]);
  const archived = await use(
    updateProject,
    { projectId: "p1", status: "Archived", clientId: null },
    { kind: "row", row: { ...APOLLO, status: "archived" } },
  );
  expect(archived.calls).toEqual([
    {
      action: "update",
      table: "projects",
      data: { id: "p1", updates: { status: "archived", clientId: null } },
    },
  ]);
});

test("milestones are listed by date, within days of the person's calendar", async () => {
  const { calls, text } = await use(
    listTimelines,
    { projectId: "p1", dateFrom: "2026-12-01", dateTo: "2026-12-31" },
    { kind: "rows", rows: [LAUNCH] },
  );
  expect(calls).toEqual([
    {
      action: "select",
      table: "timelines",
      filters: {
        projectId: "p1",
        dateFrom: Date.parse("2026-11-30T23:00:00Z"),
        dateTo: Date.parse("2026-12-31T22:59:59.999Z"),
        orderBy: "date",
      },
      limit: 51,
    },
  ]);
  expect(text).toBe("1 milestone:\n- [m1] Launch | date: 2026-12-01 09:00 | project: p1");
});

test("a milestone needs a project, a title and a date", async () => {
  const { calls, text } = await use(createTimeline, {}, { kind: "row", row: LAUNCH });
  expect(calls).toEqual([]);
  for (const field of ["projectId", "title", "date"]) expect(text).toContain(`${field}: is required.`);
});

test("a milestone is created and moved at the person's own time", async () => {
  const created = await use(
    createTimeline,
    { projectId: "p1", title: "Launch", date: "2026-12-01T09:00" },
    { kind: "row", row: LAUNCH },
  );
  expect(created.calls).toEqual([
    {
      action: "insert",
      table: "timelines",
      data: { projectId: "p1", title: "Launch", date: LAUNCH.date, isAiSuggested: 0, isApproved: 0 },
    },
  ]);
  expect(created.text).toBe("Created 1 milestone:\n- [m1] Launch | date: 2026-12-01 09:00 | project: p1");
  const moved = await use(
    updateTimeline,
    { timelineId: "m1", date: "2026-12-01T09:00", isApproved: "1" },
    { kind: "row", row: LAUNCH },
  );
  expect(moved.calls).toEqual([
    {
      action: "update",
      table: "timelines",
      data: { id: "m1", updates: { isApproved: 1, date: LAUNCH.date } },
    },
  ]);
});
