import { DrizzleQueryError } from "drizzle-orm";
import { AppError, type ErrorCode } from "../lib/errors.ts";

/**
 * A query that the database refused. Holds what can be told: the database's own text may quote a row, so it is dropped
 * with the error that carried it.
 */
export class DatabaseError extends Error {
  override readonly name = "DatabaseError";
  /** SQLSTATE. */
  readonly code: string;
  readonly constraint: string | undefined;

  constructor(code: string, constraint: string | undefined) {
    super(constraint ? `SQLSTATE ${code} on ${constraint}` : `SQLSTATE ${code}`);
    this.code = code;
    this.constraint = constraint;
  }
}

/** What `app.authorize` raises; class ZA is free for applications. */
const REFUSALS: Readonly<Record<string, ErrorCode>> = {
  ZA001: "forbidden",
  ZA002: "account_disabled",
  ZA003: "session_revoked",
};

const DETAILS: Readonly<Record<string, string>> = {
  ZA004: "The database role of DATABASE_URL could bypass row-level security.",
  "42883": "The database lacks a function: run the migrations.",
  "42P01": "The database lacks a table: run the migrations.",
  "28P01": "The database refuses the password of its connection string.",
  "28000": "The database refuses the role of its connection string.",
};

/** Connection exceptions, resources, operator intervention, and a transaction that lost a race. */
const PASSING = /^(08|53|57P|58|40001|40P01)/;
/** The WebSocket client's own words for a connection that closed, or a query that it gave up on. */
const BROKEN_CONNECTION = /^(Connection terminated|Query read timeout)/;
const STATEMENT_TIMEOUT = "57014";

/** Gives a failed round trip the error of our own catalogue, or a `DatabaseError` when a query itself was at fault. */
export function readDatabaseError(error: unknown): AppError | DatabaseError {
  const code = sqlState(error);
  if (code === undefined) return new AppError("database_unavailable", { cause: stripped(error) });
  const refusal = REFUSALS[code];
  if (refusal) return new AppError(refusal);
  const detail = DETAILS[code];
  if (detail) return new AppError("misconfigured", { detail });
  if (code === STATEMENT_TIMEOUT) return new AppError("timeout");
  const failure = new DatabaseError(code, field(fromDriver(error), "constraint"));
  return PASSING.test(code) ? new AppError("database_unavailable", { cause: failure }) : failure;
}

/** The same for work of which only a part was done by the database: what did not come from there stays as it is. */
export function readConnectionError(error: unknown): unknown {
  if (error instanceof AppError) return error;
  const broken = error instanceof Error && BROKEN_CONNECTION.test(error.message);
  // Drizzle's wrapper is read whatever is in it: its text quotes what was written.
  const isQuery = error instanceof DrizzleQueryError || sqlState(error) !== undefined;
  return broken || isQuery ? readDatabaseError(error) : error;
}

function sqlState(error: unknown): string | undefined {
  const code = field(fromDriver(error), "code");
  return code !== undefined && /^[0-9A-Z]{5}$/.test(code) ? code : undefined;
}

/** Drizzle wraps what the WebSocket driver throws, and quotes the parameters in the wrapper's text. */
function fromDriver(error: unknown): unknown {
  return error instanceof DrizzleQueryError ? error.cause : error;
}

function field(error: unknown, name: "code" | "constraint"): string | undefined {
  if (typeof error !== "object" || error === null) return undefined;
  const value: unknown = Reflect.get(error, name);
  return typeof value === "string" ? value : undefined;
}

/** The driver puts the server's whole answer into its text. */
function stripped(error: unknown): Error {
  const bare = new Error(error instanceof Error ? error.name : typeof error);
  if (error instanceof Error && error.stack) bare.stack = `${bare.message}\n${framesOf(error.stack)}`;
  return bare;
}

function framesOf(stack: string): string {
  return stack
    .split("\n")
    .filter((line) => /^\s+at /.test(line))
    .join("\n");
}
