/** One attempt at a model call: opens the stream, reads it chunk by chunk, and lets no silence last too long. */
import type { Clock } from "../lib/time.ts";
import type { ModelEvent } from "./model-port.ts";
import { ModelStreamParser } from "./model-stream.ts";

export interface ModelTimeouts {
  /** From the request to the first byte of the stream. */
  firstByteMs: number;
  /** Between two chunks of the stream; a provider pings more often than this. */
  idleMs: number;
}

/** How long a finished response may take to close, so that its connection can serve the next call. */
const DRAIN_MS = 2_000;
/** The deadline is looked at this often, or when it is due. */
const TICK_MS = 2_000;

/** The stream ended before the response was complete. */
export class CutStream extends Error {
  override readonly name = "CutStream";
}

/** Sends the request when first asked for events. Ends with `signal`, at a timeout, or by `close()`. */
export class ModelConnection {
  readonly #open: (signal: AbortSignal) => Promise<Response>;
  readonly #signal: AbortSignal;
  readonly #clock: Clock;
  readonly #timeouts: ModelTimeouts;
  readonly #controller = new AbortController();
  readonly #parser = new ModelStreamParser();
  #reader: ReadableStreamDefaultReader<Uint8Array> | undefined;
  #timer: ReturnType<typeof setTimeout> | undefined;
  #deadlineMs = 0;
  #timedOut = false;
  #finishing = false;

  constructor(
    open: (signal: AbortSignal) => Promise<Response>,
    guard: { signal: AbortSignal; clock: Clock; timeouts: ModelTimeouts },
  ) {
    this.#open = open;
    this.#signal = guard.signal;
    this.#clock = guard.clock;
    this.#timeouts = guard.timeouts;
    this.#signal.addEventListener("abort", this.#stop, { once: true });
    if (this.#signal.aborted) this.#stop();
  }

  get timedOut(): boolean {
    return this.#timedOut;
  }

  /** What the next chunk brought, possibly nothing. Throws `CutStream`, `ModelStreamError`, or what opening threw. */
  async next(): Promise<ModelEvent[]> {
    const { firstByteMs, idleMs } = this.#timeouts;
    this.#expectWithin(this.#reader ? idleMs : firstByteMs);
    this.#reader ??= await this.#start();
    const chunk = await this.#reader.read().catch(() => ({ done: true, value: undefined }) as const);
    this.#deadlineMs = Number.POSITIVE_INFINITY;
    if (chunk.done) throw new CutStream();
    return this.#parser.push(chunk.value);
  }

  /** After the last event: lets the stream run out, for a cancelled one would close its connection. */
  finish(): void {
    this.#finishing = true;
    this.#signal.removeEventListener("abort", this.#stop);
    this.#expectWithin(DRAIN_MS);
    const settle = (chunk?: { done: boolean }) => {
      this.#disarm();
      if (!chunk?.done) this.#stop();
    };
    this.#reader?.read().then(settle, () => settle());
  }

  /** Ends the attempt at once, unless it is finishing by itself. */
  close(): void {
    if (this.#finishing) return;
    this.#disarm();
    this.#signal.removeEventListener("abort", this.#stop);
    this.#stop();
  }

  async #start(): Promise<ReadableStreamDefaultReader<Uint8Array>> {
    const { body } = await this.#open(this.#controller.signal);
    if (!body) throw new CutStream();
    return body.getReader();
  }

  /** One timer serves the whole stream and its end: it follows the deadline instead of being set anew for each chunk. */
  #expectWithin(ms: number): void {
    this.#deadlineMs = this.#clock.now() + ms;
    this.#timer ??= this.#tickWithin(ms);
  }

  #tickWithin(ms: number): ReturnType<typeof setTimeout> {
    return setTimeout(this.#check, Math.min(ms, this.#timeouts.idleMs, TICK_MS));
  }

  #disarm(): void {
    clearTimeout(this.#timer);
    this.#timer = undefined;
  }

  readonly #check = (): void => {
    const leftMs = this.#deadlineMs - this.#clock.now();
    if (leftMs > 0) {
      this.#timer = this.#tickWithin(leftMs);
      return;
    }
    this.#timedOut = true;
    this.#stop();
  };

  /** Ends the request, and the stream if it has begun. */
  readonly #stop = (): void => {
    this.#controller.abort();
    this.#reader?.cancel().catch(() => undefined);
  };
}
