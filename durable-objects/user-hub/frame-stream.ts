import type { StreamReset, TurnFrame, TurnFrameBody } from "../../src/features/hub/protocol.ts";
import type { FrameLog } from "./core/frame-log.ts";

/** Deltas that come within this time of each other share a frame; the first of a silence goes out at once. */
const COALESCE_MS = 40;
/** Characters of one text frame: far below the frame limit, whatever the characters are. */
const CHUNK_CHARS_MAX = 32_768;

/** Numbers the frames of one turn and sends them, text deltas coalesced. */
export class FrameStream {
  readonly #log: FrameLog;
  readonly #deliver: (frame: TurnFrame | StreamReset) => void;
  #waiting = "";
  #timer: ReturnType<typeof setTimeout> | undefined;

  constructor(log: FrameLog, deliver: (frame: TurnFrame | StreamReset) => void) {
    this.#log = log;
    this.#deliver = deliver;
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
    if (this.#timer === undefined) this.#beat();
  }

  flush(): void {
    if (this.#timer !== undefined) clearTimeout(this.#timer);
    this.#timer = undefined;
    this.#sendWaiting();
  }

  /** Begins a new generation: what was sent since the last commit is forgotten, here and on the clients. */
  retract(): void {
    this.discard();
    this.#deliver(this.#log.reset());
  }

  /** Stops without sending what waits. */
  discard(): void {
    if (this.#timer !== undefined) clearTimeout(this.#timer);
    this.#timer = undefined;
    this.#waiting = "";
  }

  /** Sends what waits, and waits again as long as there was something: a steady flow gives one frame a beat. */
  #beat(): void {
    this.#timer = undefined;
    if (this.#waiting === "") return;
    this.#sendWaiting();
    this.#timer = setTimeout(() => this.#beat(), COALESCE_MS);
  }

  #sendWaiting(): void {
    while (this.#waiting !== "") {
      const chunk = this.#waiting.slice(0, CHUNK_CHARS_MAX);
      this.#waiting = this.#waiting.slice(CHUNK_CHARS_MAX);
      this.#deliver(this.#log.append({ type: "stream_text", chunk }));
    }
  }
}
