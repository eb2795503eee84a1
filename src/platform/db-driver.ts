/** The driver of the database, as `loadDriver` lends it. */
import { Client, neon, neonConfig } from "@neondatabase/serverless";
import { drizzle as drizzleHttp, type NeonHttpDatabase } from "drizzle-orm/neon-http";
import { drizzle as drizzleSocket, type NeonDatabase } from "drizzle-orm/neon-serverless";
import { within } from "../lib/time.ts";
import type { DatabaseConfig } from "./db.ts";

/** The wire waits this much longer than the statement may run, so that the database's own answer arrives. */
const WIRE_GRACE_MS = 2000;

/** Asks over HTTP, as the role of `url`. */
export function openHttp(config: DatabaseConfig, url: string): NeonHttpDatabase {
  configureDriver(config);
  return drizzleHttp({ client: neon(url) });
}

/** One connection, as the role of `url`. */
export function openSocket(config: DatabaseConfig, url: string): { client: Client; queries: NeonDatabase } {
  configureDriver(config);
  // Limits are the client's own: Neon's pooled address refuses settings in the start-up message.
  const client = new Client({
    connectionString: url,
    query_timeout: config.timeoutMs,
    connectionTimeoutMillis: config.timeoutMs,
  });
  return { client, queries: drizzleSocket({ client }) };
}

/** The driver's settings are global to the isolate. */
export function configureDriver({ httpEndpoint, webSocketProxy, timeoutMs }: DatabaseConfig): void {
  if (httpEndpoint !== undefined) neonConfig.fetchEndpoint = httpEndpoint;
  if (webSocketProxy !== undefined) {
    neonConfig.wsProxy = () => webSocketProxy;
    // What Neon's proxy adds in production, and a development server on the loopback address does without.
    neonConfig.useSecureWebSocket = false;
    neonConfig.pipelineTLS = false;
    neonConfig.pipelineConnect = "password";
  }
  neonConfig.fetchFunction = (url: string, init: RequestInit) =>
    within(timeoutMs + WIRE_GRACE_MS, async (signal) => {
      const answer = await fetch(url, { ...init, signal });
      // Read whole while the time runs: the driver would read it later.
      return new Response(await answer.arrayBuffer(), answer);
    });
}
