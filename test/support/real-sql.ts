/**
 * Neon's SQL over HTTP in front of a real PostgreSQL server: there whole verbs meet the locks and races that the embedded
 * one, with its single connection, never has.
 */
import { createServer, type IncomingMessage } from "node:http";
import type { AddressInfo } from "node:net";
import { Client } from "@neondatabase/serverless";
import { z } from "zod";
import type { RealPostgres } from "./real-postgres.ts";

const Statement = z.object({ query: z.string(), params: z.array(z.unknown()).default([]) });
const Body = z.union([z.object({ queries: z.array(Statement) }), Statement]);

export interface RealSql {
  /** For `neonConfig.fetchEndpoint`. */
  fetchEndpoint: string;
  stop(): Promise<void>;
}

export async function serveSql(postgres: RealPostgres): Promise<RealSql> {
  const idle = new Map<string, Client[]>();
  const http = createServer(async (request, response) => {
    const url = String(request.headers["neon-connection-string"]);
    const client = idle.get(url)?.pop() ?? (await connect(url, postgres));
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
    idle.set(url, [...(idle.get(url) ?? []), client]);
  });
  await new Promise<void>((resolve) => http.listen(0, "127.0.0.1", resolve));
  const { port } = http.address() as AddressInfo;
  return {
    fetchEndpoint: `http://127.0.0.1:${port}/sql`,
    stop: async () => {
      http.closeAllConnections();
      await new Promise((resolve) => http.close(resolve));
      await Promise.all([...idle.values()].flat().map((client) => client.end()));
    },
  };
}

async function connect(url: string, { wsProxy }: RealPostgres): Promise<Client> {
  const client = new Client({ connectionString: url, types: { getTypeParser: () => String } });
  Object.assign(client.neonConfig, {
    wsProxy: () => wsProxy,
    useSecureWebSocket: false,
    pipelineTLS: false,
    pipelineConnect: "password",
  });
  await client.connect();
  return client;
}

async function batch(client: Client, queries: z.infer<typeof Statement>[]) {
  await client.query("begin");
  const results = [];
  for (const query of queries) results.push(await statement(client, query));
  await client.query("commit");
  return { results };
}

async function statement(client: Client, { query, params }: z.infer<typeof Statement>) {
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
