import type { FrameLog } from "./core/frame-log.ts";
import { stepTurn } from "./core/turn-state.ts";
import type { HubParts } from "./parts.ts";
import type { TurnRow } from "./turn-record.ts";

const NOTHING_USED = {
  input_tokens: 0,
  output_tokens: 0,
  cache_read_tokens: 0,
  model_calls: 0,
  tool_calls: 0,
};

/** Ends a turn that took the hub down too often, without running or even reading it: either may be what does the harm. */
export function giveUpTurn(parts: HubParts, row: TurnRow, log: FrameLog): void {
  const { turns, storage, clock } = parts;
  const last = log.append({
    type: "stream_end",
    status: "failed",
    mutations: [],
    usage: NOTHING_USED,
    error: { code: "internal", message: "The turn could not be completed and was given up." },
  });
  const ended = { ...row, state: stepTurn(row.state, { type: "ended", now: clock.now() }) };
  const frames = log.takeTail();
  storage.commit(() => {
    const { entries } = turns.end(row.requestId);
    turns.append(row.requestId, entries, log.durableSeq, { version: 1, steps: [], outcomes: [], frames });
    parts.saveTurn(ended, "failed");
  });
  parts.deliver(ended, last);
  parts.metrics.turnEnded({
    tenantId: parts.vault.principal.tenantId,
    kind: "unknown",
    status: "failed",
    errorCode: "internal",
    durationMs: clock.now() - row.createdAt,
    firstTextMs: null,
    generations: row.state.gen,
    toolCalls: 0,
    webSearches: 0,
    codeRuns: 0,
    mutations: 0,
    modelCalls: [],
  });
}
