/** Reads the frames of a turn from the hub, over as many connections as it takes. */
import { AppError, isErrorCode } from "../../lib/errors.ts";
import { HubFrame, type StreamReset, type TurnFrame } from "../hub/protocol.ts";

export type FollowedFrame = TurnFrame | StreamReset;

/** Where a reader stands in a turn. */
export interface TurnPosition {
  gen: number;
  after_seq: number;
}

/** Opens the hub's stream of a turn: from its start, or after a position. Newline-delimited JSON. */
export type OpenTurn = (from: TurnPosition | undefined) => Promise<ReadableStream<Uint8Array>>;

export interface FollowOptions {
  from?: TurnPosition;
  /** Connections in a row that may break without bringing a frame. */
  fruitlessMax: number;
  /** Waits before connection number `attempt`, counted from the last frame. */
  pause(attempt: number): Promise<void>;
}

/**
 * Yields each frame of a turn once, in order, up to `stream_end`. When the stream breaks before it (the hub was moved
 * or restarted), connects again and goes on after the last frame. Throws `timeout` when the hub stays silent.
 */
export async function* followTurn(open: OpenTurn, options: FollowOptions): AsyncGenerator<FollowedFrame> {
  let position = options.from;
  let fruitless = 0;
  for (;;) {
    try {
      for await (const frame of readFrames(await open(position))) {
        fruitless = 0;
        position = positionAfter(frame);
        yield frame;
        if (frame.type === "stream_end") return;
      }
    } catch (error) {
      // What the hub says is final; a connection that breaks is not.
      if (error instanceof AppError) throw error;
    }
    fruitless++;
    if (fruitless > options.fruitlessMax) {
      throw new AppError("timeout", {
        detail: "The turn goes on, but its frames could not be read to the end.",
      });
    }
    await options.pause(fruitless);
  }
}

function positionAfter(frame: FollowedFrame): TurnPosition {
  return { gen: frame.gen, after_seq: frame.type === "stream_reset" ? frame.after_seq : frame.seq };
}

/** Decodes newline-delimited frames, whatever way the bytes are cut. Leaving early closes the stream. */
export async function* readFrames(stream: ReadableStream<Uint8Array>): AsyncGenerator<FollowedFrame> {
  const decoder = new TextDecoder();
  let rest = "";
  for await (const chunk of stream) {
    const lines = (rest + decoder.decode(chunk, { stream: true })).split("\n");
    rest = lines.pop() ?? "";
    for (const line of lines) {
      if (line !== "") yield turnFrame(line);
    }
  }
}

function turnFrame(line: string): FollowedFrame {
  const frame = parseFrame(line);
  switch (frame.type) {
    case "stream_start":
    case "floating_domain":
    case "stream_text":
    case "stream_status":
    case "stream_block":
    case "approval_request":
    case "stream_end":
    case "stream_reset":
      return frame;
    case "error":
      throw hubError(frame.code, frame.message, frame.retry_after_s);
    default:
      throw unreadable();
  }
}

function parseFrame(line: string): HubFrame {
  try {
    return HubFrame.parse(JSON.parse(line));
  } catch (cause) {
    throw unreadable(cause);
  }
}

function unreadable(cause?: unknown): AppError {
  return new AppError("internal", { detail: "The hub sent a frame that a turn does not have.", cause });
}

/** The hub's refusal as an error of the catalogue. */
function hubError(code: string, detail: string, retryAfterS?: number): AppError {
  return new AppError(isErrorCode(code) ? code : "internal", {
    detail,
    ...(retryAfterS === undefined ? {} : { retryAfterS }),
  });
}
