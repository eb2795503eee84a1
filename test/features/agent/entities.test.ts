import { expect, test } from "vitest";
import { TurnEntities } from "../../../src/features/agent/entities.ts";

test("rows of every kind of answer are known, under their own kind only", () => {
  const entities = new TurnEntities();
  entities.noteOutcome("tasks", { kind: "rows", rows: [{ id: "1" }, { id: "2" }] });
  entities.noteOutcome("projects", { kind: "row", row: { id: "3" } });
  entities.noteOutcome("tasks", { kind: "row", row: null });
  entities.noteOutcome("tasks", { kind: "deleted", deleted: true });
  entities.noteOutcome("clients", { kind: "row", row: { id: "4" } });
  expect(entities.has("task", "1") && entities.has("task", "2") && entities.has("project", "3")).toBe(true);
  expect(entities.has("project", "1") || entities.has("task", "3") || entities.has("note", "4")).toBe(false);
});

test("a later answer overrides what it says and keeps the rest", () => {
  const entities = new TurnEntities();
  entities.note("projects", { id: "1", name: "Garden", status: "active" });
  entities.note("projects", { id: "1", status: "archived" });
  expect(entities.get("project", "1")).toEqual({
    id: "1",
    name: "Garden",
    clientId: null,
    status: "archived",
  });
  expect(entities.get("project", "2")).toBeUndefined();
});

test("rows without an id of text are nobody", () => {
  const entities = new TurnEntities();
  entities.note("tasks", { id: 7, title: "x" });
  entities.note("tasks", { title: "x" });
  expect(entities.has("task", "7") || entities.has("task", "undefined")).toBe(false);
});
