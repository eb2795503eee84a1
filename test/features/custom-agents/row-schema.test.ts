import { expect, test } from "vitest";
import { RowSchema, rowReader } from "../../../src/features/custom-agents/row-schema.ts";

const row = {
  type: "object",
  properties: {
    name: { type: "string", minLength: 2 },
    day: { type: "string", format: "date" },
    kind: { enum: ["in", "out"] },
    parts: { type: "array", items: { type: "object", properties: { n: { type: "integer" } } }, maxItems: 2 },
    note: { anyOf: [{ type: "string" }, { type: "null" }] },
  },
  required: ["name"],
  additionalProperties: false,
};

test("a row is read by its schema", () => {
  const reader = rowReader(RowSchema.parse(row));
  const good = { name: "Rent", day: "2026-02-28", kind: "out", parts: [{ n: 1 }], note: null };
  expect(reader.parse(good)).toEqual(good);
  for (const bad of [
    {},
    { name: "x" },
    { ...good, day: "2026-02-30" },
    { ...good, kind: "sideways" },
    { ...good, parts: [{ n: 1.5 }] },
    { ...good, parts: [{}, {}, {}] },
    { ...good, note: 1 },
    { ...good, more: 1 },
    "Rent",
  ]) {
    expect(reader.safeParse(bad).success, JSON.stringify(bad)).toBe(false);
  }
});

function problemsOf(schema: unknown): string {
  const { error } = RowSchema.safeParse(schema);
  return error?.issues.map(({ message }) => message).join("; ") ?? "";
}

let deep: Record<string, unknown> = { type: "string" };
for (let level = 0; level < 9; level++) deep = { type: "object", properties: { in: deep } };

test.each([
  ["no object", { type: "string" }, /must be of the type "object"/],
  ["a pattern, which could take for ever", { ...row, pattern: "(a+)+$" }, /uses "pattern"; there are: type,/],
  ["a reference", { type: "object", properties: { a: { $ref: "#" } } }, /\/a uses "\$ref"/],
  [
    "a type that there is not",
    { type: "object", properties: { a: { type: "money" } } },
    /cannot be read|is not a JSON Schema/,
  ],
  [
    "an unknown format",
    { type: "object", properties: { a: { type: "string", format: "iban" } } },
    /unknown format/,
  ],
  ["what is nested too deep", deep, /over 8 deep/],
  ["too many parts", { type: "object", properties: fields(301) }, /over 300 parts/],
  ["too long a text", { type: "object", description: "x".repeat(16_001) }, /over 16000 characters/],
  ["something else in place of a schema", { type: "object", properties: { a: 1 } }, /\/a is no schema/],
])("refuses %s", (_, schema, message) => {
  expect(problemsOf(schema)).toMatch(message);
});

function fields(count: number): Record<string, unknown> {
  return Object.fromEntries(Array.from({ length: count }, (__, at) => [`f${at}`, { type: "null" }]));
}
