import { describe, expect, it } from "vitest";
import { mutationOf } from "../../../src/features/tools/mutation.ts";
import type { DeviceCall, DeviceOutcome } from "../../../src/features/tools/types.ts";

const row = (id: unknown): DeviceOutcome => ({ kind: "row", row: { id, title: "as the device has it" } });
const insert: DeviceCall = { action: "insert", table: "tasks", data: { title: "sent" } };
const update: DeviceCall = {
  action: "update",
  table: "tasks",
  data: { id: "t1", updates: { title: "new" } },
};
const remove: DeviceCall = { action: "delete", table: "tasks", data: { id: "t1" } };

describe("the change a device call made", () => {
  it("is, for an insert, what was sent, under the id that the device made", () => {
    expect(mutationOf(insert, row("made"))).toEqual({
      action: "insert",
      table: "tasks",
      id: "made",
      data: { title: "sent" },
    });
  });

  it("is, for an update, the row's id and the updates", () => {
    expect(mutationOf(update, row("t1"))).toEqual({
      action: "update",
      table: "tasks",
      id: "t1",
      data: { id: "t1", updates: { title: "new" } },
    });
  });

  it("is, for a delete, the id alone", () => {
    expect(mutationOf(remove, { kind: "deleted", deleted: true })).toEqual({
      action: "delete",
      table: "tasks",
      id: "t1",
      data: { id: "t1" },
    });
  });

  it.each<[string, DeviceCall, DeviceOutcome]>([
    ["an update of a row that is not there", update, { kind: "row", row: null }],
    ["a delete of a row that is not there", remove, { kind: "deleted", deleted: false }],
    ["an insert whose row has no id", insert, row(undefined)],
    ["an insert whose id is no text", insert, row(7)],
    ["an insert whose id no frame can hold", insert, row("x".repeat(201))],
    ["an update whose id is empty", update, row("")],
    ["a delete that names no id", { action: "delete", table: "tasks" }, { kind: "deleted", deleted: true }],
    ["a change that failed", insert, { kind: "error", code: "no_such_table", message: "No such table." }],
    ["a change with an unknown outcome", remove, { kind: "unknown" }],
    ["a change that no device took", insert, { kind: "offline" }],
    ["a change answered with something else", insert, { kind: "ok", ok: true }],
    ["a read of one row", { action: "get", table: "tasks", data: { id: "t1" } }, row("t1")],
    ["a read of rows", { action: "select", table: "tasks" }, { kind: "rows", rows: [{ id: "t1" }] }],
    [
      "a stored vector",
      { action: "vector_upsert", data: { id: "n1" }, vector: [1] },
      { kind: "ok", ok: true },
    ],
    ["a call of an MCP server", { action: "mcp_call", data: { server: "s", tool: "t" } }, row("x")],
    ["an insert into no table", { action: "insert", data: { title: "sent" } }, row("made")],
  ])("is none for %s", (_name, call, outcome) => {
    expect(mutationOf(call, outcome)).toBeNull();
  });
});
