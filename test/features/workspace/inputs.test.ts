import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { z } from "zod";
import { TaskStatus } from "../../../src/features/workspace/schema.ts";
import {
  Flag,
  Limit,
  Names,
  OptionalId,
  optional,
  orderOf,
  Switch,
  untilMs,
  When,
  whenMs,
  wordOf,
} from "../../../src/features/workspace/tools/inputs.ts";

const inBerlin = (value: unknown) => whenMs(When.parse(value), "Europe/Berlin");
const at = (text: string) => Date.parse(text);

describe("a time", () => {
  test.each([
    [1_795_251_600_000, 1_795_251_600_000],
    ["1795251600000", 1_795_251_600_000],
    ["2026-11-21T09:00", at("2026-11-21T08:00Z")],
    ["2026-11-21 09:00", at("2026-11-21T08:00Z")],
    ["2026-11-21T09:00:00Z", at("2026-11-21T09:00Z")],
    ["2026-11-21", at("2026-11-20T23:00Z")],
  ])("%j is read in the person's time zone", (value, ms) => {
    expect(inBerlin(value)).toBe(ms);
  });

  test.each([
    1_795_251_600,
    "1795251600",
    0,
    -1,
    1.5,
    "tomorrow",
    "",
    "2026-02-30",
    Number.POSITIVE_INFINITY,
    true,
  ])("%j is refused", (value) => {
    expect(When.safeParse(value).success).toBe(false);
  });

  test("of any plausible number of milliseconds stays the same", () => {
    fc.assert(
      fc.property(fc.integer({ min: 100_000_000_000, max: 8_640_000_000_000_000 }), (ms) => {
        expect([inBerlin(ms), inBerlin(String(ms))]).toEqual([ms, ms]);
      }),
    );
  });

  test("that ends a range holds the whole day when it is a date", () => {
    expect(untilMs("2026-11-21", "Europe/Berlin")).toBe(at("2026-11-21T22:59:59.999Z"));
    expect(untilMs("2026-11-21T09:00", "Europe/Berlin")).toBe(at("2026-11-21T08:00Z"));
    expect(untilMs(undefined, "Europe/Berlin")).toBeUndefined();
  });
});

test("words are read whatever their capitals, spaces and hyphens", () => {
  const status = wordOf(TaskStatus);
  expect(["In Progress", "in-progress", " DONE ", "To do", "todo"].map((word) => status.parse(word))).toEqual(
    ["in_progress", "in_progress", "done", "todo", "todo"],
  );
  expect(status.safeParse("open").success).toBe(false);
});

test("flags become 0 or 1, switches true or false", () => {
  expect([true, "true", "1", 1, false, "False", "0", 0].map((value) => Flag.parse(value))).toEqual([
    1, 1, 1, 1, 0, 0, 0, 0,
  ]);
  expect([1, "true", 0, "false", true].map((value) => Switch.parse(value))).toEqual([
    true,
    true,
    false,
    false,
    true,
  ]);
  for (const value of [2, "yes", null]) {
    expect([Flag.safeParse(value).success, Switch.safeParse(value).success]).toEqual([false, false]);
  }
});

test("a limit is brought down to what can be counted", () => {
  expect([5, "7", 500].map((value) => Limit.parse(value))).toEqual([5, 7, 199]);
  for (const value of [0, -3, 1.5, "many", null]) expect(Limit.safeParse(value).success).toBe(false);
});

test("an order names a column that can be sorted by", () => {
  const order = orderOf(["title", "dueDate"]);
  expect(["title", "dueDate ASC", "dueDate  DESC"].map((value) => order.parse(value))).toEqual([
    "title",
    "dueDate",
    "dueDate desc",
  ]);
  expect(order.safeParse("priority").success).toBe(false);
});

test("names come as a list, as its JSON or as one name", () => {
  expect([["Ann", "Bo"], '["Ann","Bo"]', "Ann"].map((value) => Names.parse(value))).toEqual([
    ["Ann", "Bo"],
    ["Ann", "Bo"],
    ["Ann"],
  ]);
});

test("null and absent mean the same where a parameter may be left out", () => {
  const input = z.strictObject({ id: OptionalId, title: optional(z.string()) });
  expect(input.parse({ id: null, title: null })).toEqual({});
  expect(input.parse({ id: "" })).toEqual({});
  expect(input.parse({})).toEqual({});
  expect(input.parse({ title: "" })).toEqual({ title: "" });
});
