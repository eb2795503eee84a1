/** Neon's SQL over HTTP: one statement, or a batch in one transaction, per POST (as `@neondatabase/serverless` sends it). */
import type { IncomingMessage, ServerResponse } from "node:http";
import { z } from "zod";
import { type Engine, EngineError, type Lease } from "./engine.ts";
import type { Reply } from "./protocol.ts";

const Statement = z.object({ query: z.string(), params: z.array(z.unknown()).default([]) });
const Body = z.union([z.object({ queries: z.array(Statement) }), Statement]);
type Statement = z.infer<typeof Statement>;

const BODY_BYTES_MAX = 64 * 1024 * 1024;

const ISOLATION_LEVELS = new Map([
  ["ReadUncommitted", "READ UNCOMMITTED"],
  ["ReadCommitted", "READ COMMITTED"],
  ["RepeatableRead", "REPEATABLE READ"],
  ["Serializable", "SERIALIZABLE"],
]);

/** Answers `POST /sql`. A failed statement is 400 with PostgreSQL's error fields, which the driver turns into its error. */
export async function answerSql(
  engine: Engine,
  request: IncomingMessage,
  response: ServerResponse,
): Promise<void> {
  try {
    const user = connectionUser(request);
    const body = Body.parse(JSON.parse(await readBody(request)));
    const asArrays = header(request, "neon-array-mode") === "true";
    const lease = await engine.lease({}, user);
    try {
      const result =
        "queries" in body
          ? { results: await runBatch(lease, body.queries, beginStatement(request), asArrays) }
          : await runStatement(lease, body, asArrays);
      send(response, 200, result);
    } finally {
      await lease.release();
    }
  } catch (error) {
    if (error instanceof EngineError) send(response, 400, error.fields);
    else if (error instanceof BadRequest || error instanceof SyntaxError || error instanceof z.ZodError)
      send(response, 400, { severity: "ERROR", code: "08P01", message: error.message });
    else throw error;
  }
}

class BadRequest extends Error {}

async function runBatch(
  lease: Lease,
  statements: Statement[],
  begin: string,
  asArrays: boolean,
): Promise<HttpResult[]> {
  await lease.query(begin);
  const results: HttpResult[] = [];
  for (const statement of statements) results.push(await runStatement(lease, statement, asArrays));
  await lease.query("COMMIT");
  return results;
}

async function runStatement(lease: Lease, statement: Statement, asArrays: boolean): Promise<HttpResult> {
  const reply = await lease.query(statement.query, statement.params.map(parameterText));
  const [command = "", ...counts] = reply.tag.split(" ");
  const count = counts.at(-1);
  return {
    command,
    rowCount: count !== undefined && /^\d+$/.test(count) ? Number(count) : null,
    rows: asArrays ? reply.rows : reply.rows.map((row) => rowObject(row, reply)),
    fields: reply.fields,
    rowAsArray: asArrays,
  };
}

interface HttpResult {
  command: string;
  rowCount: number | null;
  rows: (string | null)[][] | Record<string, string | null>[];
  fields: Reply["fields"];
  rowAsArray: boolean;
}

function rowObject(row: (string | null)[], reply: Reply): Record<string, string | null> {
  return Object.fromEntries(reply.fields.map((field, index) => [field.name, row[index] ?? null]));
}

function parameterText(value: unknown): string | null {
  if (value === null || value === undefined) return null;
  return typeof value === "object" ? JSON.stringify(value) : String(value);
}

function beginStatement(request: IncomingMessage): string {
  const isolation = header(request, "neon-batch-isolation-level");
  const readOnly = header(request, "neon-batch-read-only");
  const deferrable = header(request, "neon-batch-deferrable");
  let begin = "BEGIN";
  if (isolation !== undefined) {
    const level = ISOLATION_LEVELS.get(isolation);
    if (!level) throw new BadRequest(`There is no isolation level ${isolation}.`);
    begin += ` ISOLATION LEVEL ${level}`;
  }
  if (readOnly !== undefined) begin += readOnly === "true" ? " READ ONLY" : " READ WRITE";
  if (deferrable !== undefined) begin += deferrable === "true" ? " DEFERRABLE" : " NOT DEFERRABLE";
  return begin;
}

function connectionUser(request: IncomingMessage): string {
  const connection = header(request, "neon-connection-string");
  if (!connection || !URL.canParse(connection)) throw new BadRequest("Neon-Connection-String must be a URL.");
  const user = decodeURIComponent(new URL(connection).username);
  if (user === "") throw new BadRequest("The connection string names no user.");
  return user;
}

function header(request: IncomingMessage, name: string): string | undefined {
  const value = request.headers[name];
  return Array.isArray(value) ? value[0] : value;
}

async function readBody(request: IncomingMessage): Promise<string> {
  const chunks: Buffer[] = [];
  let size = 0;
  for await (const chunk of request) {
    size += chunk.length;
    if (size > BODY_BYTES_MAX) throw new BadRequest("The request is too large.");
    chunks.push(chunk);
  }
  return Buffer.concat(chunks).toString("utf8");
}

function send(response: ServerResponse, status: number, body: unknown): void {
  response.writeHead(status, { "content-type": "application/json" }).end(JSON.stringify(body));
}
