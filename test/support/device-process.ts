/** The device's command in a process of its own, started again and again on the same files. */
import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtemp } from "node:fs/promises";
import { join } from "node:path";
import { createInterface } from "node:readline";
import type { Death } from "./mortal-device.ts";
import { TasksFile, until } from "./stack-person.ts";

const ROOT = join(import.meta.dirname, "../..");

export interface DeviceProcessOptions {
  url: string;
  email: string;
  /** A folder of the device's own is made in it. */
  folder: string;
}

export class DeviceProcess {
  /** Everything it said over all its lives. */
  readonly lines: string[] = [];
  readonly #options: DeviceProcessOptions;
  readonly #folder: string;
  #child: ChildProcess | undefined;
  #file: TasksFile | undefined;

  static async at(options: DeviceProcessOptions): Promise<DeviceProcess> {
    return new DeviceProcess(options, await mkdtemp(join(options.folder, "device-")));
  }

  private constructor(options: DeviceProcessOptions, folder: string) {
    this.#options = options;
    this.#folder = folder;
  }

  get file(): TasksFile {
    this.#file ??= new TasksFile(this.#database);
    return this.#file;
  }

  /** Answers when it serves. It needs the password the first time only. */
  async start({ dies, password }: { dies?: Death; password?: string } = {}): Promise<void> {
    const { url, email } = this.#options;
    const mortal = dies ? ["--import", join(import.meta.dirname, "mortal-device.ts")] : [];
    const command = [join(ROOT, "device/node/bin.mjs"), "--url", url, "--email", email];
    const files = ["--database", this.#database, "--state", join(this.#folder, "state")];
    const env = { ...process.env, DIES: dies, ADJUTANT_PASSWORD: password };
    const child = spawn(process.execPath, [...mortal, ...command, ...files], { env });
    this.#child = child;
    for (const input of [child.stdout, child.stderr]) {
      createInterface({ input }).on("line", (line) => this.lines.push(line));
    }
    const before = this.#servings;
    await until("a device that serves", () => {
      if (child.exitCode !== null) throw new Error(this.lines.join("\n"));
      return this.#servings > before;
    });
  }

  /** Waits until the process is gone, and answers the signal that ended it. */
  async death(): Promise<NodeJS.Signals | null> {
    const child = this.#child;
    if (!child) throw new Error("the device was not started");
    if (child.exitCode === null && child.signalCode === null) await once(child, "exit");
    return child.signalCode;
  }

  async stop(): Promise<void> {
    this.#child?.kill("SIGTERM");
    if (this.#child) await this.death();
    this.#file?.close();
  }

  get #database(): string {
    return join(this.#folder, "workspace.sqlite");
  }

  get #servings(): number {
    return this.lines.filter((line) => line.includes(" Serving ")).length;
  }
}
