/** The whole local stack: Postgres with migrations applied, a model, the Worker, and the clock that fires its crons. */
import { writeFile } from "node:fs/promises";
import { join } from "node:path";
import { Settings } from "../src/platform/env-settings.ts";
import { type BuiltScripts, buildScripts } from "./built-worker.ts";
import { startCronTicker } from "./cron.ts";
import { migrate } from "./migrate.ts";
import { type ModelServer, startModelServer } from "./model/server.ts";
import { portFor } from "./ports.ts";
import type { LocalPostgres } from "./postgres/server.ts";
import { startPostgresThread } from "./postgres/thread.ts";
import { LOCAL_DIR } from "./project.ts";
import { secretsOf } from "./secrets.ts";
import { takeState } from "./state.ts";
import { WorkerProcess } from "./worker-process.ts";
import { formatVars, namesModel, personalSettings, workerVars } from "./worker-vars.ts";

export interface StackOptions {
  /** `source` reloads on each change (`wrangler dev`); `built` is what would be deployed, and faster. */
  worker: "source" | "built";
  /** Absent ones are free ports. */
  ports?: { api?: number; postgres?: number; model?: number };
  /** Where everything is kept between runs; two stacks cannot share one. */
  stateDir?: string;
  /** Settings of the Worker over what the stack and `.dev.vars` say. */
  vars?: Record<string, string>;
  /** Always the stand-in, whatever the shell names. */
  standInOnly?: boolean;
  /** Waited by the stand-in before each piece of text. */
  deltaDelayMs?: number;
  /** Each line the Worker writes once it is ready. */
  onLine?: (line: string) => void;
}

export interface Stack {
  apiUrl: string;
  postgres: LocalPostgres;
  /** Null when the shell or `.dev.vars` names a model of its own. */
  model: ModelServer | null;
  /** The name of the model that answers, or its address. */
  modelName: string;
  worker: WorkerProcess;
  /** Stops everything, the Worker first. Safe to repeat. */
  close(): Promise<void>;
}

/** Answers when the Worker serves. Throws one sentence that says what to do, after stopping what had started. */
export async function startStack(options: StackOptions): Promise<Stack> {
  const stateDir = options.stateDir ?? join(LOCAL_DIR, "state");
  const cleanups: (() => Promise<unknown>)[] = [];
  let closing: Promise<void> | undefined;
  const close = () => {
    closing ??= closeAll(cleanups);
    return closing;
  };
  try {
    const state = await takeState(stateDir);
    cleanups.push(() => state.release());
    const settings = { ...(options.standInOnly ? {} : await personalSettings()), ...options.vars };
    const apiPort = await portFor("the API", options.ports?.api);
    const [postgres, model, scripts] = await Promise.all([
      startPostgres(options, stateDir, cleanups),
      namesModel(settings) ? null : startModel(options, cleanups),
      options.worker === "built" ? (builtBefore() ?? buildScripts(join(stateDir, "build"))) : null,
    ]);
    const apiUrl = `http://127.0.0.1:${apiPort}`;
    const varsPath = join(stateDir, "worker.env");
    const vars = workerVars({
      environment: "development",
      publicUrl: apiUrl,
      postgres,
      secrets: await secretsOf(stateDir),
      modelUrl: model?.url,
      settings,
    });
    await writeFile(varsPath, formatVars(vars), { mode: 0o600 });
    const workerState = join(stateDir, "worker");
    const worker = new WorkerProcess({
      scripts,
      varsPath,
      stateDir: workerState,
      apiUrl,
      onLine: options.onLine,
    });
    cleanups.push(() => worker.stop());
    await worker.start();
    const ticker = startCronTicker(apiUrl, (error) => options.onLine?.(`A cron failed: ${error}`));
    cleanups.push(async () => ticker.stop());
    return { apiUrl, postgres, model, modelName: modelNameOf(vars, model), worker, close };
  } catch (error) {
    await close();
    throw error;
  }
}

/** Whoever starts many stacks from the same sources builds once. */
function builtBefore(): BuiltScripts | undefined {
  const {
    ADJUTANT_MAIN_SCRIPT: main,
    ADJUTANT_INGEST_SCRIPT: ingest,
    ADJUTANT_SANDBOX_SCRIPT: sandbox,
  } = process.env;
  return main && ingest && sandbox ? { main, ingest, sandbox } : undefined;
}

async function startPostgres(
  { ports }: StackOptions,
  stateDir: string,
  cleanups: (() => Promise<unknown>)[],
): Promise<LocalPostgres> {
  const dataDir = join(stateDir, "postgres");
  const port = ports?.postgres ? await portFor("the local Postgres", ports.postgres) : 0;
  const postgres = await startPostgresThread({ dataDir, port });
  cleanups.push(() => postgres.close());
  await migrate({ url: postgres.urls.admin, wsProxy: postgres.wsProxy });
  return postgres;
}

async function startModel(
  { ports, deltaDelayMs = 0 }: StackOptions,
  cleanups: (() => Promise<unknown>)[],
): Promise<ModelServer> {
  const model = await startModelServer({
    port: await portFor("the model stand-in", ports?.model),
    deltaDelayMs,
  });
  cleanups.push(() => model.close());
  return model;
}

/** In reverse order; a failure keeps nothing else from stopping. */
async function closeAll(cleanups: (() => Promise<unknown>)[]): Promise<void> {
  for (let cleanup = cleanups.pop(); cleanup; cleanup = cleanups.pop()) {
    await cleanup().catch((error: unknown) => console.error("While stopping:", error));
  }
}

function modelNameOf(vars: Record<string, string>, model: ModelServer | null): string {
  if (model) return `the model stand-in (${model.url})`;
  const name = Settings.shape.MODEL_SUPERVISOR.parse(vars["MODEL_SUPERVISOR"] || undefined);
  return vars["MODEL_BASE_URL"] ? `${name} at ${vars["MODEL_BASE_URL"]}` : name;
}
