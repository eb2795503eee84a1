import { consolidate } from "../../src/features/memory/consolidate.ts";
import { mergePatterns } from "../../src/features/memory/merge-patterns.ts";
import { derivePatterns } from "../../src/features/memory/patterns.ts";
import { markConsolidated } from "../../src/features/memory/service.ts";
import type { Semaphore } from "../../src/lib/semaphore.ts";
import { within } from "../../src/lib/time.ts";
import type { Ctx } from "../../src/platform/context.ts";
import type { ModelClient } from "../../src/platform/model-port.ts";
import type { HubMemory } from "./memory.ts";

export interface MemoryConsolidationPorts {
  memory: HubMemory;
  /** Null where no model is asked: patterns are then counted. */
  model: ModelClient | null;
  modelSlots: Semaphore;
  /** The person's, as far as it is known. */
  timezone(): string;
  createCtx(): Ctx;
}

/** Read at once: a hub shares its memory with many others. Copies further apart in time than this stay apart. */
const PAGE = 2_000;
const EPISODES_READ = 200;
const ANSWER_MS = 60_000;

/** Once a day: what repeats is merged, what is unused fades or goes, and habits are looked for. */
export class MemoryConsolidation {
  readonly #ports: MemoryConsolidationPorts;
  #running: Promise<void> | undefined;

  constructor(ports: MemoryConsolidationPorts) {
    this.#ports = ports;
  }

  /** Safe to repeat; who asks while it is under way shares it. */
  run(): Promise<void> {
    this.#running ??= this.#consolidate().finally(() => {
      this.#running = undefined;
    });
    return this.#running;
  }

  async #consolidate(): Promise<void> {
    const { memory, createCtx } = this.#ports;
    await memory.loading.whole();
    this.#tidy();
    await this.#lookForPatterns();
    await memory.shelve();
    await memory.outbox.flush();
    await markConsolidated(createCtx());
  }

  #tidy(): void {
    const { memory } = this.#ports;
    for (let after = "", goesOn = true; goesOn; ) {
      const page = memory.store.page(after, PAGE);
      after = page.at(-1)?.id ?? after;
      goesOn = page.length === PAGE;
      const { changes, erased } = consolidate(page, memory.now);
      if (changes.length + erased.length === 0) continue;
      memory.change(() => {
        memory.apply(changes);
        memory.store.retire(erased, memory.now);
      });
    }
    memory.change(() => memory.questions.prune(memory.now));
  }

  async #lookForPatterns(): Promise<void> {
    const { memory, model, modelSlots, timezone } = this.#ports;
    const episodes = memory.store.episodes(memory.now, EPISODES_READ);
    const known = memory.store.ofTier("proactive");
    const derive = (signal: AbortSignal) =>
      derivePatterns(model, [...episodes, ...known], { now: memory.now, timezone: timezone(), signal });
    const beganAt = memory.now;
    const patterns = await modelSlots.run(() => within(ANSWER_MS, derive));
    // What was forgotten meanwhile may be in them. Tomorrow they are looked for again.
    if (patterns.length === 0 || memory.isForgotten({ beganAt })) return;
    // What was dismissed counts too, so that it is not found again.
    memory.change(() => {
      const wanted = memory.unwantedHabits.without(patterns);
      memory.apply(mergePatterns(memory.store.ofTier("proactive"), wanted, memory.making()));
    });
  }
}
