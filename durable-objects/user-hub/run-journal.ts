import type { JournaledStep } from "../../src/features/agent/types.ts";
import type { DeviceOutcome, ToolOutput } from "../../src/features/tools/types.ts";
import type { ModelResponse } from "../../src/platform/model-port.ts";
import type { FrameLog } from "./core/frame-log.ts";
import type { JournalEntry, JournaledOutcome } from "./journal-entry.ts";
import type { HubParts } from "./parts.ts";

/** An outcome since the last commit. */
export type FreshOutcome = Required<JournaledOutcome>;

/** What the model is told of a fact it wants remembered, and what becomes of the memory with the next commit. */
export interface Learning {
  output: ToolOutput;
  write?(): void;
}

/** What is journaled of one turn, and what waits for the next commit. */
export class RunJournal {
  readonly #parts: Pick<HubParts, "turns" | "storage">;
  readonly #requestId: string;
  readonly #log: FrameLog;
  readonly #steps = new Map<string, JournaledStep>();
  /** Steps whose response this very run journaled: a call of any other may have been sent before a crash. */
  readonly #ownSteps = new Set<string>();
  /** Those not journaled yet, and those a replay has not come to: answers can be large, so no others are held. */
  readonly #outcomes = new Map<string, DeviceOutcome>();
  /** Calls whose outcome is journaled. */
  readonly #settled = new Set<string>();
  readonly #learnt = new Map<string, ToolOutput>();
  readonly #kept = new Map<string, unknown>();
  #freshKept: NonNullable<JournalEntry["kept"]> = [];
  #freshSteps: JournalEntry["steps"] = [];
  #freshOutcomes: FreshOutcome[] = [];
  #freshLearnings: (Learning & { position: string })[] = [];
  #entries: number;
  #mutations = 0;

  /** `entries` is how many rows of the turn there are. */
  constructor(
    parts: Pick<HubParts, "turns" | "storage">,
    turn: { requestId: string; log: FrameLog; entries: number },
  ) {
    this.#parts = parts;
    this.#requestId = turn.requestId;
    this.#log = turn.log;
    this.#entries = turn.entries;
    if (turn.entries > 0) this.#load();
  }

  get responses(): ModelResponse[] {
    return [...this.#steps.values()].map(({ response }) => response);
  }

  /** An outcome of the turn is journaled. */
  get hasOutcomes(): boolean {
    return this.#settled.size > 0;
  }

  find(path: string, step: number): JournaledStep | undefined {
    return this.#steps.get(stepKey(path, step));
  }

  add(path: string, step: number, response: ModelResponse, mutations: number): JournaledStep {
    const journaled = { response, mutationsBefore: this.#mutations, mutations };
    this.#mutations += mutations;
    this.#steps.set(stepKey(path, step), journaled);
    this.#ownSteps.add(stepKey(path, step));
    this.#freshSteps.push({ path, step, journaled });
    return journaled;
  }

  /** The response that asked for what is done at this position was journaled by this very run. */
  isOwn(position: string): boolean {
    return this.#ownSteps.has(stepOfPosition(position));
  }

  /** The outcome of a call that a replay comes to, once. */
  takeOutcome(callId: string): DeviceOutcome | undefined {
    const known = this.#outcomes.get(callId);
    if (known) this.#outcomes.delete(callId);
    return known;
  }

  /** Keeps an outcome for the next commit, unless one is known. */
  note(callId: string, outcome: DeviceOutcome, made: FreshOutcome["made"]): void {
    if (this.#outcomes.has(callId) || this.#settled.has(callId)) return;
    this.#outcomes.set(callId, outcome);
    this.#freshOutcomes.push({ callId, outcome, made });
  }

  knows(callId: string): boolean {
    return this.#settled.has(callId);
  }

  knowsUncommitted(callId: string): boolean {
    return this.#freshOutcomes.some((fresh) => fresh.callId === callId);
  }

  learntAt(position: string): ToolOutput | undefined {
    return this.#learnt.get(position);
  }

  learn(position: string, learning: Learning): void {
    this.#learnt.set(position, learning.output);
    this.#freshLearnings.push({ position, ...learning });
  }

  /** What was kept for this place, in a wrapper of its own: it may be anything. */
  keptAt(place: string): { value: unknown } | undefined {
    return this.#kept.has(place) ? { value: this.#kept.get(place) } : undefined;
  }

  keep(place: string, value: unknown): void {
    this.#kept.set(place, value);
    this.#freshKept.push({ place, value });
  }

  /** One barrier: everything since the last commit, and what `also` writes. Returns the outcomes that are safe now. */
  commit(also?: () => void): FreshOutcome[] {
    const steps = this.#freshSteps;
    const outcomes = this.#freshOutcomes;
    const learnings = this.#freshLearnings;
    const kept = this.#freshKept;
    const frames = this.#log.takeTail();
    this.#freshSteps = [];
    this.#freshOutcomes = [];
    this.#freshLearnings = [];
    this.#freshKept = [];
    for (const { callId } of outcomes) {
      this.#settled.add(callId);
      this.#outcomes.delete(callId);
    }
    this.#parts.storage.commit(() => {
      if (steps.length + outcomes.length + frames.length + learnings.length + kept.length > 0) {
        const learnt = learnings.map(({ position, output }) => ({ position, output }));
        this.#append({
          version: 1,
          steps,
          outcomes,
          frames,
          ...(learnt.length > 0 ? { learnt } : {}),
          ...(kept.length > 0 ? { kept } : {}),
        });
      }
      for (const learning of learnings) learning.write?.();
      also?.();
    });
    return outcomes;
  }

  /** Outcomes from the first on, for a run that begins again. */
  rewind(): void {
    this.#loadOutcomes(this.#parts.turns.entries(this.#requestId));
  }

  #append(entry: JournalEntry): void {
    const { durableSeq } = this.#log;
    this.#entries = this.#parts.turns.append(this.#requestId, this.#entries, durableSeq, entry);
  }

  #load(): void {
    const entries = this.#parts.turns.entries(this.#requestId);
    for (const entry of entries) {
      for (const { path, step, journaled } of entry.steps) {
        this.#steps.set(stepKey(path, step), journaled);
        this.#mutations += journaled.mutations;
      }
      for (const { position, output } of entry.learnt ?? []) this.#learnt.set(position, output);
      for (const { place, value } of entry.kept ?? []) this.#kept.set(place, value);
    }
    this.#loadOutcomes(entries);
  }

  #loadOutcomes(entries: readonly JournalEntry[]): void {
    for (const { callId, outcome } of entries.flatMap(({ outcomes }) => outcomes)) {
      this.#settled.add(callId);
      this.#outcomes.set(callId, outcome);
    }
  }
}

function stepKey(path: string, step: number): string {
  return `${path}${step}`;
}

/** `1.0/2.1/` is the second tool use of step 2 of the agent at `1.0/`. */
function stepOfPosition(position: string): string {
  return position.slice(0, position.lastIndexOf("."));
}
