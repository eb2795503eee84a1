import { expect, test } from "vitest";
import { z } from "zod";
import { cutPage, decodeCursor, encodeCursor, PageQuery } from "../../src/lib/pagination.ts";

const Position = z.tuple([z.int(), z.string()]);

test("a cursor holds a position and is read back", () => {
  const cursor = encodeCursor([17, "a"]);
  expect(cursor).toMatch(/^[\w-]+$/);
  expect(decodeCursor(cursor, Position)).toEqual([17, "a"]);
});

test("a cursor of another shape is the caller's mistake", () => {
  for (const cursor of ["", "!", "bnVsbA", encodeCursor(["a", 17]), encodeCursor([1])]) {
    expect(() => decodeCursor(cursor, Position)).toThrow(expect.objectContaining({ code: "bad_request" }));
  }
});

test("one row over the limit means that there is a next page", () => {
  const rows = [1, 2, 3];
  expect(cutPage(rows, 3, (row) => [row])).toEqual({ data: [1, 2, 3], next_cursor: null });
  const page = cutPage(rows, 2, (row) => [row]);
  expect(page.data).toEqual([1, 2]);
  expect(decodeCursor(page.next_cursor ?? "", z.tuple([z.int()]))).toEqual([2]);
  expect(cutPage([], 2, (row) => [row])).toEqual({ data: [], next_cursor: null });
});

test("a page has 20 items unless told, and at most 100", () => {
  expect(PageQuery.parse({})).toEqual({ limit: 20 });
  expect(PageQuery.parse({ limit: "100" })).toEqual({ limit: 100 });
  expect(PageQuery.safeParse({ limit: "101" }).success).toBe(false);
});
