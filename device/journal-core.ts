/**
 * What a device does with a tool call that it may have seen before (spec 3, "Exactly-once effects"), as pure functions:
 * journal entry and event in, decision out. The shell reads the entry, does what is decided, and writes what is kept.
 */
import { MUTATING_ACTIONS, type ToolAction } from "../src/features/hub/protocol.ts";

export interface CallError {
  code: string;
  message: string;
}

export interface SearchHit {
  id: string;
  content: string;
  score: number;
}

/** The answer to a tool call, without its envelope. */
export type CallResult =
  | { row: Record<string, unknown> | null }
  | { rows: Record<string, unknown>[] }
  | { results: SearchHit[] }
  | { deleted: boolean }
  | { ok: boolean }
  | { error: CallError };

export type JournalEntry =
  /** An effect outside the database was begun; no result was written. */
  | { state: "started" }
  | { state: "committed"; result: CallResult }
  /** The call can never succeed, and has changed nothing. */
  | { state: "rejected"; result: CallResult }
  /** The hub has settled this call without a result; it must not run any more. */
  | { state: "revoked" };

export interface Situation {
  /** The epoch of the connection that the frame came in on. */
  epoch: number;
  /** This process is still waiting for the result of a `started` entry. */
  running: boolean;
}

export type CallDecision =
  | { do: "ignore"; why: "older_epoch" | "running" }
  /** `journal`: what must be written, and when. Reads leave no trace: repeating them is harmless. */
  | { do: "execute"; journal: "nothing" | "with_effect" | "before_effect" }
  | { do: "answer"; result: CallResult }
  | { do: "refuse"; result: { error: CallError } };

const REVOKED: { error: CallError } = {
  error: { code: "revoked", message: "This call was revoked before it ran; nothing was changed." },
};
const OUTCOME_UNKNOWN: { error: CallError } = {
  error: {
    code: "outcome_unknown",
    message: "This call was begun and its result is lost; it may have taken effect.",
  },
};

export function decideCall(
  entry: JournalEntry | undefined,
  call: { action: ToolAction; epoch: number },
  situation: Situation,
): CallDecision {
  if (call.epoch < situation.epoch) return { do: "ignore", why: "older_epoch" };
  switch (entry?.state) {
    case "committed":
    case "rejected":
      return { do: "answer", result: entry.result };
    case "revoked":
      return { do: "refuse", result: REVOKED };
    case "started":
      // The answer goes out once, under the epoch of the connection that is open by then.
      if (situation.running) return { do: "ignore", why: "running" };
      return { do: "refuse", result: OUTCOME_UNKNOWN };
    case undefined:
      return { do: "execute", journal: journalingOf(call.action) };
  }
}

export type RevokeDecision =
  | { do: "tombstone"; result: { error: CallError } }
  | { do: "answer"; result: CallResult }
  /** The effect is under way and cannot be called back; its result is sent when it comes. */
  | { do: "wait" };

/** Every revocation is answered (but for `wait`), so that the hub learns which of the two came first. */
export function decideRevoke(
  entry: JournalEntry | undefined,
  situation: Pick<Situation, "running">,
): RevokeDecision {
  switch (entry?.state) {
    case "committed":
    case "rejected":
      return { do: "answer", result: entry.result };
    case "revoked":
      return { do: "answer", result: REVOKED };
    case "started":
      return situation.running ? { do: "wait" } : { do: "answer", result: OUTCOME_UNKNOWN };
    case undefined:
      return { do: "tombstone", result: REVOKED };
  }
}

/** How an effect outside the database went. */
export type OutsideOutcome =
  | { kind: "done"; result: CallResult }
  /** It was cut off: nobody can tell whether it happened. */
  | { kind: "cut_off" };

/** What a `started` call leaves behind: the entry to write over it (null: leave as it is), and the answer. */
export function decideOutside(outcome: OutsideOutcome): { keep: JournalEntry | null; result: CallResult } {
  if (outcome.kind === "cut_off") return { keep: null, result: OUTCOME_UNKNOWN };
  return { keep: { state: "committed", result: outcome.result }, result: outcome.result };
}

/** Whether an acknowledgement drops the entry. One for a running call speaks of an earlier answer, so it waits. */
export function decideAck(situation: Pick<Situation, "running">): "forget" | "keep" {
  return situation.running ? "keep" : "forget";
}

/** What goes out again after each welcome, until it is acknowledged. */
export function outstandingResult(entry: JournalEntry): CallResult | null {
  return entry.state === "committed" || entry.state === "rejected" ? entry.result : null;
}

/** A mutation whose committed result does not fit into a frame: it did happen, so it must not read as a plain failure. */
export function unsendableResult(action: ToolAction | null): CallResult {
  if (action !== null && !MUTATING_ACTIONS.has(action)) {
    return {
      error: { code: "result_too_large", message: "The answer is larger than a frame; ask for less." },
    };
  }
  return OUTCOME_UNKNOWN;
}

export const TOMBSTONES_MAX = 10_000;
export const TOMBSTONE_AGE_MIN_MS = 90 * 24 * 3600 * 1000;

/**
 * Tombstones that may go without an acknowledgement. A tombstone guards against a call that was sent before its
 * revocation and arrives after it; sockets keep order and older epochs are ignored, so only a hub that was itself set
 * back could send one, and no hub keeps a call for 90 days. Below the cap they cost nothing, so even those stay.
 */
export function prunableTombstones(
  tombstones: readonly { id: string; atMs: number }[],
  nowMs: number,
  limits: { max: number; ageMinMs: number } = { max: TOMBSTONES_MAX, ageMinMs: TOMBSTONE_AGE_MIN_MS },
): string[] {
  const excess = tombstones.length - limits.max;
  if (excess <= 0) return [];
  return [...tombstones]
    .sort((left, right) => left.atMs - right.atMs)
    .slice(0, excess)
    .filter((tombstone) => nowMs - tombstone.atMs >= limits.ageMinMs)
    .map((tombstone) => tombstone.id);
}

/** What the database says of itself, and what the marker kept beside it saw last. */
export interface StoreIdentity {
  storeId: string;
  /** Rises with each journal entry ever written and never falls, but for a restore. */
  revision: number;
  /** Which file it is for the file system; 0 when that cannot be told. */
  file: number;
}

/**
 * Whether a database is the one that was open last, or a copy or an older state of it, which needs a name of its own.
 * The marker is written after the database, so a crash leaves it behind, never ahead.
 */
export function decideStoreName(
  database: StoreIdentity,
  marker: StoreIdentity | null,
): { do: "keep" } | { do: "rename"; why: "no_marker" | "other_marker" | "older_state" | "other_file" } {
  if (marker === null) return { do: "rename", why: "no_marker" };
  if (marker.storeId !== database.storeId) return { do: "rename", why: "other_marker" };
  if (marker.revision > database.revision) return { do: "rename", why: "older_state" };
  if (marker.file !== 0 && marker.file !== database.file) return { do: "rename", why: "other_file" };
  return { do: "keep" };
}

function journalingOf(action: ToolAction): "nothing" | "with_effect" | "before_effect" {
  if (action === "mcp_call") return "before_effect";
  return MUTATING_ACTIONS.has(action) ? "with_effect" : "nothing";
}
