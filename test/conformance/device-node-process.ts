/** A Node device in a process of its own, which kills itself where the test says. */
import { startNodeDevice } from "../../device/node/device.ts";
import { SqliteStore } from "../../device/node/store.ts";
import { Session } from "../../device/session.ts";
import type { ToolCall } from "../../src/features/hub/protocol.ts";
import type { CrashPoint } from "./device-suite.ts";

const {
  url,
  database,
  deviceId,
  crash,
}: { url: string; database: string; deviceId: string; crash: CrashPoint } = JSON.parse(process.argv[2] ?? "");

/** Looks at the clock twice inside a transaction: for the row, and, after the change, for the journal. */
let looksLeft = Number.POSITIVE_INFINITY;

class MortalStore extends SqliteStore {
  override commit(call: ToolCall, resultBytesMax: number) {
    const isLast = call.id === crash.callId;
    if (isLast && crash.when === "before_commit") looksLeft = call.action === "delete" ? 1 : 2;
    const result = super.commit(call, resultBytesMax);
    if (isLast) die();
    return result;
  }
}

function now(): number {
  if (--looksLeft === 0) die();
  return Date.now();
}

function die(): never {
  process.kill(process.pid, "SIGKILL");
  throw new Error("still alive");
}

const tokens = { accessToken: "", refreshToken: "r", expiresAtMs: 0 };
startNodeDevice({
  url,
  deviceId,
  session: new Session({ url, tokens }),
  store: new MortalStore({ path: database, now }),
});
