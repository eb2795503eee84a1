/** A turn's frames in the two shapes that HTTP answers with. */
import { AppError, isErrorCode, tellable } from "../../lib/errors.ts";
import type { SseEvent } from "../../lib/sse.ts";
import type { StreamEnd, TurnFrame } from "../hub/protocol.ts";
import type { TurnAnswer } from "./schema.ts";
import type { FollowedFrame, TurnPosition } from "./turn-frames.ts";

/** Gathers a whole turn. Throws the turn's own error when it failed before it wrote or changed anything. */
export async function collectTurn(frames: AsyncIterable<FollowedFrame>): Promise<TurnAnswer> {
  return (await gatherTurn(frames)).answer;
}

/** As `collectTurn`, with the turn's last frame. */
export async function gatherTurn(
  frames: AsyncIterable<FollowedFrame>,
): Promise<{ answer: TurnAnswer; end: StreamEnd }> {
  let kept: TurnFrame[] = [];
  for await (const frame of frames) {
    if (frame.type === "stream_reset") kept = kept.filter(({ seq }) => seq <= frame.after_seq);
    else kept.push(frame);
  }
  const end = kept.at(-1);
  if (end?.type !== "stream_end")
    throw new AppError("internal", { detail: "The turn ended without its last frame." });
  const response = kept.map((frame) => (frame.type === "stream_text" ? frame.chunk : "")).join("");
  if (end.status === "failed" && response === "" && end.mutations.length === 0) throw turnError(end);
  const start = kept.find((frame) => frame.type === "stream_start");
  const answer: TurnAnswer = {
    response,
    request_id: end.request_id,
    chat_id: start?.chat_id ?? null,
    status: end.status,
    mutations: end.mutations,
    usage: end.usage,
    ...(end.citations ? { citations: end.citations } : {}),
    ...(end.error ? { error: end.error } : {}),
  };
  return { answer, end };
}

function turnError({ error }: StreamEnd): AppError {
  const code = error && isErrorCode(error.code) ? error.code : "internal";
  return new AppError(code, error ? { detail: error.message } : {});
}

/**
 * The frames as server-sent events, each with `gen.seq` as its id. A turn that fails is told by its own `stream_end`;
 * when the frames themselves cannot be had any more, a last `error` event says so, for the answer's status is sent.
 */
export async function* turnEvents(
  frames: AsyncIterable<FollowedFrame>,
  requestId: string,
): AsyncGenerator<SseEvent> {
  try {
    for await (const frame of frames) yield toEvent(frame);
  } catch (error) {
    const known = tellable(error);
    const data = { type: "error", code: known.code, message: known.message, request_id: requestId };
    yield { event: "error", data };
  }
}

function toEvent(frame: FollowedFrame): SseEvent {
  const seq = frame.type === "stream_reset" ? frame.after_seq : frame.seq;
  return { event: frame.type, id: `${frame.gen}.${seq}`, data: frame };
}

/** The position in a `Last-Event-ID`; undefined for anything that is not one of our ids. */
export function positionOf(lastEventId: string | null): TurnPosition | undefined {
  const [, gen, seq] = /^(\d{1,9})\.(\d{1,9})$/.exec(lastEventId ?? "") ?? [];
  return gen && seq ? { gen: Number(gen), after_seq: Number(seq) } : undefined;
}
