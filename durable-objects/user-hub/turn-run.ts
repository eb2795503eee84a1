/**
 * One turn in memory: the journal the loop reads and writes, the calls it makes, the frames it sends, and its end.
 * Losing this object loses nothing that was committed; another one takes the turn up from the journal.
 */
import type {
  ApprovalAsk,
  ApprovalDecision,
  CallPlace,
  JournaledStep,
  TurnJournal,
  TurnResult,
} from "../../src/features/agent/types.ts";
import { MUTATING_ACTIONS } from "../../src/features/hub/protocol.ts";
import type { DeviceCall, DeviceOutcome, ToolOutput } from "../../src/features/tools/types.ts";
import type { ModelResponse } from "../../src/platform/model-port.ts";
import { FrameLog } from "./core/frame-log.ts";
import { stepTurn } from "./core/turn-state.ts";
import { FrameStream } from "./frame-stream.ts";
import type { MemoryForTurn } from "./memory-for-turn.ts";
import type { HubParts } from "./parts.ts";
import { askPerson } from "./run-approvals.ts";
import { RunCalls } from "./run-calls.ts";
import { type FreshOutcome, type Learning, RunJournal } from "./run-journal.ts";
import { oweExchange, oweExecutions } from "./turn-end.ts";
import type { TurnInput, TurnRow } from "./turn-record.ts";

export class TurnRun implements TurnJournal {
  readonly input: TurnInput;
  readonly log: FrameLog;
  readonly frames: FrameStream;
  readonly memory: MemoryForTurn;
  readonly #parts: HubParts;
  readonly #abort = new AbortController();
  readonly #journal: RunJournal;
  readonly #calls: RunCalls;
  #row: TurnRow;
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
    const { requestId } = row;
    const { entries, lastSeq } = options.isNew ? NOTHING_JOURNALED : parts.turns.end(requestId);
    this.log = new FrameLog(requestId, { gen: row.state.gen, durableSeq: lastSeq, resets: row.resets });
    this.frames = new FrameStream(this.log, (frame) => {
      if (frame.type === "stream_reset") this.#keepReset();
      else if (frame.type === "stream_text") this.#firstTextAt ??= parts.clock.now();
      parts.deliver(this.#row, frame);
    });
    this.#journal = new RunJournal(parts, { requestId, log: this.log, entries });
    this.#calls = new RunCalls(parts, this, this.#journal, options);
    this.memory = parts.memory.forTurn(this);
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
    return this.#journal.responses;
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

  /** Where something begins that no journal holds: a turn that was only taken up to be ended ends here. */
  leaveReplay(): void {
    if (this.#reasonToEnd && !this.signal.aborted) this.abort(this.#reasonToEnd.reason);
  }

  find(path: string, step: number): JournaledStep | undefined {
    const known = this.#journal.find(path, step);
    if (!known) this.leaveReplay();
    return known;
  }

  record(
    path: string,
    step: number,
    response: ModelResponse,
    options: { mutations: number; durable: boolean },
  ): JournaledStep {
    const journaled = this.#journal.add(path, step, response, options.mutations);
    if (options.durable) this.commit();
    return journaled;
  }

  async keep(place: string, make: () => Promise<unknown>): Promise<unknown> {
    const known = this.#journal.keptAt(place);
    if (known) return known.value;
    this.leaveReplay();
    this.signal.throwIfAborted();
    const value = await make();
    this.#journal.keep(place, value);
    return value;
  }

  /** As `keep`, for what is at hand. Nothing begins by it. */
  keepNow(place: string, value: unknown): unknown {
    const known = this.#journal.keptAt(place);
    if (known) return known.value;
    this.#journal.keep(place, value);
    return value;
  }

  device(place: CallPlace, call: DeviceCall): Promise<DeviceOutcome> {
    return this.#calls.make(place, call);
  }

  /**
   * Commits that nobody can tell whether a call happened, together with what will settle it (`also`): from here on the
   * call is never sent again, whatever becomes of this run.
   */
  settleUnknown(callId: string, call: DeviceCall, also: () => void): void {
    this.#calls.note(callId, call, { kind: "unknown" });
    this.commit(also);
  }

  /** The outcome of this call is committed. */
  knows(callId: string): boolean {
    return this.#journal.knows(callId);
  }

  /** The outcome is known and waits for the next commit, which acknowledges it. */
  knowsUncommitted(callId: string): boolean {
    return this.#journal.knowsUncommitted(callId);
  }

  /** Decides once for each position whether a fact is taken, and how; a replay is told the same and takes nothing again. */
  learn(position: string, decide: () => Learning): ToolOutput {
    const known = this.#journal.learntAt(position);
    if (known) return known;
    this.leaveReplay();
    this.signal.throwIfAborted();
    const learning = decide();
    this.#journal.learn(position, learning);
    return learning.output;
  }

  async approve(ask: ApprovalAsk, surroundings: { timezone: string }): Promise<ApprovalDecision> {
    return askPerson(this.#parts, this, ask, surroundings);
  }

  /** One barrier: everything since the last commit, and what `also` writes. Acknowledges and tells afterwards. */
  commit(also?: () => void): void {
    this.#tell(this.#journal.commit(also));
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
    if (open.length === 0) this.#journal.rewind();
    return open.length > 0;
  }

  /** The last commit and the last frame. */
  finish(result: TurnResult): void {
    clearTimeout(this.#deadline);
    const now = this.#parts.clock.now();
    const { agent } = this.input;
    const last = this.frames.number({
      type: "stream_end",
      status: result.status,
      mutations: result.mutations,
      usage: result.usage,
      ...(result.citations ? { citations: [...result.citations] } : {}),
      ...(agent
        ? { agent: { id: agent.id, version: agent.version, answered_by: result.answeredBy ?? null } }
        : {}),
      ...(result.error ? { error: result.error } : {}),
    });
    this.#row = { ...this.#row, state: stepTurn(this.#row.state, { type: "ended", now }) };
    this.commit(() => {
      this.#parts.saveTurn(this.#row, result.status);
      oweExchange(this.#parts, this.#row, this.input, result);
      if (this.#journal.hasOutcomes) oweExecutions(this.#parts, this.#row, this.input);
      // An agent may be given a text that is not its person's, or be told things by another.
      if (!agent) this.memory.settle(result);
    });
    this.frames.send(last);
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

const NOTHING_JOURNALED = { entries: 0, lastSeq: 0 };
