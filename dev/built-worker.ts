/**
 * The Worker's scripts as they would be deployed, in one local runtime without `wrangler dev` in front: for the bench, the
 * demo and journeys. As a program it is killed and started again on the same state:
 * `node dev/built-worker.ts --script <file> --ingest <file> --sandbox <file> --vars <file> --port <n> [--state <folder>]`.
 */
import { execFile } from "node:child_process";
import { mkdir, readdir } from "node:fs/promises";
import { basename, dirname, join, resolve } from "node:path";
import { parseArgs, promisify } from "node:util";
import { convertV4MiniflareOptions, Log, LogLevel, Miniflare } from "miniflare";
import { unstable_getMiniflareWorkerOptions, unstable_readConfig } from "wrangler";
import { INGEST_CONFIG, OFFLINE, ROOT, SANDBOX_CONFIG, WRANGLER_CONFIG } from "./project.ts";
import { ingestVars, readVars } from "./worker-vars.ts";

/** Where the bundles are. */
export interface BuiltScripts {
  main: string;
  ingest: string;
  sandbox: string;
}

export interface BuiltWorkerOptions {
  /** The main script, from `buildWorker`. */
  script: string;
  /** The script that reads documents; absent, none is read. */
  ingest?: string | undefined;
  /** The script that runs code; absent, no agent can be given `run_code`. */
  sandbox?: string | undefined;
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

export interface BuildOptions {
  /** Of another script than the main one. */
  config?: string;
  /** Another entry than the configuration's. */
  entry?: string;
  environment?: "" | "production";
}

/** Bundles one script exactly as a deploy would, and answers its path. */
export async function buildWorker(outDir: string, options: BuildOptions = {}): Promise<string> {
  const { config = WRANGLER_CONFIG, entry, environment = "" } = options;
  await mkdir(outDir, { recursive: true });
  const wrangler = join(ROOT, "node_modules/wrangler/bin/wrangler.js");
  const build = ["deploy", ...(entry ? [entry] : []), "--dry-run", "--config", config, "--env", environment];
  await promisify(execFile)(process.execPath, [wrangler, ...build, "--outdir", resolve(outDir)], {
    cwd: ROOT,
    env: { ...process.env, ...OFFLINE },
  });
  const main = entry ?? unstable_readConfig({ config, env: environment }, { hideWarnings: true }).main ?? "";
  return join(resolve(outDir), `${basename(main, ".ts")}.js`);
}

export async function buildScripts(
  outDir: string,
  environment: BuildOptions["environment"] = "",
): Promise<BuiltScripts> {
  const [main, ingest, sandbox] = await Promise.all([
    buildWorker(outDir, { environment }),
    buildWorker(outDir, { environment, config: INGEST_CONFIG }),
    buildWorker(join(outDir, "sandbox"), { environment, config: SANDBOX_CONFIG }),
  ]);
  return { main, ingest, sandbox };
}

export async function startBuiltWorker(options: BuiltWorkerOptions): Promise<BuiltWorker> {
  Object.assign(process.env, OFFLINE);
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
      // Requests and crons go to the first.
      workers: [
        mainWorkerOf(options),
        ...(options.ingest ? [workerOf(INGEST_CONFIG, options.ingest, ingestVars(options.vars))] : []),
        ...(options.sandbox ? [await sandboxWorkerOf(options.sandbox)] : []),
      ],
    }),
  );
  const url = await runtime.ready;
  return { url: url.origin, close: () => runtime.dispose() };
}

/** What is not there cannot be bound. */
function mainWorkerOf({ script, vars, sandbox }: BuiltWorkerOptions) {
  const worker = workerOf(WRANGLER_CONFIG, script, vars);
  return sandbox ? worker : { ...worker, serviceBindings: {} };
}

/** Of its folder: the script, and the interpreter beside it. It is given no settings. */
export async function sandboxWorkerOf(script: string) {
  const folder = dirname(script);
  const interpreters = (await readdir(folder)).filter((name) => name.endsWith("wasm"));
  return {
    ...workerOf(SANDBOX_CONFIG, script, {}),
    modules: [
      { type: "ESModule" as const, path: script },
      ...interpreters.map((name) => ({ type: "CompiledWasm" as const, path: join(folder, name) })),
    ],
  };
}

function workerOf(config: string, script: string, vars: Record<string, string>) {
  const { name } = unstable_readConfig({ config, env: "" }, { hideWarnings: true });
  // The bundle needs no module rules any more, and the conversion refuses them.
  const { modulesRules: _, ...worker } = unstable_getMiniflareWorkerOptions(config).workerOptions;
  return {
    ...worker,
    ...(name ? { name } : {}),
    // In place of the file's own [vars]: `workerVars` sets those too.
    bindings: vars,
    scriptPath: script,
    modules: true,
    modulesRoot: dirname(script),
  };
}

async function main(): Promise<void> {
  const { values } = parseArgs({
    options: {
      script: { type: "string" },
      ingest: { type: "string" },
      sandbox: { type: "string" },
      vars: { type: "string" },
      port: { type: "string" },
      state: { type: "string" },
    },
  });
  const { script, ingest, sandbox, vars, port, state } = values;
  if (!script || !vars || !port) throw new Error("--script, --vars and --port are needed.");
  const worker = await startBuiltWorker({
    script,
    ingest,
    sandbox,
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
