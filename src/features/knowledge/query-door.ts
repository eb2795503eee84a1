import { AppError, tellable } from "../../lib/errors.ts";
import { type SseEvent, sseResponse } from "../../lib/sse.ts";
import type { Ctx } from "../../platform/context.ts";
import { answerFromSources, findSources, type QueryEvent } from "./query.ts";
import type { QueryAnswer, QueryRequest } from "./query-schema.ts";

/** Answers as the caller accepts it: as server-sent events, or whole. */
export async function answerQuery(
  ctx: Ctx,
  body: QueryRequest,
  { id, request }: { id: string; request: Request },
): Promise<QueryAnswer | Response> {
  const abort = new AbortController();
  const signal = AbortSignal.any([request.signal, abort.signal]);
  const asked = await findSources(ctx, body, id, signal);
  const events = answerFromSources(ctx, asked, signal);
  const asEvents = request.headers.get("accept")?.includes("text/event-stream") ?? false;
  if (asEvents) return sseResponse(toEvents(events, ctx.requestId), { onLeave: () => abort.abort() });
  for await (const event of events) if (event.type === "answer") return event.answer;
  throw new AppError("internal", { detail: "The answer had no end." });
}

async function* toEvents(events: AsyncIterable<QueryEvent>, requestId: string): AsyncGenerator<SseEvent> {
  try {
    for await (const event of events) {
      if (event.type === "delta") yield { event: "delta", data: { text: event.text } };
      else if (event.type === "reset") yield { event: "reset", data: {} };
      else {
        const { citations, answer: _, ...end } = event.answer;
        yield { event: "citations", data: { citations } };
        yield { event: "end", data: end };
      }
    }
  } catch (error) {
    const { code, message } = tellable(error);
    yield { event: "error", data: { code, message, request_id: requestId } };
  }
}
