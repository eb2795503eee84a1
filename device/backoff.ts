/** When to try again after a socket ended, as a pure function of why it ended. */
import { CLOSE } from "../src/features/hub/protocol.ts";

export interface BackoffTimes {
  firstMs: number;
  maxMs: number;
  /** At least this long after `4429`. */
  rateLimitedMs: number;
}

export const BACKOFF_TIMES: BackoffTimes = { firstMs: 500, maxMs: 30_000, rateLimitedMs: 30_000 };

export interface Ending {
  code: number;
  /** Attempts in a row that did not lead to a lasting connection, this one included. */
  attempts: number;
  /** The socket opened before it ended. */
  opened: boolean;
  /** A credential was already renewed in this row. */
  renewed: boolean;
}

/**
 * A refused upgrade looks like an absent server. After this many, the credential is renewed once in case it is what is
 * refused (a wrong clock hides that a token has expired); not sooner, or a deploy would set every client to renewing.
 */
const UNOPENED_BEFORE_RENEWAL = 3;

export type StopReason = "protocol_abuse" | "session_ended" | "disabled" | "replaced";

export type NextStep =
  | { do: "stop"; reason: StopReason }
  /** `renew`: ask for another credential first; the present one was rejected, or may have been. */
  | { do: "retry"; afterMs: number; renew: boolean };

/** `random` is in [0, 1): half of the wait is fixed, half is chance, so that a deploy's clients come back spread out. */
export function afterClose(ending: Ending, random: number, times: BackoffTimes = BACKOFF_TIMES): NextStep {
  switch (ending.code) {
    case CLOSE.protocolAbuse:
      return { do: "stop", reason: "protocol_abuse" };
    case CLOSE.disabled:
      return { do: "stop", reason: "disabled" };
    case CLOSE.replaced:
      return { do: "stop", reason: "replaced" };
    case CLOSE.sessionEnded:
      if (ending.renewed) return { do: "stop", reason: "session_ended" };
      return {
        do: "retry",
        afterMs: ending.attempts > 1 ? waitMs(ending.attempts, random, times) : 0,
        renew: true,
      };
    case CLOSE.rateLimited:
      return {
        do: "retry",
        afterMs: times.rateLimitedMs + waitMs(ending.attempts, random, times),
        renew: false,
      };
    default:
      return {
        do: "retry",
        afterMs: waitMs(ending.attempts, random, times),
        renew: !ending.opened && !ending.renewed && ending.attempts === UNOPENED_BEFORE_RENEWAL,
      };
  }
}

function waitMs(attempts: number, random: number, times: BackoffTimes): number {
  const ceiling = Math.min(times.maxMs, times.firstMs * 2 ** Math.max(0, attempts - 1));
  return Math.round(ceiling / 2 + (ceiling / 2) * random);
}
