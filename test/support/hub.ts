/** Reaches into a user's hub: looks at it, crashes it at a chosen point, wakes and evicts it. */
import { evictDurableObject, runDurableObjectAlarm, runInDurableObject } from "cloudflare:test";
import { env } from "cloudflare:workers";
import type { UserHub } from "../../durable-objects/user-hub/index.ts";
import { type HubOwner, type HubStub, hubOf } from "../../src/features/hub/client.ts";
import { readEnv } from "../../src/platform/env.ts";

/** A stub of its own for each use: one that has seen its object crash stays broken. */
export function hubStub(owner: HubOwner): HubStub {
  return hubOf(readEnv<UserHub>(env), owner);
}

export function inHub<Result>(
  owner: HubOwner,
  act: (state: DurableObjectState) => Result | Promise<Result>,
): Promise<Result> {
  return runInDurableObject(hubStub(owner), (_hub, state) => act(state));
}

/** Tears the hub down without a word, as a crash or a deploy does: memory and sockets are gone. */
export async function crashHub(owner: HubOwner): Promise<void> {
  await inHub(owner, (state) => state.abort("crash")).catch(expectCrash);
}

function expectCrash(error: unknown): void {
  if (!(error instanceof Error) || error.message !== "crash") throw error;
}

/** Lets a hub without work leave memory, as the runtime does; its sockets stay. */
export async function evictHub(owner: HubOwner): Promise<void> {
  await evictDurableObject(hubStub(owner));
}

/** Rings the alarm at once. False when there is none. */
export function ringAlarm(owner: HubOwner): Promise<boolean> {
  return runDurableObjectAlarm(hubStub(owner));
}

/** A place in the order of a hub's writes, counted from now on. */
export interface WritePoint {
  write: "commit" | "alarm";
  /** From 1. */
  number: number;
  /** `lost`: the crash comes before the write is durable. `kept`: just after. */
  fate: "lost" | "kept";
}

/** The hub crashes at this point, once. */
export function crashHubAt(owner: HubOwner, point: WritePoint): Promise<void> {
  return inHub(owner, (state) => {
    let left = point.number;
    onWrites(state.storage, (write) => {
      if (write !== point.write || --left !== 0) return;
      if (point.fate === "lost") state.abort("crash");
      // A timer runs when the writes of this event are on disk.
      else setTimeout(() => state.abort("crash"), 0);
    });
  });
}

/** Hears of every transaction, single statement and alarm right after it was issued. Ends with the object. */
export function onWrites(storage: DurableObjectStorage, heard: (write: WritePoint["write"]) => void): void {
  const { sql } = storage;
  const transactionSync = storage.transactionSync.bind(storage);
  const exec = sql.exec.bind(sql);
  const setAlarm = storage.setAlarm.bind(storage);
  let isInTransaction = false;
  storage.transactionSync = (write) => {
    isInTransaction = true;
    try {
      return transactionSync(write);
    } finally {
      isInTransaction = false;
      heard("commit");
    }
  };
  sql.exec = <Row extends Record<string, SqlStorageValue>>(statement: string, ...bindings: unknown[]) => {
    const cursor = exec(statement, ...bindings) as SqlStorageCursor<Row>;
    if (!isInTransaction && !/^\s*SELECT/i.test(statement)) heard("commit");
    return cursor;
  };
  storage.setAlarm = (...when) => {
    const set = setAlarm(...when);
    heard("alarm");
    return set;
  };
}
