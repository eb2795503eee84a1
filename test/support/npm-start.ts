/** `npm start` as a person in a terminal has it: one process group, its output, and Ctrl-C. */
import { type ChildProcess, execFile, spawn } from "node:child_process";
import { once } from "node:events";
import { promisify } from "node:util";
import { portFor } from "../../dev/ports.ts";
import { until } from "./stack-person.ts";

const run = promisify(execFile);

export interface Ports {
  api: number;
  postgres: number;
  model: number;
}

export async function freePorts(): Promise<Ports> {
  const [api, postgres, model] = [await portFor("a test"), await portFor("a test"), await portFor("a test")];
  return { api, postgres, model };
}

export class NpmStart {
  readonly ports: Ports;
  output = "";
  readonly #child: ChildProcess;
  readonly #ended: Promise<number | null>;

  /** Runs what `npm start` runs in the folder of a project, at these ports; `options` over them. */
  constructor(project: string, ports: Ports, options: string[]) {
    this.ports = ports;
    const { api, postgres, model } = ports;
    const command = [
      "dev/launch.mjs",
      "dev/start.ts",
      `--port=${api}`,
      `--postgres-port=${postgres}`,
      `--model-port=${model}`,
      ...options,
    ];
    // The stand-in, whatever model this shell names.
    const env = { ...process.env, ANTHROPIC_API_KEY: "", MODEL_BASE_URL: "" };
    const child = spawn(process.execPath, command, { cwd: project, detached: true, env });
    for (const stream of [child.stdout, child.stderr]) {
      stream.on("data", (chunk) => {
        this.output += chunk;
      });
    }
    this.#child = child;
    // Its streams close when nobody of its group writes any more.
    this.#ended = once(child, "close").then(([code]) => code);
  }

  async said(words: string): Promise<void> {
    await until(`"${words}" of npm start`, () => {
      if (this.#child.exitCode !== null) throw new Error(`It has ended and said:\n${this.output}`);
      return this.output.includes(words);
    });
  }

  /** Ctrl-C, as the terminal sends it: to the whole group. Does nothing once the program has ended. */
  interrupt(): void {
    const { pid, exitCode, signalCode } = this.#child;
    if (pid !== undefined && exitCode === null && signalCode === null) process.kill(-pid, "SIGINT");
  }

  /** Nobody reads its output any more, as when `head` has seen enough; what it complains of still counts. */
  stopReading(): void {
    this.#child.stdout?.destroy();
  }

  exitCode(): Promise<number | null> {
    return this.#ended;
  }

  /** The program and everything it has started, directly or not. */
  async processes(): Promise<number[]> {
    const parents = new Map((await listProcesses()).map(({ pid, parent }) => [pid, parent]));
    const isOurs = (pid: number | undefined): boolean =>
      pid !== undefined && (pid === this.#child.pid || isOurs(parents.get(pid)));
    return [...parents.keys()].filter(isOurs);
  }
}

/** Those of `pids` that still run. */
export async function stillRunning(pids: number[]): Promise<number[]> {
  const running = new Set((await listProcesses()).map(({ pid }) => pid));
  return pids.filter((pid) => running.has(pid));
}

/** Without those that have ended and that nobody has asked about yet. */
async function listProcesses(): Promise<{ pid: number; parent: number }[]> {
  const { stdout } = await run("ps", ["-A", "-o", "pid=,ppid=,stat="]);
  return stdout.split("\n").flatMap((line) => {
    const [pid, parent, state] = line.trim().split(/\s+/);
    return state === undefined || state.startsWith("Z") ? [] : [{ pid: Number(pid), parent: Number(parent) }];
  });
}
