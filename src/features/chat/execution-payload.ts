import type { DeviceCall, DeviceOutcome } from "../tools/types.ts";
import { Excerpt } from "./excerpt.ts";
import type { ExecutionPayload } from "./schema.ts";

const CALL_CHARS_MAX = 4_000;
const RESULT_CHARS_MAX = 12_000;

/** What is kept of a call and its result: enough to see what happened, never the megabytes that a device may answer. */
export function executionPayload(
  { data, filters, limit }: DeviceCall,
  outcome: DeviceOutcome,
): ExecutionPayload {
  const call = new Excerpt(CALL_CHARS_MAX);
  const result = new Excerpt(RESULT_CHARS_MAX);
  return {
    call: {
      ...(data ? { data: call.record(data) } : {}),
      ...(filters ? { filters: call.record(filters) } : {}),
      ...(limit === undefined ? {} : { limit }),
    },
    result: resultOf(outcome, result),
    truncated: call.isCut || result.isCut,
  };
}

/** In the field that a device's `tool_result` has it in. */
function resultOf(outcome: DeviceOutcome, excerpt: Excerpt): ExecutionPayload["result"] {
  switch (outcome.kind) {
    case "row":
      return { row: outcome.row && excerpt.record(outcome.row) };
    case "rows":
      return { rows: excerpt.records(outcome.rows) };
    case "results":
      return { results: excerpt.records(outcome.results) };
    case "deleted":
      return { deleted: outcome.deleted };
    case "ok":
      return { ok: outcome.ok };
    case "error":
      return { error: { code: outcome.code, message: excerpt.text(outcome.message) } };
    case "offline":
    case "unknown":
      return null;
  }
}
