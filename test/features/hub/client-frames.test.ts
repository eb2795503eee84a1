/** Results of tools are read without their schema where they are plain; the schema still decides what a result is. */
import fc from "fast-check";
import { expect, test } from "vitest";
import { plainResult, readClientFrame } from "../../../src/features/hub/client-frames.ts";
import { ID_CHARS_MAX, ROWS_MAX, ToolResult } from "../../../src/features/hub/protocol.ts";

/** What a field of an answer may hold, right or wrong. */
const value = fc.oneof(
  fc.boolean(),
  fc.constant(null),
  fc.string(),
  fc.double(),
  fc.jsonValue(),
  fc.dictionary(fc.string(), fc.jsonValue()),
  fc.array(fc.dictionary(fc.string(), fc.jsonValue()), { maxLength: 4 }),
  fc.array(fc.jsonValue(), { maxLength: 4 }),
);
const ids = fc.oneof(fc.string(), fc.string({ minLength: ID_CHARS_MAX, maxLength: ID_CHARS_MAX + 1 }), value);
const epochs = fc.oneof(fc.nat(), fc.integer(), value);
const parts = ["row", "rows", "results", "deleted", "ok", "error"] as const;

/** Frames near the edge: mostly one answer, sometimes none or two, sometimes fields nobody knows. */
const frames = fc
  .record(
    { type: fc.constantFrom("tool_result", "tool_result", "cancel"), id: ids, epoch: epochs, other: value },
    { requiredKeys: ["type", "id", "epoch"] },
  )
  .chain((head) =>
    fc
      .uniqueArray(fc.tuple(fc.constantFrom(...parts), value), { maxLength: 2, selector: ([part]) => part })
      .map((answers) => ({ ...head, ...Object.fromEntries(answers) })),
  );

test("whatever is read without the schema is what the schema would have given", () => {
  fc.assert(
    fc.property(fc.oneof(frames, value), (frame) => {
      const plain = plainResult(frame);
      if (plain) expect(ToolResult.parse(frame)).toEqual(plain);
    }),
    { numRuns: 2_000 },
  );
});

test.each([
  ["rows", [{ id: "t1" }, {}]],
  ["rows", []],
  ["row", { id: "t1" }],
  ["row", null],
  ["deleted", false],
  ["ok", true],
])("a plain answer of %s is read without the schema", (part, answer) => {
  const frame = { type: "tool_result", id: "c:1.0/0.1", epoch: 3, [part]: answer };
  expect(plainResult({ ...frame, unknown: 1 })).toEqual(frame);
});

test.each([
  ["an answer too many", { ok: true, row: null }],
  ["no answer", {}],
  ["too many rows", { rows: Array.from({ length: ROWS_MAX + 1 }, () => ({})) }],
  ["a row that is a list", { rows: [[]] }],
  ["a negative epoch", { ok: true, epoch: -1 }],
  ["an id that is too long", { ok: true, id: "i".repeat(ID_CHARS_MAX + 1) }],
])("%s is refused by the schema, as ever", (_, fields) => {
  const frame = { type: "tool_result", id: "c1", epoch: 1, ...fields };
  expect(plainResult(frame)).toBeUndefined();
  expect(readClientFrame(frame).success).toBe(false);
});

test("an error, and hits of a search, are read by the schema", () => {
  for (const answer of [{ error: "no" }, { results: [{ id: "n1", content: "text", score: 1, more: 2 }] }]) {
    const frame = { type: "tool_result", id: "c1", epoch: 1, ...answer };
    expect(plainResult(frame)).toBeUndefined();
    expect(readClientFrame(frame).success).toBe(true);
  }
});
