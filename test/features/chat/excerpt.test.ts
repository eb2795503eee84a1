import fc from "fast-check";
import { expect, test } from "vitest";
import { Excerpt } from "../../../src/features/chat/excerpt.ts";
import { describeCall } from "../../../src/features/chat/executions.ts";
import type { DeviceCall } from "../../../src/features/tools/types.ts";

const anyRecord = fc.dictionary(fc.string(), fc.jsonValue({ maxDepth: 4 }));

test("what fits is copied whole", () => {
  fc.assert(
    fc.property(anyRecord, (fields) => {
      const excerpt = new Excerpt(1_000_000);
      const copy = excerpt.record(fields);
      expect(JSON.parse(JSON.stringify(copy))).toEqual(JSON.parse(JSON.stringify(fields)));
      expect(excerpt.isCut).toBe(false);
    }),
  );
});

test("what does not fit is cut to about the size, says so, and stays text that can be kept", () => {
  fc.assert(
    fc.property(
      fc.array(anyRecord, { maxLength: 20 }),
      fc.integer({ min: 0, max: 400 }),
      (list, charsMax) => {
        const excerpt = new Excerpt(charsMax);
        const written = JSON.stringify(excerpt.records(list));
        // Escapes take up to six characters for one.
        expect(written.length).toBeLessThan(charsMax * 6 + 200);
        if (!excerpt.isCut) expect(written).toBe(JSON.stringify(list));
      },
    ),
  );
});

test("a surrogate pair at the border is not halved", () => {
  expect(new Excerpt(3).text("ab😀").isWellFormed()).toBe(true);
});

test("a field named __proto__ is a field like any other", () => {
  const copy = new Excerpt(1_000).record(JSON.parse('{"__proto__": {"admin": true}}'));
  expect(Object.keys(copy)).toEqual(["__proto__"]);
  expect("admin" in copy).toBe(false);
});

test("values nested deeper than any stack are cut", () => {
  const depth = 200_000;
  const nested = JSON.parse(`{"a":${"[".repeat(depth)}${"]".repeat(depth)}}`);
  const excerpt = new Excerpt(12_000);
  expect(JSON.stringify(excerpt.record(nested)).length).toBeLessThan(12_000);
  expect(excerpt.isCut).toBe(true);
});

test("a call and its answer are kept as the device's frames have them, without vectors", () => {
  const search: DeviceCall = {
    action: "vector_search",
    vector: [1, 2],
    limit: 3,
    filters: { projectId: "p1" },
  };
  const results = [{ id: "n1", content: "Beans", score: 0.5 }];
  expect(describeCall(search, { kind: "results", results })).toEqual({
    action: "vector_search",
    table: null,
    status: "ok",
    payload: { call: { filters: { projectId: "p1" }, limit: 3 }, result: { results }, truncated: false },
  });
});

test.each([
  [{ kind: "row", row: null } as const, "ok", { row: null }],
  [{ kind: "deleted", deleted: true } as const, "ok", { deleted: true }],
  [{ kind: "ok", ok: true } as const, "ok", { ok: true }],
  [
    { kind: "error", code: "no_such_table", message: "No." } as const,
    "error",
    { error: { code: "no_such_table", message: "No." } },
  ],
  [{ kind: "offline" } as const, "offline", null],
  [{ kind: "unknown" } as const, "unknown", null],
])("the outcome %o is %s", (outcome, status, result) => {
  const described = describeCall({ action: "get", table: "tasks", data: { id: "t1" } }, outcome);
  expect(described).toMatchObject({ status, payload: { result, truncated: false } });
});

test("an answer of a megabyte leaves its first rows", () => {
  const rows = Array.from({ length: 200 }, (_, number) => ({ id: `n${number}`, content: "x".repeat(5_000) }));
  const { payload } = describeCall({ action: "select", table: "notes" }, { kind: "rows", rows });
  expect(payload.truncated).toBe(true);
  expect(payload.result?.rows?.[0]).toEqual(rows[0]);
  expect(JSON.stringify(payload).length).toBeLessThan(13_000);
});
