import { expect, test } from "vitest";
import { etagOf, versionsInIfMatch } from "../../src/lib/etag.ts";

test("a version goes out as a strong tag and comes back", () => {
  expect(etagOf(7)).toBe('"7"');
  expect(versionsInIfMatch(etagOf(7))).toEqual([7]);
  expect(versionsInIfMatch('"1", "2" ,"3"')).toEqual([1, 2, 3]);
});

test("no header and a star accept any version; tags that are not ours accept none", () => {
  expect(versionsInIfMatch(null)).toBeUndefined();
  expect(versionsInIfMatch(" * ")).toBeUndefined();
  expect(versionsInIfMatch('W/"1"')).toEqual([]);
  expect(versionsInIfMatch('"abc"')).toEqual([]);
  expect(versionsInIfMatch("1")).toEqual([]);
  expect(versionsInIfMatch('"2147483648", "99999999999"')).toEqual([]);
});
