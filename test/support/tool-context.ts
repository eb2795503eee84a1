import type { DeviceCall, DeviceOutcome, ToolContext, UsedUnit } from "../../src/features/tools/types.ts";

export interface RecordedContext {
  ctx: ToolContext;
  /** Every device call, in order. */
  calls: DeviceCall[];
  /** Every text that was embedded, in order. */
  embedded: string[];
  /** Every unit that was counted, in order. */
  used: UsedUnit[];
}

/** A context whose device gives these outcomes in order; a call too many fails the test. */
export function recordingContext(
  outcomes: DeviceOutcome[],
  overrides: Partial<ToolContext> = {},
): RecordedContext {
  const calls: DeviceCall[] = [];
  const embedded: string[] = [];
  const used: UsedUnit[] = [];
  const waiting = [...outcomes];
  const ctx: ToolContext = {
    position: "1.0/",
    timezone: "Europe/Berlin",
    now: Date.parse("2026-11-20T10:00:00Z"),
    signal: new AbortController().signal,
    async device(call) {
      calls.push(call);
      const outcome = waiting.shift();
      if (!outcome) throw new Error(`no outcome is left for ${call.action}`);
      return outcome;
    },
    async embed(text) {
      embedded.push(text);
      return [0.25, 0.5];
    },
    keep: (make) => make(),
    used(unit) {
      used.push(unit);
    },
    ...overrides,
  };
  return { ctx, calls, embedded, used };
}
