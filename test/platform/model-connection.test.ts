/** The one timer of an attempt: it guards the stream and its end, and is gone with them. */
import { afterEach, beforeEach, expect, test, vi } from "vitest";
import { systemClock } from "../../src/lib/time.ts";
import { ModelConnection } from "../../src/platform/model-connection.ts";

const TIMEOUTS = { firstByteMs: 60_000, idleMs: 45_000 };
const EVENT = new TextEncoder().encode('data: {"type":"ping"}\n\n');

beforeEach(() => {
  vi.useFakeTimers();
});
afterEach(() => {
  vi.restoreAllMocks();
  vi.useRealTimers();
});

interface Attempt {
  connection: ModelConnection;
  stream: ReadableStreamDefaultController<Uint8Array>;
  isCancelled(): boolean;
}

function begin(): Attempt {
  let stream: ReadableStreamDefaultController<Uint8Array> | undefined;
  let isCancelled = false;
  const body = new ReadableStream<Uint8Array>({
    start: (controller) => {
      stream = controller;
    },
    cancel: () => {
      isCancelled = true;
    },
  });
  const guard = { signal: new AbortController().signal, clock: systemClock, timeouts: TIMEOUTS };
  const connection = new ModelConnection(async () => new Response(body), guard);
  return { connection, stream: stream!, isCancelled: () => isCancelled };
}

test("a stream and its end take one timer, which is gone afterwards", async () => {
  const set = vi.spyOn(globalThis, "setTimeout");
  const { connection, stream } = begin();
  for (let chunk = 0; chunk < 5; chunk++) {
    stream.enqueue(EVENT);
    await connection.next();
  }
  connection.finish();
  expect(set).toHaveBeenCalledTimes(1);
  stream.close();
  await vi.advanceTimersByTimeAsync(0);
  expect(vi.getTimerCount()).toBe(0);
});

test("a stream that falls silent ends when it has been for as long as allowed", async () => {
  const { connection, stream } = begin();
  stream.enqueue(EVENT);
  await connection.next();
  const next = expect(connection.next()).rejects.toThrow();
  await vi.advanceTimersByTimeAsync(TIMEOUTS.idleMs - 1);
  expect(connection.timedOut).toBe(false);
  await vi.advanceTimersByTimeAsync(2_001);
  await next;
  expect(connection.timedOut).toBe(true);
});

test("a finished stream that does not close is ended within seconds", async () => {
  const { connection, stream, isCancelled } = begin();
  stream.enqueue(EVENT);
  await connection.next();
  connection.finish();
  expect(isCancelled()).toBe(false);
  await vi.advanceTimersByTimeAsync(4_000);
  expect(isCancelled()).toBe(true);
  expect(vi.getTimerCount()).toBe(0);
});
