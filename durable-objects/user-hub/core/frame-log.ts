/**
 * The numbered frames of one turn. What a journal write carried along is durable; the tail since then lives in memory
 * and is lost with it. The durable part is one line without branches, whatever generations wrote it.
 */
import type { StreamReset, TurnFrame, TurnFrameBody } from "../../../src/features/hub/protocol.ts";

/** A new generation began after `afterSeq`, the end of what was durable then. */
export interface ResetPoint {
  gen: number;
  afterSeq: number;
}

export interface FrameLogState {
  gen: number;
  /** The last durable number; 0 when nothing is. */
  durableSeq: number;
  resets: ResetPoint[];
}

export class FrameLog {
  readonly #requestId: string;
  #state: FrameLogState;
  #tail: TurnFrame[] = [];

  constructor(requestId: string, state: FrameLogState = { gen: 1, durableSeq: 0, resets: [] }) {
    this.#requestId = requestId;
    this.#state = state;
  }

  get gen(): number {
    return this.#state.gen;
  }

  get lastSeq(): number {
    return this.#state.durableSeq + this.#tail.length;
  }

  get durableSeq(): number {
    return this.#state.durableSeq;
  }

  get resets(): readonly ResetPoint[] {
    return this.#state.resets;
  }

  /** Numbers a frame and keeps it in the tail. */
  append(body: TurnFrameBody): TurnFrame {
    const frame = { ...body, request_id: this.#requestId, gen: this.gen, seq: this.lastSeq + 1 } as TurnFrame;
    this.#tail.push(frame);
    return frame;
  }

  /** Hands over the tail for a journal write; from here on it counts as durable. */
  takeTail(): TurnFrame[] {
    const taken = this.#tail;
    this.#state = { ...this.#state, durableSeq: this.lastSeq };
    this.#tail = [];
    return taken;
  }

  /** Begins a new generation: the tail is forgotten, on the clients too once they get the returned frame. */
  reset(): StreamReset {
    const point = { gen: this.gen + 1, afterSeq: this.#state.durableSeq };
    this.#tail = [];
    this.#state = { gen: point.gen, durableSeq: point.afterSeq, resets: [...this.#state.resets, point] };
    return { type: "stream_reset", request_id: this.#requestId, gen: point.gen, after_seq: point.afterSeq };
  }

  /**
   * What a client lacks that has the frames of generation `gen` up to `afterSeq`: a reset when a later generation cut
   * below that, then frames. `durable` holds the durable frames, in order, from any number at or below the cut + 1.
   */
  since(gen: number, afterSeq: number, durable: readonly TurnFrame[]): (StreamReset | TurnFrame)[] {
    const from = this.cut(gen, afterSeq);
    const missed: (StreamReset | TurnFrame)[] = [...durable, ...this.#tail].filter(
      (frame) => frame.seq > from,
    );
    if (gen < this.gen) {
      missed.unshift({ type: "stream_reset", request_id: this.#requestId, gen: this.gen, after_seq: from });
    }
    return missed;
  }

  /** The last number that a client of generation `gen` at `afterSeq` may keep. */
  cut(gen: number, afterSeq: number): number {
    let kept = Math.min(afterSeq, this.lastSeq);
    for (const point of this.#state.resets) {
      if (point.gen > gen) kept = Math.min(kept, point.afterSeq);
    }
    return kept;
  }
}
