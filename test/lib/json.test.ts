import { expect, test } from "vitest";
import { isSameJson, isTooDeep, JSON_LEVELS_MAX } from "../../src/lib/json.ts";

const nested = (levels: number) => JSON.parse(`${'{"a":['.repeat(levels / 2)}${"]}".repeat(levels / 2)}`);

test("nesting is taken up to its limit, whatever stands beside it", () => {
  expect(isTooDeep(nested(JSON_LEVELS_MAX))).toBe(false);
  expect(isTooDeep({ flat: [1, "a", null, true], wide: Array(1000).fill({}) })).toBe(false);
  expect(isTooDeep(nested(JSON_LEVELS_MAX + 2))).toBe(true);
  expect(isTooDeep([1, [], nested(100_000)])).toBe(true);
});

test("values are the same whatever the order of their keys, and not when a list has another", () => {
  const one = { name: "A", limits: { calls: 1, tokens: [1, 2] } };
  expect(isSameJson(one, { limits: { tokens: [1, 2], calls: 1 }, name: "A", left: undefined })).toBe(true);
  expect(isSameJson(one, { ...one, limits: { calls: 1, tokens: [2, 1] } })).toBe(false);
  expect(isSameJson(one, { ...one, name: null })).toBe(false);
  expect(isSameJson({}, [])).toBe(false);
});
