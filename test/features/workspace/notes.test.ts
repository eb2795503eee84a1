import { expect, test } from "vitest";
import { readInput } from "../../../src/features/tools/registry.ts";
import type { DeviceOutcome, Tool, ToolContext } from "../../../src/features/tools/types.ts";
import { indexedText } from "../../../src/features/workspace/note-text.ts";
import { searchNotes } from "../../../src/features/workspace/tools/note-search.ts";
import { createNote, getNote, listNotes, updateNote } from "../../../src/features/workspace/tools/notes.ts";
import { decideSuggestion } from "../../../src/features/workspace/tools/suggestions.ts";
import { recordingContext } from "../../support/tool-context.ts";

const IDEAS = {
  id: "n1",
  title: "Ideas",
  content: "# Garden\n\nRoses",
  projectId: "p1",
  updatedAt: Date.parse("2026-11-20T08:00Z"),
};
const IDEAS_LINE = "- [n1] Ideas | changed: 2026-11-20 09:00 | project: p1";
const OK: DeviceOutcome = { kind: "ok", ok: true };

async function use(
  tool: Tool,
  input: unknown,
  outcomes: DeviceOutcome[],
  overrides: Partial<ToolContext> = {},
) {
  const recorded = recordingContext(outcomes, overrides);
  const reading = readInput(tool, input);
  if (!reading.ok) throw new Error(reading.output.text);
  return { ...recorded, output: await tool.run(reading.input, recorded.ctx) };
}

test("notes are listed without their text", async () => {
  const { calls, output } = await use(listNotes, { projectId: "p1" }, [{ kind: "rows", rows: [IDEAS] }]);
  expect(calls).toEqual([
    { action: "select", table: "notes", filters: { projectId: "p1", orderBy: "updatedAt desc" }, limit: 51 },
  ]);
  expect(output.text).toBe(`1 note:\n${IDEAS_LINE}`);
});

test("a note is read with its text as it is", async () => {
  const { calls, output } = await use(getNote, { noteId: "n1" }, [{ kind: "row", row: IDEAS }]);
  expect(calls).toEqual([{ action: "get", table: "notes", data: { id: "n1" } }]);
  expect(output.text).toBe(`1 note:\n${IDEAS_LINE}\ncontent:\n# Garden\n\nRoses`);
});

test("a long note is read page by page, to its last character", async () => {
  const content = Array.from({ length: 5000 }, (_, index) => `${index} 😀`).join(" ");
  let read = "";
  for (let offset = 0, pages = 0; pages < 20; pages++) {
    const { output } = await use(getNote, { noteId: "n1", offset }, [
      { kind: "row", row: { ...IDEAS, content } },
    ]);
    const page = output.text.split("\ncontent:\n")[1] ?? "";
    const more = /\n\(Characters \d+ to (\d+) of \d+: .*\)$/.exec(page);
    read += more ? page.slice(0, more.index) : page;
    if (!more) break;
    offset = Number(more[1]);
  }
  expect(read).toBe(content);
});

test("a new note is inserted, then made findable, in this order", async () => {
  const { calls, embedded, output } = await use(
    createNote,
    { title: "Ideas", content: "# Garden\n\nRoses", projectId: "p1" },
    [{ kind: "row", row: IDEAS }, OK],
  );
  const text = "Ideas\n\n# Garden\n\nRoses";
  expect(calls).toEqual([
    {
      action: "insert",
      table: "notes",
      data: {
        title: "Ideas",
        content: "# Garden\n\nRoses",
        projectId: "p1",
        isAiSuggested: 0,
        isApproved: 0,
      },
    },
    { action: "vector_upsert", data: { id: "n1", projectId: "p1", content: text }, vector: [0.25, 0.5] },
  ]);
  expect(embedded).toEqual([text]);
  expect(output).toEqual({ text: `Created 1 note:\n${IDEAS_LINE}` });
});

test("a changed note is indexed anew from the row that the device confirmed", async () => {
  const row = { ...IDEAS, title: "Plans", projectId: null };
  const { calls } = await use(updateNote, { noteId: "n1", title: "Plans" }, [{ kind: "row", row }, OK]);
  expect(calls).toEqual([
    { action: "update", table: "notes", data: { id: "n1", updates: { title: "Plans" } } },
    {
      action: "vector_upsert",
      data: { id: "n1", content: "Plans\n\n# Garden\n\nRoses" },
      vector: [0.25, 0.5],
    },
  ]);
});

test("a note may be emptied", async () => {
  const { calls } = await use(updateNote, { noteId: "n1", content: "" }, [
    { kind: "row", row: { ...IDEAS, content: "" } },
    OK,
  ]);
  expect(calls[0]?.data).toEqual({ id: "n1", updates: { content: "" } });
});

test("a note that was not saved is not indexed", async () => {
  for (const outcome of [
    { kind: "unknown" },
    { kind: "offline" },
    { kind: "row", row: null },
  ] satisfies DeviceOutcome[]) {
    const { calls, embedded, output } = await use(updateNote, { noteId: "n1", content: "x" }, [outcome]);
    expect({ calls: calls.length, embedded, isError: output.isError }).toEqual({
      calls: 1,
      embedded: [],
      isError: true,
    });
  }
});

test("a note that was saved but not indexed is no failure, so that nobody writes it twice", async () => {
  const expected = { text: expect.stringMatching(/^Created 1 note:\n.*\nIt is saved, but/s) };
  for (const outcome of [
    { kind: "offline" },
    { kind: "unknown" },
    { kind: "ok", ok: false },
  ] satisfies DeviceOutcome[]) {
    const { output } = await use(createNote, { title: "Ideas", content: "x" }, [
      { kind: "row", row: IDEAS },
      outcome,
    ]);
    expect(output).toEqual(expected);
  }
  const { calls, output } = await use(
    createNote,
    { title: "Ideas", content: "x" },
    [{ kind: "row", row: IDEAS }],
    {
      embed: () => Promise.reject(new Error("no embedder")),
    },
  );
  expect([output, calls.length]).toEqual([expected, 1]);
});

test("an abort while a note is indexed ends the tool", async () => {
  const controller = new AbortController();
  const running = use(createNote, { title: "Ideas", content: "x" }, [{ kind: "row", row: IDEAS }], {
    signal: controller.signal,
    embed: () => {
      controller.abort(new Error("cancelled"));
      return Promise.reject(new Error("no embedder"));
    },
  });
  await expect(running).rejects.toThrow("cancelled");
});

test("notes are found by meaning, without those that have nothing in common", async () => {
  const { calls, embedded, output } = await use(searchNotes, { query: "flowers", limit: 3 }, [
    {
      kind: "results",
      results: [
        { id: "n1", content: "Ideas\n\n# Garden\n\nRoses", score: 0.734 },
        { id: "n2", content: "Bare", score: 0.1 },
        { id: "n3", content: "Taxes", score: 0 },
      ],
    },
  ]);
  expect(embedded).toEqual(["flowers"]);
  expect(calls).toEqual([{ action: "vector_search", vector: [0.25, 0.5], limit: 3 }]);
  expect(output.text.split("\n")).toEqual([
    "2 notes:",
    "- [n1] Ideas | score: 0.73 | begins: # Garden Roses",
    "- [n2] Bare | score: 0.10",
  ]);
});

test("a search can stay within a project, and may find nothing", async () => {
  const { calls, output } = await use(searchNotes, { query: "x", projectId: "p1" }, [
    { kind: "results", results: [] },
  ]);
  expect(calls).toEqual([
    { action: "vector_search", vector: [0.25, 0.5], limit: 5, filters: { projectId: "p1" } },
  ]);
  expect(output).toEqual({ text: "No notes match." });
});

test("the indexed text has the title on its first line and is bounded", () => {
  expect(indexedText({ title: " A\nB ", content: "C" })).toBe("A B\n\nC");
  expect(indexedText({ title: "A", content: "😀".repeat(10_000) }).length).toBe(8000);
  expect(indexedText({ title: "A", content: "😀".repeat(10_000) }).isWellFormed()).toBe(true);
});

const WAITING = { id: "t1", title: "Call", isAiSuggested: 1, isApproved: 0 };

test("an approved suggestion becomes an ordinary row", async () => {
  const { calls, output } = await use(decideSuggestion, { table: "tasks", id: "t1", approved: true }, [
    { kind: "row", row: { ...WAITING, isApproved: 1 } },
  ]);
  expect(calls).toEqual([
    { action: "update", table: "tasks", data: { id: "t1", updates: { isApproved: 1 } } },
  ]);
  expect(output).toEqual({ text: "Approved the suggestion [t1] Call." });
});

test("a rejected suggestion is removed once it is known to be one", async () => {
  const { calls, output } = await use(decideSuggestion, { table: "tasks", id: "t1", approved: false }, [
    { kind: "row", row: WAITING },
    { kind: "deleted", deleted: true },
  ]);
  expect(calls).toEqual([
    { action: "get", table: "tasks", data: { id: "t1" } },
    { action: "delete", table: "tasks", data: { id: "t1" } },
  ]);
  expect(output.isError).toBeUndefined();
});

test("what the person wrote or approved cannot be rejected away", async () => {
  for (const row of [
    { ...WAITING, isAiSuggested: 0 },
    { ...WAITING, isApproved: 1 },
  ]) {
    const { calls, output } = await use(decideSuggestion, { table: "tasks", id: "t1", approved: false }, [
      { kind: "row", row },
    ]);
    expect([calls.length, output.isError]).toEqual([1, true]);
  }
});

test("a replayed rejection asks the device again about the row it deleted", async () => {
  const { calls, output } = await use(decideSuggestion, { table: "tasks", id: "t1", approved: false }, [
    { kind: "row", row: null },
    { kind: "deleted", deleted: true },
  ]);
  expect(calls.map((call) => call.action)).toEqual(["get", "delete"]);
  expect(output.text).toBe("Rejected and removed the suggestion [t1].");
});
