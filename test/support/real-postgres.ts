/**
 * A PostgreSQL server with many connections, for what the embedded one with its single connection cannot show: races,
 * locks and timeouts. Found in `POSTGRES_BIN`, else where Debian installs it, else on the path.
 */
import { execFile, spawn } from "node:child_process";
import { access, chown, mkdtemp, readdir, rm, writeFile } from "node:fs/promises";
import { createServer } from "node:http";
import { type AddressInfo, createConnection } from "node:net";
import { tmpdir } from "node:os";
import { delimiter, join } from "node:path";
import { promisify } from "node:util";
import { type WebSocket, WebSocketServer } from "ws";

const run = promisify(execFile);
const PASSWORD = "local";

export interface RealPostgres {
  /** Connection string of a role; every role has the same password. */
  url(role: string): string;
  /** For `neonConfig.wsProxy`. */
  wsProxy: string;
  /** Where its socket is, for a driver that takes one. */
  socketDirectory: string;
  stop(): Promise<void>;
}

/** The directory with `initdb` and `postgres`, or null where no server is installed. */
export async function findPostgres(): Promise<string | null> {
  const debian = "/usr/lib/postgresql";
  const versions = await readdir(debian).catch(() => []);
  const places = [
    process.env["POSTGRES_BIN"] ?? [],
    versions.sort((a, b) => Number(b) - Number(a)).map((version) => join(debian, version, "bin")),
    (process.env["PATH"] ?? "").split(delimiter),
  ].flat();
  for (const place of places) {
    const found = await access(join(place, "initdb")).then(
      () => true,
      () => false,
    );
    if (found) return place;
  }
  return null;
}

/** Starts a fresh cluster on a socket in a temporary directory, and a relay that Neon's WebSocket driver can reach. */
export async function startRealPostgres(bin: string): Promise<RealPostgres> {
  const directory = await mkdtemp(join(tmpdir(), "adjutant-pg-"));
  const data = join(directory, "data");
  const passwordFile = join(directory, "password");
  await writeFile(passwordFile, PASSWORD);
  const owner = await serverUser();
  if (owner) for (const path of [directory, passwordFile]) await chown(path, owner.uid, owner.gid);
  await run(
    join(bin, "initdb"),
    ["-D", data, "-U", "postgres", "--auth=password", `--pwfile=${passwordFile}`, "-E", "UTF8", "--no-sync"],
    { ...owner },
  );
  const settings = [
    "-c",
    "listen_addresses=",
    "-c",
    "fsync=off",
    "-c",
    `unix_socket_directories=${directory}`,
  ];
  const server = spawn(join(bin, "postgres"), ["-D", data, ...settings], { ...owner, stdio: "ignore" });
  const exited = new Promise<void>((resolve) => server.once("exit", () => resolve()));
  const socketPath = join(directory, ".s.PGSQL.5432");
  await ready(bin, directory);
  const relay = await startRelay(socketPath);
  return {
    url: (role) => `postgresql://${role}:${PASSWORD}@127.0.0.1:${relay.port}/postgres`,
    wsProxy: `127.0.0.1:${relay.port}/v2`,
    socketDirectory: directory,
    stop: async () => {
      await relay.close();
      server.kill("SIGINT");
      await exited;
      await rm(directory, { recursive: true, force: true });
    },
  };
}

/** PostgreSQL refuses to run as root: then it runs as the user that Debian made for it. */
async function serverUser(): Promise<{ uid: number; gid: number } | undefined> {
  if (process.getuid?.() !== 0) return undefined;
  const [uid, gid] = await Promise.all(
    ["-u", "-g"].map(async (flag) => (await run("id", [flag, "postgres"])).stdout),
  );
  return { uid: Number(uid), gid: Number(gid) };
}

/** A server that is starting takes connections and refuses them. */
async function ready(bin: string, directory: string): Promise<void> {
  for (let attempt = 0; attempt < 200; attempt++) {
    const up = await run(join(bin, "pg_isready"), ["--host", directory]).then(
      () => true,
      () => false,
    );
    if (up) return;
    await new Promise((resolve) => setTimeout(resolve, 50));
  }
  throw new Error("PostgreSQL did not come up within ten seconds.");
}

/** Passes bytes between WebSockets and the server's socket, as Neon's proxy does. */
async function startRelay(socketPath: string) {
  const http = createServer();
  const sockets = new WebSocketServer({ server: http });
  sockets.on("connection", (client: WebSocket) => {
    const server = createConnection(socketPath);
    client.on("message", (bytes: Buffer) => server.write(bytes));
    client.on("close", () => server.destroy());
    server.on("data", (bytes) => client.send(bytes));
    server.on("close", () => client.close());
    server.on("error", () => client.close());
  });
  await new Promise<void>((resolve) => http.listen(0, "127.0.0.1", resolve));
  const { port } = http.address() as AddressInfo;
  return {
    port,
    close: async () => {
      for (const client of sockets.clients) client.terminate();
      sockets.close();
      await new Promise((resolve) => http.close(resolve));
    },
  };
}
