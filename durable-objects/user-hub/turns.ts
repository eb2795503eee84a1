/** Admits, runs, parks, wakes, recovers and ends the user's turns. */

import { limitsOf } from "../../src/features/custom-agents/service.ts";
import type { StreamReset, TurnFrame } from "../../src/features/hub/protocol.ts";
import { TurnSuspended } from "../../src/features/tools/types.ts";
import { AppError } from "../../src/lib/errors.ts";
import { newId } from "../../src/lib/ids.ts";
import type { ApprovalState } from "./approval-store.ts";
import { FrameLog } from "./core/frame-log.ts";
import { admitTurn, isExhausted, stepTurn } from "./core/turn-state.ts";
import { giveUpTurn } from "./give-up.ts";
import { measureTurn } from "./measure-turn.ts";
import type { HubParts } from "./parts.ts";
import { answerTurn, TurnCancelled } from "./turn-answer.ts";
import type { Binding, TurnInput, TurnRow } from "./turn-record.ts";
import { type TurnOrigin, type TurnRequest, turnInput } from "./turn-request.ts";
import { TurnRun } from "./turn-run.ts";
import type { TurnServices } from "./turn-services.ts";
import { shielded } from "./turn-upkeep.ts";

export class Turns {
  readonly #parts: HubParts;
  readonly #services: TurnServices;
  readonly #runs = new Map<string, TurnRun>();

  constructor(parts: HubParts, services: TurnServices) {
    this.#parts = parts;
    this.#services = services;
  }

  find(requestId: string): TurnRun | undefined {
    return this.#runs.get(requestId);
  }

  /** Turns in memory that work with this device. */
  servedBy(deviceId: string): TurnRun[] {
    return [...this.#runs.values()].filter((run) => run.row.binding.deviceId === deviceId);
  }

  has(requestId: string): boolean {
    return this.#parts.turns.has(requestId);
  }

  /**
   * Starts a turn: barrier 1 holds its input, its binding and the time the alarm looks after it. The caller has made
   * sure that `requestId` is new (`has`). Throws `busy`.
   */
  admit(request: TurnRequest, origin: TurnOrigin, binding: Binding): void {
    const { clock, limits, storage, turns, chats } = this.#parts;
    this.assertRoom(0);
    const now = clock.now();
    const { startsChat } = request;
    const chatId = startsChat ? newId(now) : request.chatId;
    const surroundings = this.#services.surroundingsOf(origin.connection, binding);
    const input = turnInput(request, origin, chatId, surroundings);
    const row: TurnRow = {
      requestId: request.requestId,
      state: admitTurn(now, deadlineMs(input, limits)),
      resets: [],
      origin: origin.connection,
      binding,
      createdAt: now,
    };
    storage.commit(() => {
      const dueAt = this.#parts.dueAt(row.state);
      turns.insert(row, input, dueAt);
      this.#parts.armAt(dueAt);
      if (startsChat && chatId !== undefined) chats.touch(chatId, now);
    });
    this.#start(new TurnRun(this.#parts, row, input, { recovered: false, isNew: true }));
  }

  /** @param coming Turns that are about to be admitted. Throws `busy`. */
  assertRoom(coming: number): void {
    const { turnsPerUser } = this.#parts.limits;
    if (this.#runs.size + coming < turnsPerUser) return;
    throw new AppError("busy", {
      detail: `${turnsPerUser} turns are running already. Wait for one to end, or cancel one.`,
      retryAfterS: 5,
    });
  }

  /** What a client lacks that has the frames of `gen` up to `afterSeq`; undefined when the turn's frames are gone. */
  missed(requestId: string, gen: number, afterSeq: number): (StreamReset | TurnFrame)[] | undefined {
    const run = this.#runs.get(requestId);
    run?.frames.flush();
    const log = run?.log ?? this.#storedLog(requestId);
    if (!log) return undefined;
    const from = log.cut(gen, afterSeq);
    const durable = this.#parts.turns.entries(requestId, from).flatMap((entry) => entry.frames);
    return log.since(gen, afterSeq, durable);
  }

  isEnded(requestId: string): boolean {
    return this.#parts.turns.find(requestId)?.state.phase === "ended";
  }

  /** False when there is no such turn, or it has ended. */
  cancel(requestId: string): boolean {
    const run = this.#runs.get(requestId);
    run?.abort(new TurnCancelled());
    if (run || this.#unpark(requestId, new TurnCancelled())) return true;
    const row = this.#parts.turns.find(requestId);
    if (!row || !this.#isLost(row)) return false;
    this.#recover(row, new TurnCancelled());
    return true;
  }

  cancelAll(): void {
    for (const row of this.#parts.turns.open()) {
      shielded(this.#parts, row, () => void this.cancel(row.requestId));
    }
  }

  /** Notes what a person (or the clock) decided and wakes the turn. False when there is nothing to decide any more. */
  decide(approvalId: string, state: Exclude<ApprovalState, "open">, note?: string): boolean {
    const approval = this.#parts.approvals.find(approvalId);
    if (approval?.state !== "open" || this.isEnded(approval.requestId)) return false;
    this.#parts.storage.commit(() => this.#parts.approvals.decide(approvalId, state, note));
    this.#unpark(approval.requestId);
    return true;
  }

  /**
   * Takes up every turn that is owed work and is not in memory: after an eviction, a crash, a deploy. Those of who may do
   * nothing any more only to end them.
   */
  recover(): void {
    const reason = this.#parts.vault.isShutOut ? new TurnCancelled() : undefined;
    for (const row of this.#parts.turns.open()) {
      if (this.#isLost(row)) shielded(this.#parts, row, () => this.#recover(row, reason));
    }
  }

  /** A turn that works with this device is owed work and not in memory: the alarm will take it up. */
  owes(deviceId: string): boolean {
    return this.#parts.turns.open().some((row) => row.binding.deviceId === deviceId && this.#isLost(row));
  }

  #isLost({ requestId, state }: TurnRow): boolean {
    return state.phase === "running" && !this.#runs.has(requestId);
  }

  /** With a `reason` it is only taken up to be ended. */
  #recover(row: TurnRow, reason?: Error): void {
    const log = this.#storedLog(row.requestId)!;
    const reset = log.reset();
    const state = stepTurn(row.state, { type: "recovered", now: this.#parts.clock.now() });
    const next: TurnRow = { ...row, state: { ...state, gen: log.gen }, resets: [...log.resets] };
    this.#parts.storage.commit(() => this.#parts.saveTurn(next));
    this.#parts.log.warn({ event: "turn.recovered", request_id: row.requestId, gen: log.gen });
    this.#parts.deliver(next, reset);
    if (isExhausted(next.state)) return giveUpTurn(this.#parts, next, log);
    const input = this.#parts.turns.input(row.requestId);
    const run = new TurnRun(this.#parts, next, input, { recovered: true });
    if (reason) run.abortWhenReplayed(reason);
    this.#start(run);
  }

  /** False when the turn is not parked. With a `reason` it is only taken up to be ended. */
  #unpark(requestId: string, reason?: Error): boolean {
    const row = this.#parts.turns.find(requestId);
    if (row?.state.phase !== "parked") return false;
    const next = { ...row, state: stepTurn(row.state, { type: "woken", now: this.#parts.clock.now() }) };
    this.#parts.storage.commit(() => this.#parts.saveTurn(next));
    const run = new TurnRun(this.#parts, next, this.#parts.turns.input(requestId), { recovered: false });
    if (reason) run.abortWhenReplayed(reason);
    this.#start(run);
    return true;
  }

  #storedLog(requestId: string): FrameLog | undefined {
    const row = this.#parts.turns.find(requestId);
    if (!row || !this.#parts.turns.hasContent(requestId)) return undefined;
    const { lastSeq } = this.#parts.turns.end(requestId);
    return new FrameLog(requestId, { gen: row.state.gen, durableSeq: lastSeq, resets: row.resets });
  }

  #start(run: TurnRun): void {
    const { requestId } = run.row;
    this.#runs.set(requestId, run);
    run.startDeadline(() => tookTooLong(run.input));
    this.#services.keepAlive(this.#drive(run, requestId));
  }

  async #drive(run: TurnRun, requestId: string): Promise<void> {
    try {
      while (!(await this.#runOnce(run))) {
        // A decision that came before the turn was parked lets it go on at once.
      }
    } catch (cause) {
      // What could not be committed is still owed: the alarm takes the turn up again.
      run.frames.discard();
      this.#parts.log.error({ event: "turn.broken", request_id: requestId }, cause);
    }
    this.#runs.delete(requestId);
    if (this.#runs.size === 0) this.#parts.calls.forgetEarly();
    this.#services.turnLeft(run.row);
  }

  /** True when the turn has left memory for good: ended or parked. */
  async #runOnce(run: TurnRun): Promise<boolean> {
    try {
      const result = await answerTurn(this.#parts, this.#services, run);
      run.finish(result);
      measureTurn(this.#parts, run, result);
      return true;
    } catch (thrown) {
      if (thrown instanceof TurnSuspended) return run.park();
      throw thrown;
    }
  }
}

/** That of the agent that answers, when it is nearer. */
function deadlineMs({ agent }: TurnInput, { turnDeadlineMs }: HubParts["limits"]): number {
  return agent ? Math.min(limitsOf(agent.definition).timeMs, turnDeadlineMs) : turnDeadlineMs;
}

function tookTooLong({ agent }: TurnInput): AppError {
  if (!agent) return new AppError("timeout", { detail: "The request took too long and was stopped." });
  return new AppError("agent_limit_reached", { detail: "The agent stopped at its limit of time." });
}
