import fc from "fast-check";
import { afterAll, describe, expect, it } from "vitest";
import { fold } from "../../../device/node/database.ts";
import { SqliteStore } from "../../../device/node/store.ts";
import { tasks } from "../../../device/node/tables.ts";
import { tableNamed } from "../../../device/node/workspace.ts";
import { WORKSPACE_TABLES } from "../../../src/features/workspace/schema.ts";

const store = new SqliteStore({ path: ":memory:" });
afterAll(() => store.close());

const text = fc.oneof(
  fc.constantFrom("Straße", "STRASSE", "ΟΔΟΣ", "οδος", "café", "cafe\u0301", "100%", "a_b"),
  fc.string({ unit: "grapheme" }),
);
const row = fc.record({
  title: text,
  description: fc.option(text),
  status: fc.constantFrom("todo", "in_progress", "done"),
  projectId: fc.option(fc.constantFrom("p1", "p2")),
  dueDate: fc.option(fc.integer({ min: 0, max: 9 })),
});
const filters = fc.record(
  {
    status: fc.constantFrom("todo", "done", null),
    projectId: fc.constantFrom("p1", "p2", null),
    search: fc.oneof(text, fc.constant(null)),
    dueDateFrom: fc.integer({ min: 0, max: 9 }),
    dueDateTo: fc.integer({ min: 0, max: 9 }),
    orderBy: fc.constantFrom("dueDate", "dueDate desc", "createdAt"),
  },
  { requiredKeys: [] },
);
type Row = typeof row extends fc.Arbitrary<infer Value> ? Value : never;
type Filters = typeof filters extends fc.Arbitrary<infer Value> ? Value : never;

/** What the protocol says, without SQL. */
function matches(candidate: Row, given: Filters): boolean {
  const { dueDate } = candidate;
  const isIn = (part: string) =>
    [candidate.title, candidate.description ?? ""].some((whole) => fold(whole).includes(fold(part)));
  return (
    (given.status == null || candidate.status === given.status) &&
    (given.projectId == null || candidate.projectId === given.projectId) &&
    (given.search == null || isIn(given.search)) &&
    (given.dueDateFrom === undefined || (dueDate !== null && dueDate >= given.dueDateFrom)) &&
    (given.dueDateTo === undefined || (dueDate !== null && dueDate <= given.dueDateTo))
  );
}

it("any filters select what they would select by hand, in that order", () => {
  fc.assert(
    fc.property(fc.array(row, { maxLength: 12 }), filters, (rows, given) => {
      store.db.delete(tasks).run();
      const stored = rows.map((values, index) => ({
        ...values,
        id: String(index),
        createdAt: index,
        updatedAt: index,
      }));
      if (stored.length > 0) store.db.insert(tasks).values(stored).run();
      const expected = stored.filter((each) => matches(each, given));
      if (given.orderBy?.startsWith("dueDate")) {
        const sign = given.orderBy === "dueDate" ? 1 : -1;
        expected.sort((left, right) => {
          if (left.dueDate === null || right.dueDate === null) {
            return Number(left.dueDate === null) - Number(right.dueDate === null);
          }
          return sign * (left.dueDate - right.dueDate);
        });
      }
      const call = {
        type: "tool_call",
        id: "c",
        epoch: 1,
        action: "select",
        table: "tasks",
        filters: given,
        deadline_ms: 1,
      } as const;
      expect(store.read(call, 1e6)).toMatchObject({ rows: expected.map(({ id }) => ({ id })) });
    }),
    { numRuns: 500 },
  );
});

describe("the tables on disk", () => {
  it.each(Object.entries(WORKSPACE_TABLES))("%s has the columns of the reference schema", (name, schema) => {
    const table = tableNamed(name);
    expect(Object.keys(schema.shape).sort()).toEqual([...table.columns.keys()].sort());
    for (const column of table.columns.values()) expect(column.sql.name).toBe(column.name);
  });
});
