import type {
  Approve,
  FloatingRequest,
  HomeRequest,
  Reject,
  Resume,
  StreamReset,
  TurnFrame,
} from "../src/features/hub/protocol.ts";
import { Transcript, type TurnEvent, type TurnResult } from "./transcript.ts";
import {
  awaitReplay,
  type CursorStep,
  startCursor,
  stepFrame,
  stepReset,
  type TurnCursor,
} from "./turn-cursor.ts";

/** One request of the person, followed until its last frame, across reconnects. Iterate it any number of times. */
export interface Turn extends AsyncIterable<TurnEvent> {
  readonly requestId: string;
  /** The end of the turn, whatever its status. Rejects with `TurnRefused` when the hub would not take it. */
  readonly done: Promise<TurnResult>;
  cancel(): void;
}

export class TurnRefused extends Error {
  override readonly name = "TurnRefused";
  readonly code: string;
  readonly retryAfterS: number | undefined;

  constructor(code: string, message: string, retryAfterS?: number) {
    super(message);
    this.code = code;
    this.retryAfterS = retryAfterS;
  }
}

/**
 * How long after it was first sent a request that got no answer may be sent again. The hub remembers a turn for at
 * least 10 minutes, so within 9 a repeat finds it; later it might start a second one.
 */
const REPEAT_MAX_MS = 9 * 60_000;

export type TurnRequest = (HomeRequest | FloatingRequest) & { request_id: string };
type Decision = Approve | Reject;
export type Outgoing = TurnRequest | Resume | Decision | { type: "cancel"; request_id: string };

/** The SDK's side of a turn: takes its frames, and knows what to say on a new connection. */
export class RunningTurn implements Turn {
  readonly requestId: string;
  readonly done: Promise<TurnResult>;
  readonly #request: TurnRequest | null;
  readonly #send: (frame: Outgoing) => boolean | "too_large";
  readonly #transcript = new Transcript();
  readonly #events: TurnEvent[] = [];
  readonly #ending = Promise.withResolvers<TurnResult>();
  #more = Promise.withResolvers<void>();
  #cursor: TurnCursor = startCursor();
  #firstSentAt: number | null = null;
  #cancelled = false;
  #ended = false;
  /** Approvals decided since the last frame: they may have been lost with the connection. */
  #decisions: Decision[] = [];

  /** Without a request it follows a turn that was started elsewhere, from its first frame on. */
  constructor(options: {
    requestId: string;
    request: TurnRequest | null;
    send: (frame: Outgoing) => boolean | "too_large";
  }) {
    this.requestId = options.requestId;
    this.#request = options.request;
    this.#send = options.send;
    this.done = this.#ending.promise;
    // Whoever only iterates learns of a refusal there.
    this.done.catch(() => {});
  }

  get ended(): boolean {
    return this.#ended;
  }

  /** True while an error about this turn means that the hub does not take it: nothing came yet, or a replay is due. */
  get unanswered(): boolean {
    return this.#cursor.seq === 0 || this.#cursor.replay !== "none";
  }

  awaits(approvalId: string): boolean {
    return this.#events.some((event) => event.type === "approval" && event.approval.id === approvalId);
  }

  async *[Symbol.asyncIterator](): AsyncIterator<TurnEvent> {
    for (let index = 0; ; index++) {
      while (index >= this.#events.length) {
        if (this.#ended) {
          await this.done;
          return;
        }
        await this.#more.promise;
      }
      yield this.#events[index]!;
    }
  }

  cancel(): void {
    if (this.#ended) return;
    this.#cancelled = true;
    this.#send({ type: "cancel", request_id: this.requestId });
  }

  decide(decision: Decision): void {
    this.#decisions.push(decision);
    this.#send(decision);
  }

  /** Says on a fresh connection what the hub needs to carry on; called once after each welcome. */
  connected(now: number): void {
    if (this.#ended) return;
    const mayRepeat = this.#firstSentAt === null || now - this.#firstSentAt < REPEAT_MAX_MS;
    if (this.#request !== null && this.#cursor.seq === 0 && mayRepeat) {
      if (this.#firstSentAt !== null) this.#cursor = awaitReplay(this.#cursor);
      const sent = this.#send(this.#request);
      if (sent === "too_large") this.refuse(new TurnRefused("frame_too_large", "The request is too large."));
      else if (sent) this.#firstSentAt ??= now;
    } else {
      this.#askForReplay();
    }
    if (this.#cancelled) this.#send({ type: "cancel", request_id: this.requestId });
    for (const decision of this.#decisions) this.#send(decision);
  }

  take(frame: TurnFrame): boolean {
    return this.#apply(stepFrame(this.#cursor, frame), frame);
  }

  reset(frame: StreamReset): boolean {
    return this.#apply(stepReset(this.#cursor, frame), null);
  }

  refuse(cause: Error): void {
    if (this.#ended) return;
    this.#ended = true;
    this.#ending.reject(cause);
    this.#wake();
  }

  #apply(step: CursorStep, frame: TurnFrame | null): boolean {
    if (this.#ended || step.do === "drop") return false;
    if (step.do === "resume") {
      this.#askForReplay();
      return false;
    }
    this.#cursor = step.cursor;
    this.#decisions = [];
    if (step.do === "rewind") this.#publish([this.#transcript.rewind(step.keepSeq)]);
    if (frame !== null) this.#publish(this.#transcript.push(frame));
    return true;
  }

  #askForReplay(): void {
    const { gen, seq } = this.#cursor;
    this.#cursor = awaitReplay(this.#cursor);
    this.#send({ type: "resume", request_id: this.requestId, gen, after_seq: seq });
  }

  #publish(events: (TurnEvent | null)[]): void {
    for (const event of events) {
      if (event === null) continue;
      this.#events.push(event);
      if (event.type !== "end") continue;
      this.#ended = true;
      this.#ending.resolve(event.result);
    }
    this.#wake();
  }

  #wake(): void {
    this.#more.resolve();
    this.#more = Promise.withResolvers<void>();
  }
}
