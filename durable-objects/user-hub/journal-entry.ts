import type { JournaledStep } from "../../src/features/agent/types.ts";
import type { TurnFrame } from "../../src/features/hub/protocol.ts";
import type { DeviceCall, DeviceOutcome, ToolOutput } from "../../src/features/tools/types.ts";

export interface JournaledOutcome {
  callId: string;
  outcome: DeviceOutcome;
  /** Absent in entries from before it was kept. */
  made?: MadeCall;
}

/** What was asked of the device, but for vectors, and how long it took. */
export interface MadeCall {
  call: DeviceCall;
  /** Unix ms. */
  startedAt: number;
  durationMs: number;
}

/** What one commit of a turn carries: everything since the commit before. */
export interface JournalEntry {
  version: 1;
  steps: { path: string; step: number; journaled: JournaledStep }[];
  outcomes: JournaledOutcome[];
  frames: TurnFrame[];
  /** What the model was told of facts it had remembered. Absent when there were none. */
  learnt?: { position: string; output: ToolOutput }[];
  /** What a replay must find as it was. Absent when there was nothing. */
  kept?: { place: string; value: unknown }[];
}

/** An outcome came in one frame, yet can be longer when it is written down: `1e20` becomes 21 digits. */
const TOO_LARGE: DeviceOutcome = {
  kind: "error",
  code: "result_too_large",
  message: "The answer was too large to be kept.",
};
/** The same in more rows, or with less in one; null when nothing can be taken out. */
export function smallerParts(entry: JournalEntry): JournalEntry[] | null {
  const { version, outcomes } = entry;
  const [only] = outcomes;
  if (outcomes.length > 1) {
    const half = Math.ceil(outcomes.length / 2);
    const rest = { version, steps: [], frames: [], outcomes: outcomes.slice(half) };
    return [{ ...entry, outcomes: outcomes.slice(0, half) }, rest];
  }
  if (!only || only.outcome === TOO_LARGE) return null;
  return [{ ...entry, outcomes: [{ ...only, outcome: TOO_LARGE }] }];
}

/** Entries are our own and authenticated by their seal; only their version decides how they are read. */
export function readEntry(value: unknown): JournalEntry {
  const entry = value as JournalEntry;
  if (entry.version !== 1) throw new Error(`journal entry of unknown version ${String(entry.version)}`);
  return entry;
}
