import { expect, test } from "vitest";
import type { Database, Permission, Queries, Query } from "../../src/platform/db.ts";
import { JoinedDatabase } from "../../src/platform/db-joined.ts";

const READ: Permission = {
  resource: "memory",
  action: "read",
  roles: ["owner", "member", "system"],
  readOnly: true,
  liveSession: false,
};
const OTHER: Permission = { ...READ, resource: "agents", roles: ["member", "system"], liveSession: true };
const WRITE: Permission = { ...READ, action: "update", readOnly: false };

/** Answers each query with itself, and keeps what it was asked. */
class Echo implements Database {
  readonly asked: { permission: Permission; queries: unknown[] }[] = [];
  readonly principal = null;
  failure: Error | undefined;

  get roundTrips(): number {
    return this.asked.length;
  }

  identify(): Promise<never> {
    throw new Error("nobody asks");
  }

  async run(permission: Permission, build: (queries: Queries) => readonly Query[]): Promise<never> {
    const queries: unknown[] = [...build({} as Queries)];
    this.asked.push({ permission, queries });
    if (this.failure) throw this.failure;
    return queries as never;
  }
}

const queries = (...names: string[]) => names as unknown as Query[];

test("readings that begin together are one trip, and each gets its own answers", async () => {
  const echo = new Echo();
  const database = new JoinedDatabase(echo);
  const answers = await Promise.all([
    database.run(READ, () => queries("a", "b")),
    database.run(OTHER, () => queries()),
    database.run(READ, () => queries("c")),
  ]);
  expect(answers).toEqual([["a", "b"], [], ["c"]]);
  expect(echo.asked.map((trip) => trip.queries)).toEqual([["a", "b", "c"]]);
});

test("who may not do all of it may do none of it", async () => {
  const echo = new Echo();
  const database = new JoinedDatabase(echo);
  await Promise.all([database.run(READ, () => queries("a")), database.run(OTHER, () => queries("b"))]);
  expect(echo.asked[0]?.permission).toEqual({
    resource: "memory+agents",
    action: "read+read",
    roles: ["member", "system"],
    readOnly: true,
    liveSession: true,
  });
});

test("what comes later, and what writes, goes by itself", async () => {
  const echo = new Echo();
  const database = new JoinedDatabase(echo);
  const [first] = await Promise.all([
    database.run(READ, () => queries("a")),
    database.run(WRITE, () => queries("b")),
  ]);
  expect(first).toEqual(["a"]);
  await database.run(READ, () => queries("c"));
  expect(echo.asked.map((trip) => trip.queries)).toEqual([["b"], ["a"], ["c"]]);
  expect(echo.asked.at(-1)?.permission).toBe(READ);
});

test("a trip that fails fails for all of it, and the next one is a new one", async () => {
  const echo = new Echo();
  const database = new JoinedDatabase(echo);
  echo.failure = new Error("gone");
  const outcomes = await Promise.allSettled([
    database.run(READ, () => queries("a")),
    database.run(READ, () => queries("b")),
  ]);
  expect(outcomes.map(({ status }) => status)).toEqual(["rejected", "rejected"]);
  echo.failure = undefined;
  expect(await database.run(READ, () => queries("c"))).toEqual(["c"]);
});
