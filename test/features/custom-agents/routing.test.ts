import fc from "fast-check";
import { expect, test } from "vitest";
import { circleThrough, reachedFrom, rosterOf } from "../../../src/features/custom-agents/routing.ts";

const graph = new Map([
  ["a", ["b", "c"]],
  ["b", ["c", "d"]],
  ["d", ["a"]],
]);

test("all that a router can lead to is reached once, itself only when it leads back", () => {
  expect([...reachedFrom(graph, "a")].toSorted()).toEqual(["a", "b", "c", "d"]);
  expect([...reachedFrom(graph, "c")]).toEqual([]);
});

test("what an assistant leads to is counted once, however many ways lead there", () => {
  expect([...rosterOf(graph, ["b", "c"])].toSorted()).toEqual(["a", "b", "c", "d"]);
  expect([...rosterOf(graph, ["c", "e"])].toSorted()).toEqual(["c", "e"]);
  expect([...rosterOf(graph, [])]).toEqual([]);
});

test("a circle is found however long it is, and a shared member is none", () => {
  expect(circleThrough(graph, "a", "a")).toBe(true);
  expect(circleThrough(graph, "a", "b")).toBe(true);
  expect(circleThrough(graph, "a", "c")).toBe(false);
});

test("whatever the agents choose from, the search ends", () => {
  const ids = fc.constantFrom("a", "b", "c", "d", "e");
  const graphs = fc.array(fc.tuple(ids, fc.array(ids, { maxLength: 5 })));
  fc.assert(
    fc.property(graphs, ids, (entries, start) => {
      const any = new Map(entries);
      const reached = reachedFrom(any, start);
      for (const member of any.get(start) ?? []) expect(reached.has(member)).toBe(true);
      expect(reached.has(start)).toBe(
        (any.get(start) ?? []).some((member) => circleThrough(any, start, member)),
      );
    }),
  );
});
