import type { StreamReset, TurnFrame, TurnFrameBody } from "../../src/features/hub/protocol.ts";
import { type Clock, systemClock } from "../../src/lib/time.ts";
import type { FrameLog } from "./core/frame-log.ts";

/** Deltas that come within this time of each other share a frame; the first of a silence goes out at once. */
const COALESCE_MS = 40;
/** Characters of one text frame: far below the frame limit, whatever the characters are. */
const CHUNK_CHARS_MAX = 32_768;

/** Numbers the frames of one turn and sends them, text deltas coalesced. */
export class FrameStream {
  readonly #log: FrameLog;
  readonly #deliver: (frame: TurnFrame | StreamReset) => void;
  readonly #clock: Clock;
  #waiting = "";
  #timer: ReturnType<typeof setTimeout> | undefined;
  /** When text last went out with nothing else to push it; long ago after a flush. */
  #beatAt = 0;

  constructor(log: FrameLog, deliver: (frame: TurnFrame | StreamReset) => void, clock: Clock = systemClock) {
    this.#log = log;
    this.#deliver = deliver;
    this.#clock = clock;
  }

  /** Nothing has been numbered yet that still counts: the turn's opening frames are due. */
  get isEmpty(): boolean {
    return this.#log.lastSeq === 0 && this.#waiting === "";
  }

  emit(body: TurnFrameBody): void {
    this.#deliver(this.number(body));
  }

  /** Numbers a frame without sending it: for what must be committed before anybody sees it. */
  number(body: TurnFrameBody): TurnFrame {
    this.flush();
    return this.#log.append(body);
  }

  send(frame: TurnFrame): void {
    this.#deliver(frame);
  }

  text(delta: string): void {
    this.#waiting += delta;
    if (this.#timer !== undefined) return;
    const restMs = this.#beatAt + COALESCE_MS - this.#clock.now();
    // A timer only for what has to wait: many answers come in one piece.
    if (restMs > 0) this.#timer = setTimeout(() => this.#beat(), restMs);
    else this.#beat();
  }

  flush(): void {
    this.#rest();
    this.#sendWaiting();
  }

  /** Begins a new generation: what was sent since the last commit is forgotten, here and on the clients. */
  retract(): void {
    this.discard();
    this.#deliver(this.#log.reset());
  }

  /** Stops without sending what waits. */
  discard(): void {
    this.#rest();
    this.#waiting = "";
  }

  #beat(): void {
    this.#timer = undefined;
    this.#beatAt = this.#clock.now();
    this.#sendWaiting();
  }

  #rest(): void {
    if (this.#timer !== undefined) clearTimeout(this.#timer);
    this.#timer = undefined;
    this.#beatAt = 0;
  }

  #sendWaiting(): void {
    while (this.#waiting !== "") {
      const chunk = this.#waiting.slice(0, CHUNK_CHARS_MAX);
      this.#waiting = this.#waiting.slice(CHUNK_CHARS_MAX);
      this.#deliver(this.#log.append({ type: "stream_text", chunk }));
    }
  }
}
