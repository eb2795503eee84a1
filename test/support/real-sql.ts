/**
 * Neon's SQL over HTTP in front of a real PostgreSQL server: there whole verbs meet the locks and races that the embedded
 * one, with its single connection, never has.
 */
import { createServer, type IncomingMessage } from "node:http";
import type { AddressInfo } from "node:net";
import { type ClientBase, Pool, type PoolConfig } from "pg";
import { z } from "zod";
import type { RealPostgres } from "./real-postgres.ts";

const Statement = z.object({ query: z.string(), params: z.array(z.unknown()).default([]) });
const Body = z.union([z.object({ queries: z.array(Statement) }), Statement]);

/** For each role. */
const CONNECTIONS_MAX = 30;

export interface RealSql {
  /** For `neonConfig.fetchEndpoint`. */
  fetchEndpoint: string;
  stop(): Promise<void>;
}

export async function serveSql(postgres: RealPostgres): Promise<RealSql> {
  const pools = new Map<string, Pool>();
  const poolOf = (url: string) => {
    const pool = pools.get(url) ?? openPool(url, postgres, AS_WRITTEN);
    pools.set(url, pool);
    return pool;
  };
  const http = createServer(async (request, response) => {
    const client = await poolOf(String(request.headers["neon-connection-string"])).connect();
    try {
      const body = Body.parse(JSON.parse(await text(request)));
      const answer = "queries" in body ? await batch(client, body.queries) : await statement(client, body);
      response.writeHead(200, { "content-type": "application/json" }).end(JSON.stringify(answer));
    } catch (error) {
      await client.query("rollback");
      const { code, message, constraint } = z
        .looseObject({ code: z.string().optional(), message: z.string(), constraint: z.string().optional() })
        .parse(error);
      response.writeHead(400).end(JSON.stringify({ severity: "ERROR", code, message, constraint }));
    }
    client.release();
  });
  await new Promise<void>((resolve) => http.listen(0, "127.0.0.1", resolve));
  const { port } = http.address() as AddressInfo;
  return {
    fetchEndpoint: `http://127.0.0.1:${port}/sql`,
    stop: async () => {
      http.closeAllConnections();
      await new Promise((resolve) => http.close(resolve));
      await Promise.all([...pools.values()].map((pool) => pool.end()));
    },
  };
}

/** Values as the server writes them. */
const AS_WRITTEN = { getTypeParser: () => String };

/** Connections straight to the server's socket, as many as are in use at once. */
export function openPool(url: string, { socketDirectory }: RealPostgres, types?: PoolConfig["types"]): Pool {
  const { username, password, pathname } = new URL(url);
  const pool = new Pool({
    host: socketDirectory,
    user: username,
    password,
    database: pathname.slice(1),
    max: CONNECTIONS_MAX,
    idleTimeoutMillis: 0,
    ...(types && { types }),
  });
  // Of idle connections that the server ended; what a query's connection meets is the query's error.
  pool.on("error", () => {});
  return pool;
}

async function batch(client: ClientBase, queries: z.infer<typeof Statement>[]) {
  await client.query("begin");
  const results = [];
  for (const query of queries) results.push(await statement(client, query));
  await client.query("commit");
  return { results };
}

async function statement(client: ClientBase, { query, params }: z.infer<typeof Statement>) {
  const { command, rowCount, rows, fields } = await client.query({
    text: query,
    values: params,
    rowMode: "array",
  });
  return { command, rowCount, rows, fields, rowAsArray: true };
}

async function text(request: IncomingMessage): Promise<string> {
  const chunks: Buffer[] = [];
  for await (const chunk of request) chunks.push(chunk);
  return Buffer.concat(chunks).toString("utf8");
}
