/** What is measured, in the Analytics Engine: ids, enums, counts and times, and no word that somebody wrote. */
import type { Logger } from "../lib/logger.ts";
import type { ModelResponse } from "./model-port.ts";
import { priceMicroCents } from "./model-prices.ts";

export interface EndedTurn {
  tenantId: string;
  /** `unknown` for a turn that was given up without being read. */
  kind: "home" | "floating" | "unknown";
  status: "done" | "cancelled" | "failed";
  /** From the catalogue of error codes. */
  errorCode: string | null;
  /** From admission to the last frame, waits for a person included. */
  durationMs: number;
  /** Until the first words went out; null when there were none, or when an earlier run of the turn sent them. */
  firstTextMs: number | null;
  /** How often the turn was begun or taken up again. */
  generations: number;
  toolCalls: number;
  webSearches: number;
  codeRuns: number;
  mutations: number;
  modelCalls: readonly Pick<ModelResponse, "model" | "usage">[];
}

export interface Metrics {
  /** One data point. Costs no round trip and never throws. */
  turnEnded(turn: EndedTurn): void;
}

/** The columns of a turn's data point, in their order: `blob1` and so on. The index is the tenant. */
export const TURN_BLOBS = ["point", "kind", "status", "error_code", "calls"] as const;
/** `double1` and so on. */
export const TURN_DOUBLES = [
  "duration_ms",
  "first_text_ms",
  "generations",
  "model_calls",
  "tool_calls",
  "mutations",
  "input_tokens",
  "output_tokens",
  "cache_read_tokens",
  "cache_write_tokens",
  "price",
  "unpriced_calls",
  "web_searches",
  "code_runs",
] as const;

/** Of the `calls` column: the engine takes 16 KB of text a point. */
const CALLS_CHARS_MAX = 8_192;
const MODEL_CHARS_MAX = 80;

export function createMetrics(dataset: AnalyticsEngineDataset, log: Logger): Metrics {
  return {
    turnEnded(turn) {
      try {
        dataset.writeDataPoint(turnPoint(turn));
      } catch (cause) {
        log.warn({ event: "metrics.failed", tenant_id: turn.tenantId }, cause);
      }
    },
  };
}

function turnPoint(turn: EndedTurn): AnalyticsEngineDataPoint {
  const doubles: Record<(typeof TURN_DOUBLES)[number], number> = {
    duration_ms: turn.durationMs,
    first_text_ms: turn.firstTextMs ?? 0,
    generations: turn.generations,
    model_calls: turn.modelCalls.length,
    tool_calls: turn.toolCalls,
    mutations: turn.mutations,
    input_tokens: 0,
    output_tokens: 0,
    cache_read_tokens: 0,
    cache_write_tokens: 0,
    price: 0,
    unpriced_calls: 0,
    web_searches: turn.webSearches,
    code_runs: turn.codeRuns,
  };
  let calls = "";
  for (const { model, usage } of turn.modelCalls) {
    const { inputTokens, outputTokens, cacheReadTokens, cacheWriteTokens } = usage;
    const price = priceMicroCents(model, usage);
    doubles.input_tokens += inputTokens;
    doubles.output_tokens += outputTokens;
    doubles.cache_read_tokens += cacheReadTokens;
    doubles.cache_write_tokens += cacheWriteTokens;
    if (price === null) doubles.unpriced_calls++;
    else doubles.price += price;
    const line = `${modelName(model)} ${inputTokens} ${outputTokens} ${cacheReadTokens} ${cacheWriteTokens} ${price ?? "-"}\n`;
    if (calls.length + line.length <= CALLS_CHARS_MAX) calls += line;
  }
  const blobs: Record<(typeof TURN_BLOBS)[number], string> = {
    point: "turn",
    kind: turn.kind,
    status: turn.status,
    error_code: turn.errorCode ?? "",
    calls,
  };
  return {
    indexes: [turn.tenantId],
    blobs: TURN_BLOBS.map((name) => blobs[name]),
    doubles: TURN_DOUBLES.map((name) => doubles[name]),
  };
}

/** As the provider names it, in a form that cannot break the line. */
function modelName(model: string): string {
  return model.slice(0, MODEL_CHARS_MAX).replace(/[^\w.:/@-]/g, "_");
}
