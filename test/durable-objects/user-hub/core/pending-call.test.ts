import fc from "fast-check";
import { describe, expect, it } from "vitest";
import {
  type CallEvent,
  type CallStep,
  callDueAt,
  callTimeLeftMs,
  openCall,
  type PendingCall,
  stepCall,
} from "../../../../durable-objects/user-hub/core/pending-call.ts";

const LIMITS = { answerMs: 30_000, awayMs: 20_000 };
const START = 1_000_000;
const STORE = "store";

type Step = CallStep<string>;
type Call = { mutating: boolean; maybeSent?: boolean };

const opened = ({ mutating, maybeSent = false }: Call) =>
  openCall({ storeId: STORE, mutating, maybeSent, now: START });
const step = (call: PendingCall, event: CallEvent<string>): Step => stepCall(call, event, LIMITS);
const connected = (now: number, storeId: string | null = STORE) =>
  ({ type: "connected", now, storeId }) as const;
const disconnected = (now: number) => ({ type: "disconnected", now }) as const;
const tick = (now: number) => ({ type: "tick", now }) as const;

/** The call after events that leave it open. */
function following(call: PendingCall, ...events: CallEvent<string>[]): PendingCall {
  return events.reduce((open, event) => {
    const next = step(open, event);
    if (next.do === "settle") throw new Error(`settled by ${event.type}`);
    return next.call;
  }, call);
}

const read: Call = { mutating: false };
const change: Call = { mutating: true };
const sentRead = () => following(opened(read), connected(START));
const sentChange = () => following(opened(change), connected(START));

describe("a tool call", () => {
  it("is sent when its device is there, and again at each new connection", () => {
    expect(step(opened(change), connected(START + 5))).toEqual({
      do: "send",
      call: {
        storeId: STORE,
        mutating: true,
        maybeSent: true,
        usedMs: 0,
        connectedSince: START + 5,
        awaySince: null,
      },
    });
    expect(step(following(sentChange(), disconnected(START + 1)), connected(START + 2)).do).toBe("send");
  });

  it("is settled by its answer, whatever state it is in", () => {
    for (const call of [opened(read), sentChange(), following(sentChange(), disconnected(START + 1))]) {
      expect(step(call, { type: "answered", result: "rows" })).toEqual({
        do: "settle",
        settlement: { kind: "answered", result: "rows" },
        revoke: false,
      });
    }
  });

  it("may take all of its connected time and not a millisecond more", () => {
    expect(step(sentRead(), tick(START + LIMITS.answerMs - 1)).do).toBe("wait");
    expect(step(sentRead(), tick(START + LIMITS.answerMs))).toEqual({
      do: "settle",
      settlement: { kind: "failed", code: "tool_timeout" },
      revoke: true,
    });
  });

  it("is waited for while its device is away, but only so long", () => {
    expect(step(opened(read), tick(START + LIMITS.awayMs - 1)).do).toBe("wait");
    expect(step(opened(read), tick(START + LIMITS.awayMs))).toEqual({
      do: "settle",
      settlement: { kind: "offline" },
      revoke: false,
    });
  });

  it("does not count the time that its device was away, and goes on counting when it comes back", () => {
    const call = following(sentRead(), disconnected(START + 10_000), connected(START + 25_000));
    expect(callTimeLeftMs(call, LIMITS)).toBe(20_000);
    expect(callDueAt(call, LIMITS)).toBe(START + 45_000);
  });

  it("counts on when a connection takes the place of another that nobody saw end", () => {
    const call = following(sentRead(), connected(START + 29_000));
    expect(callTimeLeftMs(call, LIMITS)).toBe(1_000);
    expect(callDueAt(call, LIMITS)).toBe(START + 30_000);
  });

  it("counts a device's absence from when it left, not from a second report of it", () => {
    const call = following(sentRead(), disconnected(START + 1_000), disconnected(START + 9_000));
    expect(callDueAt(call, LIMITS)).toBe(START + 1_000 + LIMITS.awayMs);
  });

  it("gives each absence its own time", () => {
    const call = following(
      sentRead(),
      disconnected(START),
      connected(START + 19_999),
      disconnected(START + 20_000),
    );
    expect(callDueAt(call, LIMITS)).toBe(START + 20_000 + LIMITS.awayMs);
  });

  it("has no less than no time left", () => {
    const call = following(
      sentRead(),
      disconnected(START + LIMITS.answerMs + 5),
      connected(START + LIMITS.answerMs + 6),
    );
    expect(callTimeLeftMs(call, LIMITS)).toBe(0);
  });
});

describe("a tool call given up", () => {
  const offline = { kind: "offline" };
  const unknown = { kind: "unknown" };
  const storeChanged = { kind: "failed", code: "store_changed" };
  const timedOut = { kind: "failed", code: "tool_timeout" };

  it.each<[string, PendingCall, CallEvent<string>, unknown, boolean]>([
    ["a read never sent is offline", opened(read), { type: "abandoned" }, offline, false],
    ["a read that was sent is offline, and revoked", sentRead(), { type: "abandoned" }, offline, true],
    [
      "a change never sent is offline: it did not happen",
      opened(change),
      { type: "abandoned" },
      offline,
      false,
    ],
    ["a change that was sent is unknown", sentChange(), { type: "abandoned" }, unknown, true],
    [
      "a change from before a crash is unknown",
      opened({ mutating: true, maybeSent: true }),
      { type: "abandoned" },
      unknown,
      true,
    ],
    [
      "a change never sent to another database failed",
      opened(change),
      connected(START, "other"),
      storeChanged,
      false,
    ],
    [
      "a read of another database failed, and is revoked",
      sentRead(),
      connected(START, "other"),
      storeChanged,
      true,
    ],
    [
      "a change that was sent is unknown to another database",
      sentChange(),
      connected(START, "other"),
      unknown,
      true,
    ],
    ["a change is bound to a named database", sentChange(), connected(START, null), unknown, true],
    ["a late read failed", sentRead(), tick(START + LIMITS.answerMs), timedOut, true],
    ["a late change is unknown", sentChange(), tick(START + LIMITS.answerMs), unknown, true],
    [
      "a change whose device left and stays away is unknown",
      following(sentChange(), disconnected(START)),
      tick(START + LIMITS.awayMs),
      unknown,
      true,
    ],
  ])("%s", (_name, call, event, settlement, revoke) => {
    expect(step(call, event)).toEqual({ do: "settle", settlement, revoke });
  });
});

type Happening =
  | { do: "connect"; store: string | null }
  | { do: "disconnect" | "abandon" }
  | { do: "wait"; ms: number };

const happening: fc.Arbitrary<Happening> = fc.oneof(
  { weight: 6, arbitrary: fc.constant<Happening>({ do: "connect", store: STORE }) },
  {
    weight: 1,
    arbitrary: fc.constantFrom("other", null).map((store): Happening => ({ do: "connect", store })),
  },
  { weight: 5, arbitrary: fc.constant<Happening>({ do: "disconnect" }) },
  { weight: 1, arbitrary: fc.constant<Happening>({ do: "abandon" }) },
  { weight: 9, arbitrary: fc.integer({ min: 0, max: 15_000 }).map((ms): Happening => ({ do: "wait", ms })) },
);

/** Runs a call as the hub does, waking it when it is due, and counts on its own what the core should have counted. */
function live(call: PendingCall, happenings: Happening[]) {
  const seen = {
    connectedMs: 0,
    awayMs: 0,
    isConnected: false,
    maybeSent: call.maybeSent,
    wrongStore: false,
  };
  let open = call;
  let now = START;
  const pass = (ms: number) => {
    now += ms;
    if (seen.isConnected) seen.connectedMs += ms;
    else seen.awayMs += ms;
  };
  const take = (event: CallEvent<string>): Extract<Step, { do: "settle" }> | undefined => {
    const next = step(open, event);
    if (next.do === "settle") return next;
    open = next.call;
    if (next.do === "send") seen.maybeSent = true;
    return undefined;
  };
  const wait = (ms: number) => {
    const untilDue = Math.max(0, callDueAt(open, LIMITS) - now);
    pass(Math.min(ms, untilDue));
    const settled = take(tick(now));
    if (!settled) pass(ms - Math.min(ms, untilDue));
    return settled;
  };
  const happen = (each: Happening) => {
    if (each.do === "wait") return wait(each.ms);
    if (each.do === "abandon") return take({ type: "abandoned" });
    const isConnected = each.do === "connect";
    if (isConnected) seen.wrongStore = each.store !== STORE;
    if (seen.isConnected !== isConnected) seen.awayMs = 0;
    seen.isConnected = isConnected;
    return take(isConnected ? connected(now, each.store) : disconnected(now));
  };
  for (const each of [...happenings, { do: "wait", ms: 60_000 } as const]) {
    const settled = happen(each);
    if (settled) return { ...settled, seen };
    expect(seen.connectedMs).toBeLessThan(LIMITS.answerMs + 1);
    expect(seen.wrongStore).toBe(false);
  }
  throw new Error("the call was never settled");
}

describe("a tool call without an answer", () => {
  it("is settled by the clock alone, truthfully, and revoked exactly when it may have been sent", () => {
    const reached = new Set<string>();
    fc.assert(
      fc.property(fc.boolean(), fc.boolean(), fc.array(happening), (mutating, maybeSent, happenings) => {
        const { settlement, revoke, seen } = live(opened({ mutating, maybeSent }), happenings);
        reached.add(settlement.kind === "failed" ? settlement.code : settlement.kind);
        expect(revoke).toBe(seen.maybeSent);
        expect(settlement.kind === "unknown").toBe(mutating && seen.maybeSent);
        if (settlement.kind === "failed" && settlement.code === "store_changed")
          expect(seen.wrongStore).toBe(true);
        if (settlement.kind === "failed" && settlement.code === "tool_timeout") {
          expect(seen.connectedMs).toBe(LIMITS.answerMs);
        }
        if (settlement.kind === "offline" && !happenings.some((each) => each.do === "abandon")) {
          expect(seen.awayMs).toBe(LIMITS.awayMs);
        }
      }),
      { numRuns: 2000 },
    );
    expect([...reached].sort()).toEqual(["offline", "store_changed", "tool_timeout", "unknown"]);
  });
});
