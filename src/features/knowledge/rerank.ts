import { AppError } from "../../lib/errors.ts";
import type { Ctx } from "../../platform/context.ts";
import { createModelClient } from "../../platform/model.ts";
import type { ModelClient, ModelRequest, ModelResponse, ModelUsage } from "../../platform/model-port.ts";
import { RERANKED_MAX, readOrder, reorder, rerankRequest } from "./core/rerank.ts";
import type { Source } from "./core/sources.ts";

/** A search is waited for: after this the order it had is good enough. */
const RERANK_MS = 10_000;

export interface RerankOptions {
  signal?: AbortSignal;
  /** Hears what the call cost. */
  spent?(usage: ModelUsage): void;
}

/**
 * What was found in the order the small model gives it; only the first `RERANKED_MAX` take part. Never fails for the
 * model's sake: without an answer in time the order stays, and the log says so.
 */
export async function rerank<Item extends Source & { score: number }>(
  ctx: Pick<Ctx, "config" | "log">,
  question: string,
  found: readonly Item[],
  { signal, spent }: RerankOptions = {},
): Promise<Item[]> {
  const candidates = found.slice(0, RERANKED_MAX);
  if (candidates.length < 2) return [...found];
  const abort = new AbortController();
  const timer = setTimeout(() => abort.abort(new AppError("timeout")), RERANK_MS);
  const stop = signal ? AbortSignal.any([signal, abort.signal]) : abort.signal;
  try {
    const request = rerankRequest(question, candidates);
    const response = await respond(createModelClient(ctx.config.model), request, stop);
    spent?.(response.usage);
    const order = readOrder(response, candidates.length);
    if (order) return [...reorder(candidates, order), ...found.slice(RERANKED_MAX)];
    ctx.log.warn({ event: "rerank.skipped", reason: "no_order" });
  } catch (cause) {
    signal?.throwIfAborted();
    ctx.log.warn({ event: "rerank.skipped", reason: "failed" }, cause);
  } finally {
    clearTimeout(timer);
  }
  return [...found];
}

async function respond(
  model: ModelClient,
  request: ModelRequest,
  signal: AbortSignal,
): Promise<ModelResponse> {
  for await (const event of model.stream(request, { signal })) {
    if (event.type === "response") return event.response;
  }
  throw new AppError("model_unavailable", { detail: "The model gave no answer." });
}
