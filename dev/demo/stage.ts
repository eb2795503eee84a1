/** Everything the demo plays on: the local stack on fresh state, a new account, and a device on a seeded SQLite file. */
import { randomBytes } from "node:crypto";
import { mkdir, mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { type DeviceClient, Session } from "../../device/index.ts";
import { startNodeDevice } from "../../device/node/device.ts";
import { seedStore } from "../../device/node/seed.ts";
import { SqliteStore } from "../../device/node/store.ts";
import { newId } from "../../src/lib/ids.ts";
import { type Stack, startStack } from "../stack.ts";
import { paint, say, sayPassing } from "./terminal.ts";
import { WorkspaceFile } from "./workspace-file.ts";

export const EMAIL = "mara@example.com";
/** Between two pieces of the stand-in's text, so that a person sees it stream. */
const DELTA_DELAY_MS = 4;
const LOG_LINES_KEPT = 200;

export interface Stage {
  /** The folder of everything below. */
  home: string;
  session: Session;
  client: DeviceClient;
  file: WorkspaceFile;
  /** What the server keeps on disk. */
  serverDir: string;
  /** The stand-in, or the model by its name. */
  modelLine: string;
  /** The Worker's warnings and errors, for when something fails. */
  complaints(): string[];
}

/** Stops and removes what a stage was made of, the last first. */
export type Cleanups = (() => Promise<unknown>)[];

/** Announces each step as it is done. What it opened is in `cleanups` even when it throws. */
export async function setStage(
  cleanups: Cleanups,
  { keep, signal }: { keep: boolean; signal: AbortSignal },
): Promise<Stage> {
  const home = await mkdtemp(join(tmpdir(), "adjutant-demo-"));
  // A process that was just killed may still be writing.
  if (!keep) cleanups.push(() => rm(home, { recursive: true, force: true, maxRetries: 5 }));
  const [serverDir, deviceDir] = [join(home, "server"), join(home, "device")];
  await mkdir(deviceDir);
  const log: string[] = [];
  const stack = await step(signal, "Postgres, model and Worker", async (note) => {
    const starting = startStack({
      worker: "built",
      stateDir: serverDir,
      deltaDelayMs: process.stdout.isTTY ? DELTA_DELAY_MS : 0,
      onLine: (line) => {
        log.push(line);
        if (log.length > LOG_LINES_KEPT) log.shift();
      },
    });
    // Even one that is interrupted while it starts.
    cleanups.push(async () => (await starting.catch(() => undefined))?.close());
    const started = await starting;
    note(started.apiUrl);
    return started;
  });
  const session = await step(signal, "An account, over REST", (note) => {
    note(EMAIL);
    const password = randomBytes(18).toString("base64url");
    return Session.login({ url: stack.apiUrl, email: EMAIL, password, register: true });
  });
  const filePath = join(deviceDir, "workspace.sqlite");
  const client = await step(signal, "A device on a SQLite file", async (note) => {
    const store = new SqliteStore({ path: filePath });
    seedStore(store, Date.now());
    const device = startNodeDevice({ url: stack.apiUrl, deviceId: newId(), session, store });
    cleanups.push(() => device.stop());
    await device.client.online();
    note(`${filePath}, ${await device.indexed()} notes indexed`);
    return device.client;
  });
  const file = new WorkspaceFile(filePath);
  cleanups.push(async () => file.close());
  return {
    home,
    session,
    client,
    file,
    serverDir,
    modelLine: modelLine(stack),
    complaints: () => log.filter((line) => /"level":"(?:warn|error)"|\bError\b/.test(line)),
  };
}

async function step<Value>(
  signal: AbortSignal,
  name: string,
  run: (note: (text: string) => void) => Promise<Value>,
): Promise<Value> {
  const startedAt = performance.now();
  let noted = "";
  sayPassing(paint.quiet(`  … ${name}`));
  const value = await run((text) => {
    noted = text;
  });
  signal.throwIfAborted();
  const seconds = ((performance.now() - startedAt) / 1000).toFixed(1);
  say(`  ${paint.good("✓")} ${name}  ${paint.quiet(`${noted}  ${seconds} s`)}`);
  return value;
}

function modelLine({ model, modelName }: Stack): string {
  return model
    ? "Answers come from the model stand-in, a local program that works by rule. For a model, set ANTHROPIC_API_KEY or MODEL_BASE_URL."
    : `Answers come from ${modelName}.`;
}
