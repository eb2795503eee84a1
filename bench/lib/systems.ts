/** Starts what is measured: the built product, the product with the measuring door, and the floor, each in its own runtime. */
import { fork } from "node:child_process";
import { mkdtemp, readFile, rm } from "node:fs/promises";
import { stripTypeScriptTypes } from "node:module";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { convertV4MiniflareOptions, Log, LogLevel, Miniflare } from "miniflare";
import { type BuiltScripts, buildScripts, buildWorker, startBuiltWorker } from "../../dev/built-worker.ts";
import { migrate } from "../../dev/migrate.ts";
import { startPostgresThread } from "../../dev/postgres/thread.ts";
import { createSecrets } from "../../dev/secrets.ts";
import { workerVars } from "../../dev/worker-vars.ts";
import type { Sut } from "./client.ts";
import { workerdPids } from "./processes.ts";
import { tap } from "./tap.ts";
import { type BenchUser, seedUsers } from "./users.ts";

const COMPATIBILITY_DATE = "2026-10-20";
const ISSUER = "http://127.0.0.1";

export interface Systems {
  product: Sut;
  floor: Sut;
  /** The product's hub with a door for the call path. */
  calls: Sut;
  /** The bundles that `product` runs, and its settings. */
  scripts: BuiltScripts;
  vars: Record<string, string>;
  /** The product once more, with somebody listening on its ways to the database and the model. */
  startProbed(listeners: { onDatabase(): void; onModel(): void }): Promise<Sut>;
  close(): Promise<void>;
}

/** State in memory where the machine has such a disk: opening an object is then not the disk's time. */
async function stateDir(): Promise<string> {
  const memory = "/dev/shm";
  return mkdtemp(join(memory, "adjutant-bench-")).catch(() => mkdtemp(join(tmpdir(), "adjutant-bench-")));
}

export async function startSystems(users: number): Promise<Systems> {
  const directory = await stateDir();
  const [model, postgres, scripts, callsScript] = await Promise.all([
    startModel(),
    startPostgresThread(),
    buildScripts(join(directory, "build")),
    buildWorker(join(directory, "build-calls"), { entry: "bench/calls-worker.ts" }),
  ]);
  await migrate({ url: postgres.urls.admin, wsProxy: postgres.wsProxy });
  const secrets = createSecrets();
  const vars = workerVars({
    environment: "test",
    publicUrl: ISSUER,
    postgres,
    secrets,
    modelUrl: model.url,
    // What is learnt after a turn is a job of its own, with a model call of its own: turns alone are measured.
    settings: { MEMORY_EXTRACTION: "off" },
  });
  const people = await seedUsers(users, { postgres, secrets, issuer: ISSUER });
  const product = await startProduct("product", scripts.main, vars, people, directory);
  const calls = await startProduct("calls", callsScript, vars, people, directory);
  const floor = await startFloor(model.url, directory);
  return {
    product,
    calls,
    floor,
    scripts,
    vars,
    startProbed: async ({ onDatabase, onModel }) => {
      const database = await tap(postgres.fetchEndpoint, onDatabase);
      const listened = await tap(model.url, onModel);
      const endpoints = { NEON_FETCH_ENDPOINT: `${database.url}/sql`, MODEL_BASE_URL: listened.url };
      const probed = await startProduct("probed", scripts.main, { ...vars, ...endpoints }, people, directory);
      const close = async () => {
        await probed.close();
        database.close();
        listened.close();
      };
      return { ...probed, close };
    },
    close: async () => {
      await Promise.all([product.close(), calls.close(), floor.close()]);
      await postgres.close();
      model.close();
      await rm(directory, { recursive: true, force: true });
    },
  };
}

async function startProduct(
  name: string,
  script: string,
  vars: Record<string, string>,
  people: BenchUser[],
  directory: string,
): Promise<Sut> {
  const before = workerdPids();
  const worker = await startBuiltWorker({ script, vars, stateDir: join(directory, name) });
  return {
    name: "adjutant",
    hello: true,
    pids: workerdPids(before),
    socketOf: (user) => ({
      url: `${worker.url.replace("http", "ws")}/api/v1/ws/device`,
      headers: { authorization: `Bearer ${people[user]?.accessToken}` },
    }),
    close: () => worker.close(),
  };
}

async function startFloor(modelUrl: string, directory: string): Promise<Sut> {
  const before = workerdPids();
  const source = await readFile(join(import.meta.dirname, "../floor/worker.ts"), "utf8");
  const runtime = new Miniflare(
    convertV4MiniflareOptions({
      host: "127.0.0.1",
      port: 0,
      cf: false,
      log: new Log(LogLevel.ERROR),
      telemetry: { enabled: false },
      resourcePersistencePath: join(directory, "floor"),
      workers: [
        {
          name: "floor",
          modules: true,
          script: stripTypeScriptTypes(source),
          compatibilityDate: COMPATIBILITY_DATE,
          compatibilityFlags: ["nodejs_compat"],
          bindings: { MODEL_BASE_URL: modelUrl },
          durableObjects: { FLOOR: { className: "FloorHub", useSQLite: true } },
        },
      ],
    }),
  );
  const { host } = await runtime.ready;
  return {
    name: "floor",
    hello: false,
    pids: workerdPids(before),
    socketOf: (user) => ({ url: `ws://${host}/?user=${user}`, headers: {} }),
    close: () => runtime.dispose(),
  };
}

/** In a process of its own, so that it shares no event loop with the clients. */
function startModel(): Promise<{ url: string; close(): void }> {
  const child = fork(join(import.meta.dirname, "../model.ts"), { stdio: "inherit" });
  return new Promise((resolve, reject) => {
    child.once("error", reject);
    child.once("message", (port) => {
      resolve({ url: `http://127.0.0.1:${Number(port)}`, close: () => void child.kill() });
    });
  });
}
