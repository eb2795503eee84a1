/**
 * The Worker as it would be deployed, under the local runtime without `wrangler dev` in front: for the bench, the demo and
 * journeys. As a program it is killed and started again on the same state:
 * `node dev/built-worker.ts --script <file> --vars <file> --port <n> [--state <folder>]`.
 */
import { execFile } from "node:child_process";
import { mkdir } from "node:fs/promises";
import { basename, dirname, join, resolve } from "node:path";
import { parseArgs, promisify } from "node:util";
import { convertV4MiniflareOptions, Log, LogLevel, Miniflare } from "miniflare";
import { unstable_getMiniflareWorkerOptions } from "wrangler";
import { OFFLINE, ROOT, WRANGLER_CONFIG } from "./project.ts";
import { readVars } from "./worker-vars.ts";

export interface BuiltWorkerOptions {
  /** From `buildWorker`. */
  script: string;
  /** Settings and secrets, as `workerVars` gives them. */
  vars: Record<string, string>;
  /** A free one when absent. */
  port?: number;
  /** Where objects, queues and buckets are kept; absent, they end with the process. */
  stateDir?: string;
  /** Each line the Worker logs. */
  onLine?: (line: string) => void;
}

export interface BuiltWorker {
  url: string;
  close(): Promise<void>;
}

/** Bundles the Worker exactly as a deploy would, and answers the path of the script. `entry`: another than the product's. */
export async function buildWorker(outDir: string, entry?: string): Promise<string> {
  await mkdir(outDir, { recursive: true });
  const wrangler = join(ROOT, "node_modules/wrangler/bin/wrangler.js");
  const build = ["deploy", ...(entry ? [entry] : []), "--dry-run", "--env", "", "--outdir", resolve(outDir)];
  await promisify(execFile)(process.execPath, [wrangler, ...build], {
    cwd: ROOT,
    env: { ...process.env, ...OFFLINE },
  });
  return join(resolve(outDir), `${basename(entry ?? "index.ts", ".ts")}.js`);
}

export async function startBuiltWorker(options: BuiltWorkerOptions): Promise<BuiltWorker> {
  Object.assign(process.env, OFFLINE);
  // The bundle needs no module rules any more, and the conversion refuses them.
  const { modulesRules: _, ...worker } = unstable_getMiniflareWorkerOptions(WRANGLER_CONFIG).workerOptions;
  const runtime = new Miniflare(
    convertV4MiniflareOptions({
      host: "127.0.0.1",
      port: options.port ?? 0,
      cf: false,
      log: new Log(LogLevel.ERROR),
      telemetry: { enabled: false },
      unsafeTriggerHandlers: true,
      handleStructuredLogs: ({ message }) => options.onLine?.(message),
      ...(options.stateDir ? { resourcePersistencePath: options.stateDir } : {}),
      workers: [
        {
          ...worker,
          // In place of the file's own [vars]: `workerVars` sets those too.
          bindings: options.vars,
          scriptPath: options.script,
          modules: true,
          modulesRoot: dirname(options.script),
        },
      ],
    }),
  );
  const url = await runtime.ready;
  return { url: url.origin, close: () => runtime.dispose() };
}

async function main(): Promise<void> {
  const { values } = parseArgs({
    options: {
      script: { type: "string" },
      vars: { type: "string" },
      port: { type: "string" },
      state: { type: "string" },
    },
  });
  const { script, vars, port, state } = values;
  if (!script || !vars || !port) throw new Error("--script, --vars and --port are needed.");
  const worker = await startBuiltWorker({
    script,
    vars: await readVars(vars),
    port: Number(port),
    onLine: (line) => console.log(line),
    ...(state ? { stateDir: state } : {}),
  });
  process.once("SIGTERM", () => void worker.close().then(() => process.exit(0)));
}

if (import.meta.main) {
  await main().catch((error: unknown) => {
    console.error(error instanceof Error ? error.message : error);
    process.exit(1);
  });
}
