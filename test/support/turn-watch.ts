import type { StreamReset, TurnFrame } from "../../src/features/hub/protocol.ts";

/** Follows one turn over all connections of a client and forgives nothing: every hole, repeat or stale generation is noted. */
export class TurnWatch {
  readonly requestId: string;
  /** The frames that count. */
  frames: TurnFrame[] = [];
  /** What should not have been sent. */
  readonly faults: string[] = [];
  gen = 1;

  constructor(requestId: string) {
    this.requestId = requestId;
  }

  get lastSeq(): number {
    return this.frames.at(-1)?.seq ?? 0;
  }

  get end(): Extract<TurnFrame, { type: "stream_end" }> | undefined {
    return this.frames.find((frame) => frame.type === "stream_end");
  }

  get approval(): Extract<TurnFrame, { type: "approval_request" }> | undefined {
    return this.frames.find((frame) => frame.type === "approval_request");
  }

  get text(): string {
    return this.frames.map((frame) => (frame.type === "stream_text" ? frame.chunk : "")).join("");
  }

  take(frame: TurnFrame | StreamReset): void {
    if (this.end) this.faults.push(`${frame.type} after the end`);
    if (frame.type === "stream_reset") return this.#reset(frame);
    if (frame.seq !== this.lastSeq + 1) {
      this.faults.push(`${frame.type} ${frame.gen}/${frame.seq} after ${this.gen}/${this.lastSeq}`);
    }
    if (frame.gen > this.gen) this.faults.push(`generation ${frame.gen} began without a reset`);
    this.frames.push(frame);
  }

  #reset({ gen, after_seq }: StreamReset): void {
    if (gen <= this.gen) this.faults.push(`reset to generation ${gen} in ${this.gen}`);
    if (after_seq > this.lastSeq) this.faults.push(`reset to ${after_seq} past ${this.lastSeq}`);
    this.gen = gen;
    this.frames = this.frames.filter(({ seq }) => seq <= after_seq);
  }
}
