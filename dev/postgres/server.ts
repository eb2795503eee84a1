/** The local PostgreSQL: PGlite with pgvector behind the two addresses of Neon's driver, `/sql` (HTTP) and `/v2` (WebSocket). */
import { createHash } from "node:crypto";
import { mkdir, readFile, rename, writeFile } from "node:fs/promises";
import { createServer, type Server } from "node:http";
import { createRequire } from "node:module";
import { join } from "node:path";
import { PGlite } from "@electric-sql/pglite";
import { vector } from "@electric-sql/pglite-pgvector";
import { WebSocketServer } from "ws";
import { listen } from "../ports.ts";
import { Engine } from "./engine.ts";
import { answerSql } from "./http.ts";
import { MESSAGE_BYTES_MAX } from "./protocol.ts";
import { serveSocket } from "./socket.ts";

const CLOSE_GRACE_MS = 500;

export interface PostgresOptions {
  /** 0 or absent takes a free port. */
  port?: number;
  /** Where the database lives; absent, it lives in memory and ends with the process. */
  dataDir?: string;
  idleTransactionMs?: number;
}

export interface LocalPostgres {
  port: number;
  /** For `neonConfig.fetchEndpoint`. */
  fetchEndpoint: string;
  /** For `neonConfig.wsProxy`: host, port and path without a scheme. */
  wsProxy: string;
  /** One connection string a role; the proxy takes the user from it and accepts any password. */
  urls: { admin: string; app: string; identity: string; scheduler: string };
  close(): Promise<void>;
}

/** Starts the server on 127.0.0.1; the roles behind `urls` exist once migrations ran. Two servers must not share a `dataDir`. */
export async function startPostgres(options: PostgresOptions = {}): Promise<LocalPostgres> {
  const database = await openDatabase(options.dataDir);
  const engine = new Engine(database);
  const server = createHttpServer(engine);
  const port = await listen(server, options.port ?? 0, "the local Postgres").catch(async (error: unknown) => {
    await database.close();
    throw error;
  });
  const sockets = new WebSocketServer({ server, path: "/v2", maxPayload: MESSAGE_BYTES_MAX });
  sockets.on("connection", (socket) =>
    serveSocket(engine, socket, { idleTransactionMs: options.idleTransactionMs ?? 15_000 }),
  );
  return {
    port,
    fetchEndpoint: `http://127.0.0.1:${port}/sql`,
    wsProxy: `127.0.0.1:${port}/v2`,
    urls: {
      admin: connectionUrl("postgres", port),
      app: connectionUrl("adjutant_app", port),
      identity: connectionUrl("adjutant_identity", port),
      scheduler: connectionUrl("adjutant_scheduler", port),
    },
    close: async () => {
      const closed = new Promise((resolve) => server.close(resolve));
      for (const socket of sockets.clients) socket.close(1001);
      const stragglers = setTimeout(() => {
        for (const socket of sockets.clients) socket.terminate();
        server.closeAllConnections();
      }, CLOSE_GRACE_MS);
      server.closeIdleConnections();
      await closed;
      clearTimeout(stragglers);
      await database.close();
    },
  };
}

function createHttpServer(engine: Engine): Server {
  const server = createServer((request, response) => {
    if (request.method !== "POST" || request.url !== "/sql") {
      response.writeHead(404).end("POST /sql, or a WebSocket at /v2\n");
      return;
    }
    answerSql(engine, request, response).catch((error: unknown) => {
      console.error("The local Postgres failed:", error);
      if (!response.headersSent) response.writeHead(500);
      response.end("The local database failed.");
    });
  });
  // Above the Worker's own keep-alive, so that no request meets a connection being closed.
  server.keepAliveTimeout = 600_000;
  return server;
}

function connectionUrl(user: string, port: number): string {
  return `postgresql://${user}:local@127.0.0.1:${port}/postgres`;
}

const CACHE_DIRECTORY = join(import.meta.dirname, "../../.adjutant/cache");

const ENGINE = createRequire(import.meta.url)
  .resolve("@electric-sql/pglite")
  .replace(/[^/]+$/, "pglite.wasm");

/** A fresh database starts from a saved image: `initdb` takes seconds, an image a tenth of that. */
async function openDatabase(dataDir: string | undefined): Promise<PGlite> {
  if (dataDir) await mkdir(dataDir, { recursive: true });
  const settings = { extensions: { vector }, ...(dataDir ? { dataDir } : {}) };
  if (dataDir && (await exists(`${dataDir}/PG_VERSION`))) return PGlite.create(settings);
  return PGlite.create({ ...settings, loadDataDir: await freshImage() });
}

async function freshImage(): Promise<Blob> {
  const engine = createHash("sha256")
    .update(await readFile(ENGINE))
    .digest("hex")
    .slice(0, 16);
  const path = join(CACHE_DIRECTORY, `postgres-${engine}.tar`);
  const saved = await readFile(path).catch(() => undefined);
  if (saved) return new Blob([saved]);
  const database = await PGlite.create({ extensions: { vector } });
  const image = await database.dumpDataDir("none");
  await database.close();
  await mkdir(CACHE_DIRECTORY, { recursive: true });
  // Under a name of its own first: another process may read the cache at this moment.
  const draft = `${path}.${process.pid}`;
  await writeFile(draft, Buffer.from(await image.arrayBuffer()));
  await rename(draft, path);
  return image;
}

async function exists(path: string): Promise<boolean> {
  return readFile(path).then(
    () => true,
    () => false,
  );
}
