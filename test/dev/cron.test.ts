import { expect, it } from "vitest";
import { cronMatches } from "../../dev/cron.ts";

const saturday = new Date("2026-11-21T05:10:00Z");

it.each([
  ["* * * * *", true],
  ["*/5 * * * *", true],
  ["*/4 * * * *", false],
  ["10 5 * * *", true],
  ["10 6 * * *", false],
  ["0,10,20 * * * *", true],
  ["5-15 4-6 * * *", true],
  ["5-15/2 * * * *", false],
  ["4-20/3 * * * *", true],
  ["10 5 21 11 6", true],
  ["10 5 21 11 1-5", false],
])("%s on a Saturday at 05:10 UTC: %s", (expression, expected) => {
  expect(cronMatches(expression, saturday)).toBe(expected);
});

it("refuses an expression that it does not know", () => {
  expect(() => cronMatches("* * * *", saturday)).toThrow(/five fields/);
  expect(() => cronMatches("* * * * MON", saturday)).toThrow(/MON/);
});
