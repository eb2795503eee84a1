import type { JournaledStep, TurnJournal } from "../../src/features/agent/types.ts";
import type { ModelResponse } from "../../src/platform/model-port.ts";

export interface RecordedStep extends JournaledStep {
  path: string;
  step: number;
  durable: boolean;
}

/** A journal as the hub keeps it: what is durable takes along all that waits, and outlives a crash. */
export class MemoryJournal implements TurnJournal {
  readonly committed: RecordedStep[] = [];
  #fresh: RecordedStep[] = [];
  readonly #kept = new Map<string, { value: unknown; isCommitted: boolean }>();

  get steps(): RecordedStep[] {
    return [...this.committed, ...this.#fresh];
  }

  find(path: string, step: number): JournaledStep | undefined {
    return this.steps.find((each) => each.path === path && each.step === step);
  }

  record(
    path: string,
    step: number,
    response: ModelResponse,
    { mutations, durable }: { mutations: number; durable: boolean },
  ): JournaledStep {
    const mutationsBefore = this.steps.reduce((sum, each) => sum + each.mutations, 0);
    const recorded = { path, step, response, mutations, mutationsBefore, durable };
    this.#fresh.push(recorded);
    if (durable) this.commit();
    return recorded;
  }

  async keep(place: string, make: () => Promise<unknown>): Promise<unknown> {
    if (!this.#kept.has(place)) this.#kept.set(place, { value: await make(), isCommitted: false });
    return this.#kept.get(place)?.value;
  }

  commit(): void {
    for (const entry of this.#kept.values()) entry.isCommitted = true;
    this.committed.push(...this.#fresh);
    this.#fresh = [];
  }

  /** What is not durable is lost. */
  crash(): void {
    for (const [place, { isCommitted }] of this.#kept) if (!isCommitted) this.#kept.delete(place);
    this.#fresh = [];
  }
}
