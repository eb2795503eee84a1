import { sseResponse } from "../../lib/sse.ts";
import type { Ctx } from "../../platform/context.ts";
import type { TurnAnswer } from "./schema.ts";
import { collectTurn, positionOf, turnEvents } from "./turn-answer.ts";
import { type StartTurn, startTurn } from "./turns.ts";

/** Answers a turn as the caller accepts it: frame by frame as server-sent events, or whole. */
export async function answerTurn(
  ctx: Ctx,
  turn: StartTurn,
  request: Request,
): Promise<TurnAnswer | Response> {
  const asEvents = request.headers.get("accept")?.includes("text/event-stream") ?? false;
  if (!asEvents) return collectTurn(await startTurn(ctx, turn));
  const from = positionOf(request.headers.get("last-event-id"));
  return sseResponse(turnEvents(await startTurn(ctx, turn, from), turn.requestId));
}
