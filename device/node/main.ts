import { DeviceClient } from "../client.ts";
import type { ConnectionState } from "../connection.ts";
import { ServiceProblem, type Session } from "../session.ts";
import type { CallReport } from "../tool-calls.ts";
import { type Arguments, readArguments, USAGE, UsageError } from "./arguments.ts";
import { chat } from "./chat.ts";
import { CredentialsFile } from "./credentials.ts";
import { aboutThisApp, startNodeDevice } from "./device.ts";
import { signIn } from "./sign-in.ts";
import { SqliteStore } from "./store.ts";

/** The command. Resolves with the exit code, once there is nothing left to do. */
export async function main(argv: string[]): Promise<number> {
  try {
    const given = readArguments(argv);
    if (given === null) {
      process.stdout.write(USAGE);
      return 0;
    }
    const file = new CredentialsFile(given);
    const session = await signIn(given, file);
    return given.viewer ? await view(given, file, session) : await serve(given, file, session);
  } catch (cause) {
    process.stderr.write(`${sentence(cause)}\n`);
    return 1;
  }
}

async function serve(given: Arguments, file: CredentialsFile, session: Session): Promise<number> {
  const store = new SqliteStore({ path: given.database, restored: given.restored });
  const { url, autoApprove } = given;
  const device = startNodeDevice({ url, deviceId: file.deviceId, session, store, autoApprove });
  const { client } = device;
  client.on("call", (report) => say(callLine(report)));
  client.on("trouble", (cause) => say(sentence(cause)));
  client.on("welcome", ({ device_id: id, epoch }) => {
    say(`Serving ${given.database} as ${given.email} (device ${id}, connection ${epoch}). Ctrl-C ends it.`);
    device.indexed().then(
      (made) => made > 0 && say(`Indexed ${made} notes for search.`),
      (cause) => say(`Notes cannot be searched by meaning yet: ${sentence(cause)}`),
    );
  });
  const reason = await ended(client);
  await device.stop();
  return leave(reason);
}

async function view(given: Arguments, file: CredentialsFile, session: Session): Promise<number> {
  const client = new DeviceClient({
    url: given.url,
    deviceId: file.deviceId,
    credentials: session,
    capabilities: { auto_approve: given.autoApprove },
    app: aboutThisApp(),
  });
  client.on("mutation", ({ action, table, id }) => say(`${action} ${table} ${id}`));
  client.on("trouble", (cause) => say(sentence(cause)));
  const end = ended(client);
  client.connect();
  await client.online();
  const reason = await Promise.race([end, chat(client).then(() => "closed" as const)]);
  await client.close();
  return leave(reason);
}

type Reason = Extract<ConnectionState, { state: "stopped" }>["reason"];

/** Waits for the hub or the person to end it, and tells about the connection meanwhile. */
function ended(client: DeviceClient): Promise<Reason> {
  return new Promise((resolve) => {
    // Kept on: the same Ctrl-C may arrive twice, and the second must not cut the ending short.
    for (const signal of ["SIGINT", "SIGTERM"]) process.on(signal, () => resolve("closed"));
    client.on("state", (change) => {
      if (change.state === "stopped") resolve(change.reason);
      if (change.state === "waiting") {
        say(`No connection (${change.code}); trying again in ${(change.retryInMs / 1000).toFixed(1)} s.`);
      }
    });
  });
}

const WHY: Record<Reason, string> = {
  closed: "Stopped.",
  signed_out: "The sign-in has ended. Run the command again and sign in.",
  session_ended: "The session was ended. Run the command again and sign in.",
  disabled: "The account is disabled.",
  replaced: "Another process connected as this device.",
  protocol_abuse: "The service refused what this device sent. Is this version of adjutant-device too old?",
};

function leave(reason: Reason): number {
  say(WHY[reason]);
  return reason === "closed" ? 0 : 1;
}

function callLine({ action, table, outcome, error, durationMs }: CallReport): string {
  const what = [action, table].filter((part) => part !== undefined).join(" ");
  const how = outcome === "done" ? "" : ` ${outcome}${error === undefined ? "" : ` (${error})`}`;
  return `${what}${how}, ${durationMs.toFixed(1)} ms`;
}

function say(line: string): void {
  process.stdout.write(`${new Date().toTimeString().slice(0, 8)} ${line}\n`);
}

/** For a person: what they can do something about in a sentence, anything else with its cause. */
function sentence(cause: unknown): string {
  if (cause instanceof UsageError || cause instanceof ServiceProblem) return cause.message;
  if (!(cause instanceof Error)) return String(cause);
  const below = cause.cause instanceof Error ? ` (${cause.cause.message})` : "";
  return cause.message === "fetch failed"
    ? `The service cannot be reached${below}.`
    : `${cause.message}${below}`;
}
