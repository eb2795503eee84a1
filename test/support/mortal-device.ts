/** Loaded before the device's command (`node --import`): at its first insert the process kills itself, where `DIES` says. */
import { DatabaseSync } from "node:sqlite";
import { SqliteStore } from "../../device/node/store.ts";

/** Inside the transaction that holds the change and its journal entry, or between its end and the answer. */
export type Death = "before_commit" | "after_commit";

const death = process.env["DIES"];
let isInserting = false;

const commit = SqliteStore.prototype.commit;
SqliteStore.prototype.commit = function (call, resultBytesMax) {
  isInserting = call.action === "insert";
  return commit.call(this, call, resultBytesMax);
};

const exec = DatabaseSync.prototype.exec;
DatabaseSync.prototype.exec = function (sql) {
  const isLast = isInserting && sql === "COMMIT";
  if (isLast && death === "before_commit") die();
  exec.call(this, sql);
  if (isLast) die();
};

function die(): never {
  process.kill(process.pid, "SIGKILL");
  throw new Error("still alive");
}
