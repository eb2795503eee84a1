import fc from "fast-check";
import { describe, expect, it } from "vitest";
import {
  admitTurn,
  isExhausted,
  RUNS_MAX,
  stepTurn,
  type TurnEvent,
  type TurnState,
  turnDueAt,
} from "../../../../durable-objects/user-hub/core/turn-state.ts";

const START = 1_000_000;
const DEADLINE_MS = 300_000;
const TIMES = { watchMs: 30_000, replayMs: 600_000 };

const admitted = () => admitTurn(START, DEADLINE_MS);
const parked = () => stepTurn(admitted(), { type: "parked", now: START + 100, expiresAt: START + 600_100 });
const ended = () => stepTurn(admitted(), { type: "ended", now: START + 5 });

describe("a turn", () => {
  it("is admitted running, in its first generation, with all its time", () => {
    expect(admitted()).toEqual({ phase: "running", gen: 1, runs: 1, deadlineAt: START + DEADLINE_MS });
  });

  it("rises in generation and counts one more run when it is taken up after a crash, with the same deadline", () => {
    expect(stepTurn(admitted(), { type: "recovered", now: START + 77 })).toEqual({
      phase: "running",
      gen: 2,
      runs: 2,
      deadlineAt: START + DEADLINE_MS,
    });
  });

  it("keeps what was left of its time while a person is asked", () => {
    expect(parked()).toEqual({
      phase: "parked",
      gen: 1,
      runs: 1,
      deadlineLeftMs: DEADLINE_MS - 100,
      expiresAt: START + 600_100,
    });
    const woken = stepTurn(parked(), { type: "woken", now: START + 500_000 });
    expect(woken).toEqual({
      phase: "running",
      gen: 1,
      runs: 1,
      deadlineAt: START + 500_000 + DEADLINE_MS - 100,
    });
  });

  it("has no less than no time left when it is parked late", () => {
    const late = stepTurn(admitted(), { type: "parked", now: START + DEADLINE_MS + 9, expiresAt: START });
    expect(late).toMatchObject({ deadlineLeftMs: 0 });
  });

  it("can end while it runs and while it waits", () => {
    expect(ended()).toEqual({ phase: "ended", gen: 1, endedAt: START + 5 });
    expect(stepTurn(parked(), { type: "ended", now: START + 7 })).toEqual({
      phase: "ended",
      gen: 1,
      endedAt: START + 7,
    });
  });

  it.each<[string, TurnState, TurnEvent]>([
    ["a wake-up while it runs", admitted(), { type: "woken", now: START }],
    ["a crash while it waits: nothing was in memory", parked(), { type: "recovered", now: START }],
    ["a second parking", parked(), { type: "parked", now: START, expiresAt: START }],
    ["a second end", ended(), { type: "ended", now: START + 99 }],
    ["a wake-up after its end", ended(), { type: "woken", now: START + 99 }],
    ["a crash after its end", ended(), { type: "recovered", now: START + 99 }],
    ["a parking after its end", ended(), { type: "parked", now: START + 99, expiresAt: START }],
  ])("is left as it is by %s", (_name, turn, event) => {
    expect(stepTurn(turn, event)).toEqual(turn);
  });

  it("is given up after so many runs that each took the hub down", () => {
    let turn = admitted();
    for (let run = 2; run <= RUNS_MAX; run++) turn = stepTurn(turn, { type: "recovered", now: START });
    expect(isExhausted(turn)).toBe(false);
    turn = stepTurn(turn, { type: "recovered", now: START });
    expect(isExhausted(turn)).toBe(true);
    expect(isExhausted(stepTurn(turn, { type: "ended", now: START }))).toBe(false);
  });

  it("counts no run when a person's decision wakes it", () => {
    let turn = admitted();
    for (let round = 0; round < RUNS_MAX + 1; round++) {
      turn = stepTurn(turn, { type: "parked", now: START, expiresAt: START });
      turn = stepTurn(turn, { type: "woken", now: START });
    }
    expect(isExhausted(turn)).toBe(false);
  });
});

describe("a turn's deadline", () => {
  const span = fc.record({
    runMs: fc.nat({ max: 40_000 }),
    waitMs: fc.nat({ max: 10_000_000 }),
    crash: fc.boolean(),
  });

  it("is the same amount of running time, however often it waits and is taken up again", () => {
    fc.assert(
      fc.property(fc.array(span, { maxLength: 7 }), (spans) => {
        let turn = admitted();
        let now = START;
        let ranMs = 0;
        for (const { runMs, waitMs, crash } of spans) {
          now += runMs;
          ranMs += runMs;
          if (crash) turn = stepTurn(turn, { type: "recovered", now });
          turn = stepTurn(turn, { type: "parked", now, expiresAt: now + 600_000 });
          now += waitMs;
          turn = stepTurn(turn, { type: "woken", now });
          expect(turn).toMatchObject({ phase: "running", deadlineAt: now + DEADLINE_MS - ranMs });
        }
      }),
    );
  });
});

describe("the next look at a turn", () => {
  it("comes at each watch while it runs, and at its deadline when that is sooner", () => {
    expect(turnDueAt(admitted(), START, TIMES)).toBe(START + TIMES.watchMs);
    expect(turnDueAt(admitted(), START + DEADLINE_MS - 7, TIMES)).toBe(START + DEADLINE_MS);
  });

  it("is never now or in the past while it runs, so that the alarm cannot spin", () => {
    fc.assert(
      fc.property(fc.nat({ max: 3 * DEADLINE_MS }), (elapsed) => {
        const now = START + elapsed;
        const due = turnDueAt(admitted(), now, TIMES);
        expect(due).toBeGreaterThan(now);
        expect(due).toBeLessThanOrEqual(now + TIMES.watchMs);
      }),
    );
  });

  it("comes when the person's time is over while it waits", () => {
    expect(turnDueAt(parked(), START + 200, TIMES)).toBe(START + 600_100);
  });

  it("comes when its frames need not be kept any longer after its end", () => {
    expect(turnDueAt(ended(), START + 6, TIMES)).toBe(START + 5 + TIMES.replayMs);
  });
});
