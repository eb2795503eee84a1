/** What happens to a person, for callers without a socket of their own. */
import { AppError } from "../../lib/errors.ts";
import { type SseEvent, sseResponse } from "../../lib/sse.ts";
import { type Clock, sleep } from "../../lib/time.ts";
import type { Ctx } from "../../platform/context.ts";
import { EventLine } from "./event-line.ts";
import type { EventMessage, EventPage, FollowEvents, PollEvents } from "./schema.ts";

/** A hub says at once where its log ends. */
const READY_MS = 10_000;
const PAGE_MAX = 200;
/** Then the caller asks again, with a token that is still good. */
const STREAM_MS = 15 * 60_000;
/** A caller who left is noticed when the next comment cannot be written, and takes one of the places until then. */
const KEEP_ALIVE_MS = 5_000;
/** Lines in a row that ended without an event. A hub that restarts is back within a second. */
const FRUITLESS_MAX = 6;
const PAUSE_MS = 200;

/**
 * What happened since the cursor; when that is nothing, the first that happens within `wait_s`. Throws `session_revoked`,
 * `rate_limited`, and `timeout` when the hub is silent.
 */
export async function pollEvents(
  ctx: Ctx,
  { cursor, wait_s: waitS, topics }: PollEvents,
): Promise<EventPage> {
  const isWanted = wanted(topics);
  const line = await EventLine.open(ctx, cursor);
  try {
    const page = await missedOf(line, isWanted);
    if (page.data.length > 0 || page.reset) return page;
    return await firstOf(line, isWanted, page, ctx.clock.now() + waitS * 1000, ctx.clock);
  } finally {
    line.close();
  }
}

type Told = EventMessage & { type: "event" };

/** The cursor goes past what is left out: it is not asked for again. */
function wanted(topics: string | undefined): (event: Told) => boolean {
  if (topics === undefined) return () => true;
  const named = new Set(topics.split(","));
  return ({ topic }) => named.has(topic);
}

async function missedOf(line: EventLine, isWanted: (event: Told) => boolean): Promise<EventPage> {
  let page: EventPage = { data: [], cursor: "", reset: false };
  while (page.data.length < PAGE_MAX) {
    const message = await line.next(READY_MS);
    if (!message) throw new AppError("timeout", { detail: "The events cannot be had at the moment." });
    if (message.type !== "event") return { ...page, cursor: message.id, reset: message.type === "reset" };
    page = isWanted(message) ? addTo(page, message) : { ...page, cursor: message.id };
  }
  return page;
}

async function firstOf(
  line: EventLine,
  isWanted: (event: Told) => boolean,
  page: EventPage,
  endsAt: number,
  clock: Clock,
): Promise<EventPage> {
  let { cursor } = page;
  for (;;) {
    const next = await line.next(endsAt - clock.now());
    if (next?.type !== "event") return { ...page, cursor };
    if (isWanted(next)) return addTo(page, next);
    cursor = next.id;
  }
}

function addTo(page: EventPage, { id, topic, data }: Told): EventPage {
  return { ...page, data: [...page.data, { id, topic, data }], cursor: id };
}

/** As the caller accepts them: as they happen, or those that happened already. */
export async function answerEvents(
  ctx: Ctx,
  request: Request,
  { topics }: FollowEvents,
): Promise<EventPage | Response> {
  const lastId = /^\d{1,15}$/.exec(request.headers.get("last-event-id") ?? "")?.[0];
  const asEvents = request.headers.get("accept")?.includes("text/event-stream") ?? false;
  if (!asEvents) return pollEvents(ctx, { cursor: lastId, wait_s: 0, topics });
  // Opened here, so that a refusal has its own status.
  const reader: Reader = {
    line: await EventLine.open(ctx, lastId),
    hasLeft: false,
    isWanted: wanted(topics),
  };
  const onLeave = () => {
    reader.hasLeft = true;
    reader.line.close();
  };
  return sseResponse(follow(ctx, reader, lastId), { onLeave, keepAliveMs: KEEP_ALIVE_MS });
}

interface Reader {
  line: EventLine;
  hasLeft: boolean;
  isWanted(event: Told): boolean;
}

/** Over as many lines as it takes: a hub that is moved or restarted ends them. */
async function* follow(ctx: Ctx, reader: Reader, lastId: string | undefined): AsyncGenerator<SseEvent> {
  const endsAt = ctx.clock.now() + STREAM_MS;
  let cursor = lastId;
  let fruitless = 0;
  try {
    while (!reader.hasLeft) {
      const message = await reader.line.next(endsAt - ctx.clock.now());
      if (message) {
        cursor = message.id;
        if (message.type === "event") fruitless = 0;
        if (message.type !== "event" || reader.isWanted(message)) yield toSse(message);
      } else if (message === undefined || reader.line.hasSessionEnded || ++fruitless > FRUITLESS_MAX) {
        return;
      } else {
        await sleep(PAUSE_MS * 2 ** (fruitless - 1));
        if (!(await reopen(ctx, reader, cursor))) return;
      }
    }
  } finally {
    reader.line.close();
  }
}

/** False when the person may not read them any more. */
async function reopen(ctx: Ctx, reader: Reader, cursor: string | undefined): Promise<boolean> {
  try {
    reader.line = await EventLine.open(ctx, cursor);
    return true;
  } catch (cause) {
    const isRefused = cause instanceof AppError && (cause.status === 401 || cause.status === 403);
    if (!isRefused) ctx.log.warn({ event: "events.interrupted" }, cause);
    return !isRefused;
  }
}

function toSse(message: EventMessage): SseEvent {
  const { id } = message;
  if (message.type !== "event") return { event: message.type, id, data: { cursor: id } };
  const { topic, data } = message;
  return { event: topic, id, data: { id, topic, data } };
}
