import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import type { CallLimits } from "../../../durable-objects/user-hub/core/pending-call.ts";
import {
  type CallRequest,
  PendingCalls,
  readResult,
} from "../../../durable-objects/user-hub/pending-calls.ts";
import type { ToolResult } from "../../../src/features/hub/protocol.ts";
import type { DeviceCall, DeviceOutcome } from "../../../src/features/tools/types.ts";

const LIMITS = { answerMs: 30_000, awayMs: 20_000 };
const READ: DeviceCall = { action: "select", table: "tasks" };
const CHANGE: DeviceCall = { action: "insert", table: "tasks", data: { title: "a" } };

beforeEach(() => {
  vi.useFakeTimers({ now: 1_000_000 });
});
afterEach(() => {
  vi.useRealTimers();
});

/** Pending calls over devices that are there when the test says so, and what went out to them. */
class Bench {
  /** The store that each connected device has open. */
  readonly stores = new Map<string, string | null>();
  readonly sent: { callId: string; timeLeftMs: number }[] = [];
  readonly revoked: string[] = [];
  readonly calls: PendingCalls;

  constructor(limits: CallLimits = LIMITS) {
    this.calls = new PendingCalls({
      clock: { now: () => Date.now() },
      limits,
      connectedStore: (deviceId) => {
        const storeId = this.stores.get(deviceId);
        return storeId === undefined ? null : { storeId };
      },
      send: ({ callId }, timeLeftMs) => this.sent.push({ callId, timeLeftMs }),
      revoke: ({ callId }) => this.revoked.push(callId),
    });
  }

  connect(deviceId = "phone", storeId: string | null = "store"): void {
    this.stores.set(deviceId, storeId);
    this.calls.deviceConnected(deviceId, storeId);
  }

  disconnect(deviceId = "phone"): void {
    this.stores.delete(deviceId);
    this.calls.deviceGone(deviceId);
  }

  call(request: Partial<CallRequest> = {}, signal = new AbortController().signal) {
    const watch: { outcome: DeviceOutcome | undefined } = { outcome: undefined };
    const whole = {
      callId: "c1",
      requestId: "turn",
      deviceId: "phone",
      storeId: "store",
      call: READ,
      maybeSent: false,
      ...request,
    };
    this.calls.call(whole, signal).then((outcome) => {
      watch.outcome = outcome;
    });
    return watch;
  }
}

function result(id: string, fields: Partial<ToolResult>): ToolResult {
  return { type: "tool_result", id, epoch: 1, ...fields };
}

const pass = (ms: number) => vi.advanceTimersByTimeAsync(ms);

describe("a call", () => {
  it("goes out at once to a device that is there, with all of its time", () => {
    const bench = new Bench();
    bench.connect();
    bench.call();
    expect(bench.sent).toEqual([{ callId: "c1", timeLeftMs: LIMITS.answerMs }]);
    expect(bench.calls.size).toBe(1);
  });

  it("resolves with the first answer and takes no second one", async () => {
    const bench = new Bench();
    bench.connect();
    const watch = bench.call();
    expect(bench.calls.answer("phone", result("c1", { rows: [{ id: "t1" }] }))).toBe(true);
    expect(bench.calls.answer("phone", result("c1", { rows: [] }))).toBe(false);
    await pass(0);
    expect(watch.outcome).toEqual({ kind: "rows", rows: [{ id: "t1" }] });
    expect(bench.calls.size).toBe(0);
    // No timer keeps the hub awake for longer than a tick.
    await pass(1_000);
    expect(vi.getTimerCount()).toBe(0);
  });

  it("does not take the answer to another one", async () => {
    const bench = new Bench();
    bench.connect();
    const first = bench.call({ callId: "c1" });
    const second = bench.call({ callId: "c2" });
    expect(bench.calls.answer("phone", result("c3", { rows: [] }))).toBe(false);
    expect(bench.calls.answer("laptop", result("c2", { rows: [] }))).toBe(false);
    expect(bench.calls.answer("phone", result("c2", { rows: [] }))).toBe(true);
    await pass(0);
    expect([first.outcome, second.outcome]).toEqual([undefined, { kind: "rows", rows: [] }]);
  });

  it("waits for a device that is away and goes out when it comes", async () => {
    const bench = new Bench();
    bench.call();
    await pass(LIMITS.awayMs - 1);
    expect(bench.sent).toEqual([]);
    bench.connect();
    expect(bench.sent).toEqual([{ callId: "c1", timeLeftMs: LIMITS.answerMs }]);
  });

  it("is offline when its device stays away", async () => {
    const bench = new Bench();
    const watch = bench.call({ call: CHANGE });
    await pass(LIMITS.awayMs - 1);
    expect(watch.outcome).toBeUndefined();
    await pass(1);
    expect(watch.outcome).toEqual({ kind: "offline" });
    expect(bench.revoked).toEqual([]);
    expect(bench.calls.size).toBe(0);
  });

  it("goes out again when the device comes back, with the time that is left", async () => {
    const bench = new Bench();
    bench.connect();
    bench.call();
    await pass(10_000);
    bench.disconnect();
    await pass(15_000);
    bench.connect();
    expect(bench.sent.map((each) => each.timeLeftMs)).toEqual([30_000, 20_000]);
    expect(bench.calls.answer("phone", result("c1", { rows: [] }))).toBe(true);
  });

  it("of a read that is not answered in its connected time fails, and is revoked", async () => {
    const bench = new Bench();
    bench.connect();
    const watch = bench.call();
    await pass(LIMITS.answerMs - 1);
    expect(watch.outcome).toBeUndefined();
    await pass(1);
    expect(watch.outcome).toEqual({
      kind: "error",
      code: "tool_timeout",
      message: "The device did not answer in time.",
    });
    expect(bench.revoked).toEqual(["c1"]);
  });

  it("of a change that is not answered in its connected time is unknown, and is revoked before the turn hears of it", async () => {
    const bench = new Bench();
    bench.connect();
    const watch = bench.call({ call: CHANGE });
    vi.advanceTimersByTime(LIMITS.answerMs);
    expect(bench.revoked).toEqual(["c1"]);
    expect(watch.outcome).toBeUndefined();
    await pass(0);
    expect(watch.outcome).toEqual({ kind: "unknown" });
  });

  it.each([
    [60_000, 1_000],
    [200, 10],
  ])("with a deadline of %d ms is settled by %d ms after it, with one timer for all", async (ms, slackMs) => {
    const bench = new Bench({ answerMs: ms, awayMs: ms });
    bench.call({ callId: "c1" });
    await pass(slackMs * 0.7);
    const second = bench.call({ callId: "c2" });
    expect(vi.getTimerCount()).toBe(1);
    await pass(ms - 1);
    expect(second.outcome).toBeUndefined();
    await pass(1 + slackMs);
    expect(second.outcome).toEqual({ kind: "offline" });
    expect(vi.getTimerCount()).toBe(0);
  });

  it("is never sent to another database", async () => {
    const bench = new Bench();
    bench.connect("phone", "restored");
    const fresh = bench.call({ call: CHANGE });
    const old = bench.call({ callId: "c2", call: CHANGE, maybeSent: true });
    await pass(0);
    expect(bench.sent).toEqual([]);
    expect(fresh.outcome).toMatchObject({ kind: "error", code: "store_changed" });
    expect(old.outcome).toEqual({ kind: "unknown" });
    expect(bench.revoked).toEqual(["c2"]);
  });

  it("is never sent to another device", async () => {
    const bench = new Bench();
    bench.connect("tablet");
    bench.call();
    await pass(10);
    bench.connect("tablet");
    bench.disconnect("tablet");
    expect(bench.sent).toEqual([]);
    bench.connect("phone");
    expect(bench.sent).toHaveLength(1);
  });

  it("is not touched when another device goes", async () => {
    const bench = new Bench();
    bench.connect();
    bench.connect("tablet");
    const watch = bench.call();
    bench.disconnect("tablet");
    await pass(LIMITS.awayMs);
    expect(watch.outcome).toBeUndefined();
  });
});

describe("an abort", () => {
  it("ends a call that was never sent as offline", async () => {
    const bench = new Bench();
    const watch = bench.call({ call: CHANGE });
    bench.calls.abandon("turn");
    await pass(0);
    expect(watch.outcome).toEqual({ kind: "offline" });
    expect(bench.revoked).toEqual([]);
  });

  it("of another turn leaves it alone", async () => {
    const bench = new Bench();
    const watch = bench.call();
    bench.calls.abandon("another");
    await pass(0);
    expect(watch.outcome).toBeUndefined();
  });

  it("ends a change that was sent as unknown, and revokes it", async () => {
    const bench = new Bench();
    bench.connect();
    const watch = bench.call({ call: CHANGE });
    bench.calls.abandon("turn");
    await pass(0);
    expect(watch.outcome).toEqual({ kind: "unknown" });
    expect(bench.revoked).toEqual(["c1"]);
  });

  it("from before the call keeps it from going out", async () => {
    const bench = new Bench();
    bench.connect();
    const watch = bench.call({ call: CHANGE }, AbortSignal.abort());
    await pass(0);
    expect(bench.sent).toEqual([]);
    expect(watch.outcome).toEqual({ kind: "offline" });
  });

  it("comes too late for a call that was answered", async () => {
    const bench = new Bench();
    bench.connect();
    const watch = bench.call({ call: CHANGE });
    bench.calls.answer("phone", result("c1", { row: { id: "t1" } }));
    bench.calls.abandon("turn");
    await pass(0);
    expect(watch.outcome).toEqual({ kind: "row", row: { id: "t1" } });
    expect(bench.revoked).toEqual([]);
  });
});

describe("an answer that came before a recovered turn asked again", () => {
  it("is given to the call without sending it", async () => {
    const bench = new Bench();
    bench.connect();
    bench.calls.keepEarly("phone", result("c1", { row: { id: "t1" } }));
    const watch = bench.call({ call: CHANGE, maybeSent: true });
    await pass(0);
    expect(bench.sent).toEqual([]);
    expect(watch.outcome).toEqual({ kind: "row", row: { id: "t1" } });
  });

  it("counts even when the turn was cancelled meanwhile", async () => {
    const bench = new Bench();
    bench.calls.keepEarly("phone", result("c1", { row: { id: "t1" } }));
    const watch = bench.call({ call: CHANGE, maybeSent: true }, AbortSignal.abort());
    await pass(0);
    expect(watch.outcome).toEqual({ kind: "row", row: { id: "t1" } });
    expect(bench.revoked).toEqual([]);
  });

  it("is not given to the call of another device", () => {
    const bench = new Bench();
    bench.connect();
    bench.calls.keepEarly("laptop", result("c1", { row: null }));
    bench.call();
    expect(bench.sent).toHaveLength(1);
  });

  it("is given once", () => {
    const bench = new Bench();
    bench.connect();
    bench.calls.keepEarly("phone", result("c1", { row: null }));
    bench.call();
    bench.call();
    expect(bench.sent).toHaveLength(1);
  });

  it("is forgotten when no turn is left that could ask", () => {
    const bench = new Bench();
    bench.connect();
    bench.calls.keepEarly("phone", result("c1", { row: null }));
    bench.calls.forgetEarly();
    bench.call();
    expect(bench.sent).toHaveLength(1);
  });

  it("is not kept without end: a device cannot fill the memory", () => {
    const bench = new Bench();
    bench.connect();
    const large = { row: { content: "x".repeat(500_000) } };
    for (let index = 0; index < 50; index++) bench.calls.keepEarly("phone", result(`c${index}`, large));
    for (let index = 0; index < 50; index++) bench.call({ callId: `c${index}` });
    expect(50 - bench.sent.length).toBe(4);
  });
});

describe("what a device answers", () => {
  it.each<[string, Partial<ToolResult>, DeviceOutcome]>([
    ["rows", { rows: [{ id: "a" }] }, { kind: "rows", rows: [{ id: "a" }] }],
    ["no rows", { rows: [] }, { kind: "rows", rows: [] }],
    ["a row", { row: { id: "a" } }, { kind: "row", row: { id: "a" } }],
    ["that there is no such row", { row: null }, { kind: "row", row: null }],
    ["what was deleted", { deleted: true }, { kind: "deleted", deleted: true }],
    ["that nothing was deleted", { deleted: false }, { kind: "deleted", deleted: false }],
    ["that it is done", { ok: true }, { kind: "ok", ok: true }],
    ["that it is not done", { ok: false }, { kind: "ok", ok: false }],
    [
      "hits",
      { results: [{ id: "n1", content: "text", score: 0.5 }] },
      { kind: "results", results: [{ id: "n1", content: "text", score: 0.5 }] },
    ],
    [
      "a failure in words",
      { error: "no such column" },
      { kind: "error", code: "device_error", message: "no such column" },
    ],
    [
      "a failure with a code",
      { error: { code: "revoked", message: "too late" } },
      { kind: "error", code: "revoked", message: "too late" },
    ],
    ["that it cannot tell", { error: { code: "outcome_unknown", message: "cut off" } }, { kind: "unknown" }],
    [
      "a failure and a row: the failure",
      { error: "broken", row: { id: "a" } },
      { kind: "error", code: "device_error", message: "broken" },
    ],
  ])("is read as %s", (_name, fields, outcome) => {
    expect(readResult(result("c1", fields))).toEqual(outcome);
  });
});
