/** The life of a turn, as a pure function. Storage keeps the state; the shell starts and stops what it says. */

export type TurnState =
  /** Being worked on, in memory or owed to the next wake-up. */
  | { phase: "running"; gen: number; runs: number; deadlineAt: number }
  /** Waits for a person; nothing is in memory. `deadlineLeftMs` is what remains of its time. */
  | { phase: "parked"; gen: number; runs: number; deadlineLeftMs: number; expiresAt: number }
  | { phase: "ended"; gen: number; endedAt: number };

export type TurnEvent =
  | { type: "recovered"; now: number }
  | { type: "parked"; now: number; expiresAt: number }
  | { type: "woken"; now: number }
  | { type: "ended"; now: number };

export interface TurnTimes {
  /** How often a running turn is looked after, in ms. */
  watchMs: number;
  /** How long the frames of an ended turn can be asked for again, in ms. */
  replayMs: number;
}

/** A turn that took the hub down this often is ended rather than tried again. */
export const RUNS_MAX = 8;

export function admitTurn(now: number, deadlineMs: number): TurnState {
  return { phase: "running", gen: 1, runs: 1, deadlineAt: now + deadlineMs };
}

/** The next state. An event that does not fit the phase (a late wake-up, a second end) leaves the turn as it is. */
export function stepTurn(turn: TurnState, event: TurnEvent): TurnState {
  if (turn.phase === "ended") return turn;
  switch (event.type) {
    case "ended":
      return { phase: "ended", gen: turn.gen, endedAt: event.now };
    case "recovered":
      return turn.phase === "running" ? { ...turn, gen: turn.gen + 1, runs: turn.runs + 1 } : turn;
    case "parked":
      if (turn.phase !== "running") return turn;
      return {
        phase: "parked",
        gen: turn.gen,
        runs: turn.runs,
        deadlineLeftMs: Math.max(0, turn.deadlineAt - event.now),
        expiresAt: event.expiresAt,
      };
    case "woken":
      if (turn.phase !== "parked") return turn;
      return {
        phase: "running",
        gen: turn.gen,
        runs: turn.runs,
        deadlineAt: event.now + turn.deadlineLeftMs,
      };
  }
}

export function isExhausted(turn: TurnState): boolean {
  return turn.phase !== "ended" && turn.runs > RUNS_MAX;
}

/** When the alarm must look at this turn next, in Unix ms. */
export function turnDueAt(turn: TurnState, now: number, times: TurnTimes): number {
  switch (turn.phase) {
    case "running":
      return Math.min(now + times.watchMs, Math.max(turn.deadlineAt, now + 1));
    case "parked":
      return turn.expiresAt;
    case "ended":
      return turn.endedAt + times.replayMs;
  }
}
