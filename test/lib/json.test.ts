import { expect, test } from "vitest";
import { isTooDeep, JSON_LEVELS_MAX } from "../../src/lib/json.ts";

const nested = (levels: number) => JSON.parse(`${'{"a":['.repeat(levels / 2)}${"]}".repeat(levels / 2)}`);

test("nesting is taken up to its limit, whatever stands beside it", () => {
  expect(isTooDeep(nested(JSON_LEVELS_MAX))).toBe(false);
  expect(isTooDeep({ flat: [1, "a", null, true], wide: Array(1000).fill({}) })).toBe(false);
  expect(isTooDeep(nested(JSON_LEVELS_MAX + 2))).toBe(true);
  expect(isTooDeep([1, [], nested(100_000)])).toBe(true);
});
