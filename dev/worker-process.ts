/** The Worker's scripts in processes of their own: stopped, killed and started again on the same state, at the same address. */
import { mkdir, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { setTimeout as delay } from "node:timers/promises";
import type { BuiltScripts } from "./built-worker.ts";
import { type Child, startChild } from "./processes.ts";
import { INGEST_CONFIG, OFFLINE, ROOT, SANDBOX_CONFIG, WRANGLER_CONFIG } from "./project.ts";
import { formatVars, ingestVars, readVars } from "./worker-vars.ts";

export interface WorkerProcessOptions {
  /** The bundles; null runs the sources under `wrangler dev`, which reloads on each change. */
  scripts: BuiltScripts | null;
  /** Settings and secrets, from `formatVars`. */
  varsPath: string;
  stateDir: string;
  apiUrl: string;
  /** Each line the Worker writes once it serves. */
  onLine?: ((line: string) => void) | undefined;
}

const READY_POLL_MS = 100;
const READY_MS = 60_000;
/** As wrangler says it; it would then wait for a change of the sources. */
const BUILD_FAILED = /Build failed with \d+ error/;

export class WorkerProcess {
  readonly #options: WorkerProcessOptions;
  #child: Child | undefined;
  #isReady = false;

  constructor(options: WorkerProcessOptions) {
    this.#options = options;
  }

  /** Answers when the Worker serves; throws when it ends, cannot be built, refuses its settings, or takes too long. */
  async start(): Promise<void> {
    const { scripts, onLine } = this.#options;
    this.#isReady = false;
    let hasFailed = false;
    const child = startChild(
      process.execPath,
      scripts ? this.#builtCommand(scripts) : await this.#sourceCommand(),
      {
        env: OFFLINE,
        onLine: (line) => {
          if (this.#isReady) onLine?.(line);
          else hasFailed ||= BUILD_FAILED.test(line);
        },
      },
    );
    this.#child = child;
    void child.ended.then(() => {
      hasFailed = true;
    });
    try {
      await this.#untilServing(child, () => hasFailed);
      this.#isReady = true;
    } catch (error) {
      await child.stop();
      throw error;
    }
  }

  /** Settles when the processes of the last `start` are gone, for whatever reason. */
  get ended(): Promise<void> {
    return this.#child?.ended ?? Promise.resolve();
  }

  async stop(): Promise<void> {
    await this.#child?.stop();
  }

  /** Ends the runtime and what started it at once, as a crash would (SIGKILL). The state stays as it is. */
  async kill(): Promise<void> {
    await this.#child?.kill();
  }

  async #sourceCommand(): Promise<string[]> {
    const { varsPath, stateDir } = this.#options;
    return [
      join(ROOT, "node_modules/wrangler/bin/wrangler.js"),
      "dev",
      `--config=${WRANGLER_CONFIG}`,
      `--config=${await writeConfig(stateDir, "ingest", INGEST_CONFIG, ingestVars(await readVars(varsPath)))}`,
      `--config=${await writeConfig(stateDir, "sandbox", SANDBOX_CONFIG, {})}`,
      "--local",
      "--ip=127.0.0.1",
      `--port=${this.#port}`,
      "--inspector-port=0",
      `--persist-to=${stateDir}`,
      `--env-file=${varsPath}`,
      "--show-interactive-dev-session=false",
    ];
  }

  #builtCommand({ main, ingest, sandbox }: BuiltScripts): string[] {
    const { varsPath, stateDir } = this.#options;
    return [
      join(import.meta.dirname, "built-worker.ts"),
      `--script=${main}`,
      `--ingest=${ingest}`,
      `--sandbox=${sandbox}`,
      `--vars=${varsPath}`,
      `--port=${this.#port}`,
      `--state=${stateDir}`,
    ];
  }

  get #port(): string {
    return new URL(this.#options.apiUrl).port;
  }

  async #untilServing(child: Child, hasFailed: () => boolean): Promise<void> {
    for (const deadline = Date.now() + READY_MS; Date.now() < deadline; await delay(READY_POLL_MS)) {
      const response = await fetch(`${this.#options.apiUrl}/api/v1/health/ping`, {
        signal: AbortSignal.timeout(READY_MS),
      }).catch(() => null);
      if (response?.ok) return;
      if (response) await refuseMisconfigured(response);
      if (hasFailed()) throw new Error(`The Worker cannot start. It said:\n${child.lastLines().join("\n")}`);
    }
    throw new Error(
      `The Worker did not serve within ${READY_MS / 1000} s. It said:\n${child.lastLines().join("\n")}`,
    );
  }
}

/**
 * `--env-file` is for the first script alone. Each other one's settings come from a `.dev.vars` beside a configuration of its
 * own: wrangler hides those when it lists what is bound, and takes none from the project's.
 */
async function writeConfig(
  stateDir: string,
  name: string,
  config: string,
  vars: Record<string, string>,
): Promise<string> {
  // Only now: wrangler takes a second to load, which a built Worker need not wait for.
  const { experimental_readRawConfig } = await import("wrangler");
  const { rawConfig } = experimental_readRawConfig({ config });
  const folder = join(stateDir, "..", name);
  await mkdir(folder, { recursive: true });
  const path = join(folder, "wrangler.json");
  await writeFile(
    path,
    JSON.stringify({ ...rawConfig, main: join(ROOT, rawConfig.main ?? ""), env: undefined }),
  );
  await writeFile(join(folder, ".dev.vars"), formatVars(vars), { mode: 0o600 });
  return path;
}

/** A Worker with wrong settings answers every request with the list of them; waiting would not help. */
async function refuseMisconfigured(response: Response): Promise<void> {
  const problem: unknown = await response.json().catch(() => null);
  if (
    typeof problem !== "object" ||
    problem === null ||
    !("code" in problem) ||
    problem.code !== "misconfigured"
  )
    return;
  const detail = "detail" in problem ? problem.detail : "";
  throw new Error(`The settings are wrong: ${detail} Correct them in the shell or in .dev.vars.`);
}
