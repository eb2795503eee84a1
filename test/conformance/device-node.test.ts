import { spawn } from "node:child_process";
import { once } from "node:events";
import { copyFile, mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { startNodeDevice } from "../../device/node/device.ts";
import { SqliteStore } from "../../device/node/store.ts";
import { Session } from "../../device/session.ts";
import { newId } from "../../src/lib/ids.ts";
import {
  type CrashPoint,
  type DeviceHarness,
  deviceConformance,
  type RunningDevice,
} from "./device-suite.ts";

deviceConformance("Node device on SQLite", async () => {
  const folder = await mkdtemp(join(tmpdir(), "adjutant-device-"));
  return new NodeHarness(folder);
});

class NodeHarness implements DeviceHarness {
  readonly #folder: string;
  readonly #deviceId = newId();

  constructor(folder: string) {
    this.#folder = folder;
  }

  async start(url: string, crash?: CrashPoint): Promise<RunningDevice> {
    return crash === undefined ? this.#startHere(url) : this.#startProcess(url, crash);
  }

  /** The database alone, as a person would copy it; a device that was stopped leaves nothing in its log. */
  async backup(): Promise<() => Promise<void>> {
    const copy = join(this.#folder, "backup.sqlite");
    await copyFile(this.#database, copy);
    return () => copyFile(copy, this.#database);
  }

  async dispose(): Promise<void> {
    await rm(this.#folder, { recursive: true, force: true });
  }

  get #database(): string {
    return join(this.#folder, "device.sqlite");
  }

  #startHere(url: string): RunningDevice {
    const tokens = { accessToken: "", refreshToken: "r", expiresAtMs: 0 };
    const device = startNodeDevice({
      url,
      deviceId: this.#deviceId,
      session: new Session({ url, tokens }),
      store: new SqliteStore({ path: this.#database }),
      times: { firstMs: 1 },
    });
    const gone = Promise.withResolvers<void>();
    let stopping: Promise<void> | null = null;
    const stop = () => {
      stopping ??= device.stop().then(gone.resolve);
      return stopping;
    };
    return { stop, gone: gone.promise };
  }

  #startProcess(url: string, crash: CrashPoint): RunningDevice {
    const options = JSON.stringify({ url, database: this.#database, deviceId: this.#deviceId, crash });
    const script = join(import.meta.dirname, "device-node-process.ts");
    const child = spawn(process.execPath, [script, options], { stdio: ["ignore", "ignore", "inherit"] });
    const gone = once(child, "exit").then(() => {});
    const stop = async () => {
      child.kill("SIGKILL");
      await gone;
    };
    return { stop, gone };
  }
}
