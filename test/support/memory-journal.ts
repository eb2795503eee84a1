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

  commit(): void {
    this.committed.push(...this.#fresh);
    this.#fresh = [];
  }

  /** What is not durable is lost. */
  crash(): void {
    this.#fresh = [];
  }
}
