import { NeonDbError } from "@neondatabase/serverless";
import { DrizzleQueryError } from "drizzle-orm";
import { expect, test } from "vitest";
import { AppError } from "../../src/lib/errors.ts";
import { DatabaseError, readConnectionError, readDatabaseError } from "../../src/platform/db-error.ts";

function fromDatabase(code: string, constraint?: string): NeonDbError {
  const error = new NeonDbError('Key (email)=(ada@example.com) already exists near "dear diary"');
  error.code = code;
  error.detail = "Failing row contains (ada@example.com).";
  error.constraint = constraint;
  return error;
}

test.each([
  ["ZA001", "forbidden"],
  ["ZA002", "account_disabled"],
  ["ZA003", "session_revoked"],
  ["ZA004", "misconfigured"],
  ["42P01", "misconfigured"],
  ["28P01", "misconfigured"],
  ["57014", "timeout"],
  ["53300", "database_unavailable"],
  ["57P01", "database_unavailable"],
  ["08006", "database_unavailable"],
  ["40001", "database_unavailable"],
])("SQLSTATE %s becomes %s", (sqlState, code) => {
  expect(readDatabaseError(fromDatabase(sqlState))).toMatchObject({ name: "AppError", code });
});

test("what a query did wrong keeps its SQLSTATE and constraint, and loses its words", () => {
  const error = readDatabaseError(fromDatabase("23505", "users_email_unique"));
  expect(error).toBeInstanceOf(DatabaseError);
  expect(error).toMatchObject({ code: "23505", constraint: "users_email_unique" });
  expect(`${error.message} ${error.stack} ${JSON.stringify(error)} ${error.cause}`).not.toMatch(/ada|diary/);
});

test("an error in Drizzle's wrapper is read the same, without its parameters", () => {
  const wrapped = new DrizzleQueryError(
    "insert into notes values ($1)",
    ["dear diary"],
    fromDatabase("23505", "notes_pk"),
  );
  const error = readConnectionError(wrapped);
  expect(error).toMatchObject({ code: "23505", constraint: "notes_pk" });
  expect(`${error} ${JSON.stringify(error)}`).not.toContain("diary");
  const odd = readConnectionError(new DrizzleQueryError("select $1", ["dear diary"], new Error("odd diary")));
  expect(odd).toMatchObject({ code: "database_unavailable" });
  expect(`${odd} ${JSON.stringify(odd)}`).not.toContain("diary");
});

test("an answer that is no database error is an outage, and is not quoted", () => {
  const error = readDatabaseError(new NeonDbError("Server error (HTTP status 502): dear diary"));
  expect(error).toMatchObject({ code: "database_unavailable" });
  expect(
    `${error.message} ${error.cause} ${error.cause instanceof Error ? error.cause.stack : ""}`,
  ).not.toContain("diary");
});

test.each(["Connection terminated unexpectedly", "Query read timeout"])(
  "a broken connection (%s) is an outage",
  (text) => {
    const wrapped = new DrizzleQueryError("select 1", [], new Error(text));
    expect(readConnectionError(wrapped)).toMatchObject({ code: "database_unavailable" });
    expect(readConnectionError(new Error(text))).toMatchObject({ code: "database_unavailable" });
  },
);

test("what did not come from the database passes through a connection unchanged", () => {
  const refusal = new AppError("account_disabled");
  expect(readConnectionError(refusal)).toBe(refusal);
  const bug = new TypeError("undefined is not a function");
  expect(readConnectionError(bug)).toBe(bug);
});
