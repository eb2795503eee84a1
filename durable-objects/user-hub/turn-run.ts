/**
 * One turn in memory: the journal the loop reads and writes, the calls it makes, the frames it sends, and its end.
 * Losing this object loses nothing that was committed; another one takes the turn up from the journal.
 */
import type {
  ApprovalAsk,
  ApprovalDecision,
  JournaledStep,
  TurnJournal,
  TurnResult,
} from "../../src/features/agent/types.ts";
import { MUTATING_ACTIONS } from "../../src/features/hub/protocol.ts";
import { describeApproval } from "../../src/features/tools/policy.ts";
import {
  type DeviceCall,
  type DeviceOutcome,
  type ToolOutput,
  TurnSuspended,
} from "../../src/features/tools/types.ts";
import { derivedId } from "../../src/lib/ids.ts";
import type { ModelResponse } from "../../src/platform/model-port.ts";
import { FrameLog } from "./core/frame-log.ts";
import { stepTurn } from "./core/turn-state.ts";
import { FrameStream } from "./frame-stream.ts";
import type { MemoryForTurn } from "./memory-for-turn.ts";
import type { HubParts } from "./parts.ts";
import { oweExchange, oweExecutions } from "./turn-end.ts";
import type { JournalEntry, JournaledOutcome, TurnInput, TurnRow } from "./turn-store.ts";

/** An outcome since the last commit. */
type FreshOutcome = Required<JournaledOutcome>;

/** What the model is told of a fact it wants remembered, and what becomes of the memory with the next commit. */
export interface Learning {
  output: ToolOutput;
  write?(): void;
}

export class TurnRun implements TurnJournal {
  readonly input: TurnInput;
  readonly log: FrameLog;
  readonly frames: FrameStream;
  readonly memory: MemoryForTurn;
  readonly #parts: HubParts;
  readonly #abort = new AbortController();
  readonly #steps = new Map<string, JournaledStep>();
  /** Those not journaled yet, and those a replay has not come to: answers can be large, so no others are held. */
  readonly #outcomes = new Map<string, DeviceOutcome>();
  /** Calls whose outcome is journaled. */
  readonly #settled = new Set<string>();
  /** When the calls under way began. */
  readonly #started = new Map<string, number>();
  /** Steps whose response this very run journaled: a call of any other may have been sent before a crash. */
  readonly #ownSteps = new Set<string>();
  readonly #recovered: boolean;
  /** Call ids are this and the place of the call: the same at each replay, and no other turn's. */
  readonly #callPrefix: string;
  #row: TurnRow;
  #freshSteps: { path: string; step: number; journaled: JournaledStep }[] = [];
  #freshOutcomes: FreshOutcome[] = [];
  readonly #learnt = new Map<string, ToolOutput>();
  #freshLearnings: (Learning & { position: string })[] = [];
  #entries: number;
  #mutations = 0;
  #reasonToEnd: { reason: unknown } | undefined;
  #deadline: ReturnType<typeof setTimeout> | undefined;
  #firstTextAt: number | null = null;

  constructor(
    parts: HubParts,
    row: TurnRow,
    input: TurnInput,
    options: { recovered: boolean; isNew?: boolean },
  ) {
    this.#parts = parts;
    this.#row = row;
    this.input = input;
    this.#recovered = options.recovered;
    this.#callPrefix = derivedId("call", row.requestId);
    const end = options.isNew ? NOTHING_JOURNALED : parts.turns.end(row.requestId);
    this.#entries = end.entries;
    this.log = new FrameLog(row.requestId, {
      gen: row.state.gen,
      durableSeq: end.lastSeq,
      resets: row.resets,
    });
    this.frames = new FrameStream(this.log, (frame) => {
      if (frame.type === "stream_reset") this.#keepReset();
      else if (frame.type === "stream_text") this.#firstTextAt ??= parts.clock.now();
      parts.deliver(this.#row, frame);
    });
    this.memory = parts.memory.forTurn(this);
    if (end.entries > 0) this.#load();
  }

  get row(): TurnRow {
    return this.#row;
  }

  /** When this run, which may not be the turn's first, sent its first words. */
  get firstTextAt(): number | null {
    return this.#firstTextAt;
  }

  /** Every response of the turn so far, of all its runs. */
  responses(): ModelResponse[] {
    return [...this.#steps.values()].map(({ response }) => response);
  }

  get signal(): AbortSignal {
    return this.#abort.signal;
  }

  /** Ends the turn early: with `reason` as the signal's reason. */
  abort(reason: unknown): void {
    this.#abort.abort(reason);
    this.#parts.calls.abandon(this.#row.requestId);
  }

  /**
   * Ends a turn that is only taken up to be ended: it is replayed as far as its journal goes, so that its end names all
   * that it did, and stops where something new would begin.
   */
  abortWhenReplayed(reason: unknown): void {
    this.#reasonToEnd = { reason };
  }

  startDeadline(reason: () => unknown): void {
    if (this.#row.state.phase !== "running") return;
    const leftMs = this.#row.state.deadlineAt - this.#parts.clock.now();
    this.#deadline = setTimeout(() => this.abort(reason()), Math.max(0, leftMs));
  }

  find(path: string, step: number): JournaledStep | undefined {
    const known = this.#steps.get(stepKey(path, step));
    if (!known) this.#leaveReplay();
    return known;
  }

  record(
    path: string,
    step: number,
    response: ModelResponse,
    options: { mutations: number; durable: boolean },
  ): JournaledStep {
    const journaled = { response, mutationsBefore: this.#mutations, mutations: options.mutations };
    this.#mutations += options.mutations;
    this.#steps.set(stepKey(path, step), journaled);
    this.#ownSteps.add(stepKey(path, step));
    this.#freshSteps.push({ path, step, journaled });
    if (options.durable) this.commit();
    return journaled;
  }

  /**
   * Makes a device call of this turn, or answers it from the journal. `place` is the same at each replay, and in one run
   * each is asked for once.
   */
  async device(
    place: { position: string; sub: number; attempt: number },
    call: DeviceCall,
  ): Promise<DeviceOutcome> {
    const callId = `${this.#callPrefix}:${place.position}${place.sub}.${place.attempt}`;
    const known = this.#outcomes.get(callId);
    if (known) {
      this.#outcomes.delete(callId);
      return known;
    }
    this.#leaveReplay();
    const { deviceId, storeId } = this.#row.binding;
    const maybeSent = this.#recovered && !this.#ownSteps.has(stepOfPosition(place.position));
    this.#started.set(callId, this.#parts.clock.now());
    const outcome: DeviceOutcome =
      deviceId === null
        ? { kind: "offline" }
        : await this.#parts.calls.call(
            { callId, requestId: this.#row.requestId, deviceId, storeId, call, maybeSent },
            this.signal,
          );
    this.#note(callId, call, outcome);
    return outcome;
  }

  /**
   * Commits that nobody can tell whether a call happened, together with what will settle it (`also`): from here on the
   * call is never sent again, whatever becomes of this run.
   */
  settleUnknown(callId: string, call: DeviceCall, also: () => void): void {
    this.#note(callId, call, { kind: "unknown" });
    this.commit(also);
  }

  /** The outcome of this call is committed. */
  knows(callId: string): boolean {
    return this.#settled.has(callId);
  }

  /** The outcome is known and waits for the next commit, which acknowledges it. */
  knowsUncommitted(callId: string): boolean {
    return this.#freshOutcomes.some((fresh) => fresh.callId === callId);
  }

  /** Decides once for each position whether a fact is taken, and how; a replay is told the same and takes nothing again. */
  learn(position: string, decide: () => Learning): ToolOutput {
    const known = this.#learnt.get(position);
    if (known) return known;
    this.#leaveReplay();
    this.signal.throwIfAborted();
    const learning = decide();
    this.#learnt.set(position, learning.output);
    this.#freshLearnings.push({ position, ...learning });
    return learning.output;
  }

  /** Asks the person, once: throws `TurnSuspended` until there is a decision. */
  async approve(ask: ApprovalAsk, surroundings: { timezone: string }): Promise<ApprovalDecision> {
    const approvalId = derivedId(this.#row.requestId, "approval", ask.position);
    const approval = this.#parts.approvals.find(approvalId);
    if (approval && approval.state !== "open") return this.#decisionOf(approvalId, approval.state);
    this.#leaveReplay();
    this.signal.throwIfAborted();
    if (!this.input.canAsk) {
      return {
        kind: "declined",
        reason:
          "This needs the person's approval, and there is no way to ask here. Nothing was changed. Say so.",
      };
    }
    if (!approval) {
      const frame = this.frames.number({
        type: "approval_request",
        approval_id: approvalId,
        ...describeApproval(ask.tool, ask.input, surroundings),
      });
      const expiresAt = this.#parts.clock.now() + this.#parts.limits.approvalTtlMs;
      this.commit(() => this.#parts.approvals.open(approvalId, this.#row.requestId, expiresAt));
      this.frames.send(frame);
    }
    throw new TurnSuspended();
  }

  /** One barrier: everything since the last commit, and what `also` writes. Acknowledges and tells afterwards. */
  commit(also?: () => void): void {
    const steps = this.#freshSteps;
    const fresh = this.#freshOutcomes;
    const learnings = this.#freshLearnings;
    const frames = this.log.takeTail();
    this.#freshSteps = [];
    this.#freshOutcomes = [];
    for (const { callId } of fresh) {
      this.#settled.add(callId);
      this.#outcomes.delete(callId);
    }
    this.#freshLearnings = [];
    this.#parts.storage.commit(() => {
      if (steps.length + fresh.length + frames.length + learnings.length > 0) {
        const { requestId } = this.#row;
        const learnt = learnings.map(({ position, output }) => ({ position, output }));
        const entry = {
          version: 1 as const,
          steps,
          outcomes: fresh,
          frames,
          ...(learnt.length > 0 ? { learnt } : {}),
        };
        this.#entries = this.#parts.turns.append(requestId, this.#entries, this.log.durableSeq, entry);
      }
      for (const learning of learnings) learning.write?.();
      also?.();
    });
    this.#tell(fresh);
  }

  /** Leaves memory until a person decides. False when that has happened meanwhile and the turn goes on at once. */
  park(): boolean {
    const open = this.#parts.approvals
      .ofTurn(this.#row.requestId)
      .filter((approval) => approval.state === "open");
    const now = this.#parts.clock.now();
    if (open.length > 0) clearTimeout(this.#deadline);
    const expiresAt = Math.min(...open.map((approval) => approval.expiresAt));
    const state =
      open.length > 0 ? stepTurn(this.#row.state, { type: "parked", now, expiresAt }) : this.#row.state;
    this.#row = { ...this.#row, state };
    this.frames.flush();
    this.commit(() => this.#parts.saveTurn(this.#row));
    // This very run begins again, as a replay.
    if (open.length === 0) this.#loadOutcomes(this.#parts.turns.entries(this.#row.requestId));
    return open.length > 0;
  }

  /** The last commit and the last frame. */
  finish(result: TurnResult): void {
    clearTimeout(this.#deadline);
    const now = this.#parts.clock.now();
    const last = this.frames.number({
      type: "stream_end",
      status: result.status,
      mutations: result.mutations,
      usage: result.usage,
      ...(result.error ? { error: result.error } : {}),
    });
    this.#row = { ...this.#row, state: stepTurn(this.#row.state, { type: "ended", now }) };
    this.commit(() => {
      this.#parts.saveTurn(this.#row, result.status);
      oweExchange(this.#parts, this.#row, this.input, result);
      if (this.#settled.size > 0) oweExecutions(this.#parts, this.#row, this.input);
      this.memory.settle(result);
    });
    this.frames.send(last);
  }

  #leaveReplay(): void {
    if (this.#reasonToEnd && !this.signal.aborted) this.abort(this.#reasonToEnd.reason);
  }

  #note(callId: string, { vector: _, ...call }: DeviceCall, outcome: DeviceOutcome): void {
    if (this.#outcomes.has(callId) || this.#settled.has(callId)) return;
    this.#outcomes.set(callId, outcome);
    const now = this.#parts.clock.now();
    const startedAt = this.#started.get(callId) ?? now;
    this.#started.delete(callId);
    this.#freshOutcomes.push({ callId, outcome, made: { call, startedAt, durationMs: now - startedAt } });
  }

  #load(): void {
    const entries = this.#parts.turns.entries(this.#row.requestId);
    for (const entry of entries) {
      for (const { path, step, journaled } of entry.steps) {
        this.#steps.set(stepKey(path, step), journaled);
        this.#mutations += journaled.mutations;
      }
      for (const { position, output } of entry.learnt ?? []) this.#learnt.set(position, output);
    }
    this.#loadOutcomes(entries);
  }

  #loadOutcomes(entries: readonly JournalEntry[]): void {
    for (const { callId, outcome } of entries.flatMap(({ outcomes }) => outcomes)) {
      this.#settled.add(callId);
      this.#outcomes.set(callId, outcome);
    }
  }

  #decisionOf(approvalId: string, state: "approved" | "rejected" | "expired"): ApprovalDecision {
    if (state === "approved") return { kind: "approved" };
    if (state === "expired") {
      return { kind: "declined", reason: "The person did not answer in time. Nothing was changed." };
    }
    const note = this.#parts.approvals.note(approvalId);
    return {
      kind: "declined",
      reason: `The person declined this. Nothing was changed.${note ? ` They said: ${note}` : ""}`,
    };
  }

  /** Device journal entries may go, and the other devices hear of the change, once it is committed here. */
  #tell(outcomes: FreshOutcome[]): void {
    const { deviceId } = this.#row.binding;
    if (deviceId === null || outcomes.length === 0) return;
    const answered = outcomes.filter(
      ({ outcome }) => outcome.kind !== "offline" && outcome.kind !== "unknown",
    );
    this.#parts.acknowledge(
      deviceId,
      answered.map(({ callId }) => callId),
    );
    for (const { made, outcome } of answered) {
      if (MUTATING_ACTIONS.has(made.call.action)) this.#parts.announce(deviceId, made.call, outcome);
    }
  }

  #keepReset(): void {
    this.#row = {
      ...this.#row,
      state: { ...this.#row.state, gen: this.log.gen },
      resets: [...this.log.resets],
    };
    this.#parts.storage.commit(() => this.#parts.saveTurn(this.#row));
  }
}

function stepKey(path: string, step: number): string {
  return `${path}${step}`;
}

const NOTHING_JOURNALED = { entries: 0, lastSeq: 0 };

/** `1.0/2.1/` is the second tool use of step 2 of the agent at `1.0/`. */
function stepOfPosition(position: string): string {
  return position.slice(0, position.lastIndexOf("."));
}
