import * as z from "zod";
import {
  type ErrorFrame,
  FloatingRequest,
  HomeRequest,
  type Scope,
  type StreamReset,
  type TurnFrame,
} from "../src/features/hub/protocol.ts";
import { newRequestId } from "./ids.ts";
import { type Outgoing, RunningTurn, type Turn, TurnRefused, type TurnRequest } from "./turn.ts";

export interface Question {
  message: string;
  chatId?: string;
  /** What a popup is open on; with it the floating supervisor answers. Null asks it without a scope. */
  scope?: Scope | null;
  /** Made if absent. The same id never starts a second turn. */
  requestId?: string;
}

export interface TurnsOptions {
  send: (frame: Outgoing) => boolean | "too_large";
  online: () => boolean;
  now: () => number;
}

/** The turns that this client waits for. */
export class Turns {
  readonly #options: TurnsOptions;
  readonly #running = new Map<string, RunningTurn>();

  constructor(options: TurnsOptions) {
    this.#options = options;
  }

  ask(question: Question): Turn {
    const request = requestOf(question, this.#options.now());
    return this.#follow(request.request_id, request);
  }

  follow(requestId: string): Turn {
    return this.#follow(requestId, null);
  }

  decide(type: "approve" | "reject", approvalId: string, note: string | undefined): void {
    const decision = { type, approval_id: approvalId, ...(note === undefined ? {} : { note }) };
    const turn = [...this.#running.values()].find((running) => running.awaits(approvalId));
    if (turn === undefined) this.#options.send(decision);
    else turn.decide(decision);
  }

  /** After each welcome. */
  connected(): void {
    for (const turn of [...this.#running.values()]) turn.connected(this.#options.now());
  }

  /** False for a frame that must not be shown: seen before, out of line, or taken back. */
  take(frame: TurnFrame | StreamReset): boolean {
    const turn = this.#running.get(frame.request_id);
    if (turn === undefined) return true;
    const taken = frame.type === "stream_reset" ? turn.reset(frame) : turn.take(frame);
    if (turn.ended) this.#running.delete(turn.requestId);
    return taken;
  }

  refuse(frame: ErrorFrame): void {
    const turn = this.#running.get(frame.request_id ?? frame.in_reply_to ?? "");
    if (turn?.unanswered !== true) return;
    this.#running.delete(turn.requestId);
    turn.refuse(new TurnRefused(frame.code, frame.message, frame.retry_after_s));
  }

  /** Nothing more will come. The turns themselves go on in the hub; `follow` takes them up. */
  abandon(reason: string): void {
    for (const turn of this.#running.values()) turn.refuse(new TurnRefused("disconnected", reason));
    this.#running.clear();
  }

  #follow(requestId: string, request: TurnRequest | null): Turn {
    const known = this.#running.get(requestId);
    if (known !== undefined) return known;
    const turn = new RunningTurn({ requestId, request, send: this.#options.send });
    this.#running.set(requestId, turn);
    if (this.#options.online()) turn.connected(this.#options.now());
    return turn;
  }
}

function requestOf(question: Question, nowMs: number): TurnRequest {
  const common = {
    request_id: question.requestId ?? newRequestId(nowMs),
    message: question.message,
    ...(question.chatId === undefined ? {} : { chat_id: question.chatId }),
  };
  const frame =
    question.scope === undefined
      ? { type: "home_request" as const, ...common }
      : { type: "floating_request" as const, ...common, ...(question.scope && { scope: question.scope }) };
  const problem = (frame.type === "home_request" ? HomeRequest : FloatingRequest).safeParse(frame).error;
  if (problem !== undefined) throw new TypeError(`This cannot be asked: ${z.prettifyError(problem)}`);
  return frame;
}
