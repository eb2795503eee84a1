import { type Exchange, extract, heuristicExtraction } from "../../src/features/memory/extract.ts";
import { merge } from "../../src/features/memory/merge.ts";
import type { Extraction, MemoryItem } from "../../src/features/memory/schema.ts";
import { textOf } from "../../src/features/memory/text.ts";
import type { Semaphore } from "../../src/lib/semaphore.ts";
import { within } from "../../src/lib/time.ts";
import type { ModelClient, ModelResponse } from "../../src/platform/model-port.ts";
import { priceMicroCents } from "../../src/platform/model-prices.ts";
import type { HubMemory } from "./memory.ts";
import type { DueJob, LearningJob, MemoryJobStore } from "./memory-job-store.ts";

/** `heuristic` keeps episodes without asking a model. */
export type LearningMode = "model" | "heuristic" | "off";

export interface MemoryJobPorts {
  memory: HubMemory;
  jobs: MemoryJobStore;
  mode: LearningMode;
  model: ModelClient;
  modelSlots: Semaphore;
}

/** When the alarm looks after a job that was under way, and how often one is taken up that the hub did not survive. */
const WATCH_MS = 60_000;
const TRIES_MAX = 3;
const ANSWER_MS = 60_000;
const SHOWN_STATEMENTS = 12;
/** Looked up for each statement, so that a repetition is known as one. */
const NEAR_STATEMENT = 3;

/** Learns from ended turns, one at a time, after their answers: one call of the small model each. */
export class MemoryJobs {
  readonly #ports: MemoryJobPorts;
  /** Added by this very object, and so never begun by one that died of it. */
  readonly #fresh = new Set<string>();
  #running: Promise<void> | undefined;

  constructor(ports: MemoryJobPorts) {
    this.#ports = ports;
  }

  /** Part of the commit that ends the turn. */
  owe(job: LearningJob, now: number): void {
    const { mode, jobs, memory } = this.#ports;
    if ((mode === "off" && job.used.length === 0) || memory.isForgotten(job)) return;
    jobs.add(job, now + WATCH_MS);
    this.#fresh.add(job.requestId);
    memory.parts.armAt(now + WATCH_MS);
  }

  /** Works off what there is. Who asks while that is under way shares it. */
  attend(): Promise<void> {
    this.#running ??= this.#workOff().finally(() => {
      this.#running = undefined;
    });
    return this.#running;
  }

  async #workOff(): Promise<void> {
    const { jobs, memory } = this.#ports;
    if (!jobs.next(memory.now) || !(await this.#isWhole())) return;
    for (let due = jobs.next(memory.parts.clock.now()); due; due = jobs.next(memory.parts.clock.now())) {
      await this.#work(due);
    }
  }

  /** Without all that is known nothing can be merged with it. That the database is away counts as no try. */
  async #isWhole(): Promise<boolean> {
    const { jobs, memory } = this.#ports;
    try {
      await memory.loading.whole();
      return true;
    } catch (cause) {
      memory.parts.log.warn({ event: "memory.not_loaded" }, cause);
      const nextTryAt = memory.now + WATCH_MS;
      memory.parts.storage.commit(() => {
        jobs.postponeAll(nextTryAt);
        memory.parts.armAt(nextTryAt);
      });
      return false;
    }
  }

  async #work(due: DueJob): Promise<void> {
    const { jobs, memory } = this.#ports;
    const { storage, clock, log } = memory.parts;
    const { requestId, tries } = due;
    try {
      if (!this.#fresh.delete(requestId)) {
        storage.commit(() => jobs.begin(requestId, clock.now() + WATCH_MS));
      }
      await this.#learn(due.read(), { isLastTry: tries >= TRIES_MAX });
    } catch (cause) {
      log.warn({ event: "memory.not_learnt", request_id: requestId, tries }, cause);
      storage.commit(() => {
        if (tries >= TRIES_MAX) return jobs.remove(requestId);
        jobs.begin(requestId, clock.now() + WATCH_MS);
        memory.parts.armAt(clock.now() + WATCH_MS);
      });
    }
  }

  async #learn(job: LearningJob, { isLastTry }: { isLastTry: boolean }): Promise<void> {
    const { memory, mode } = this.#ports;
    const exchange = exchangeOf(job);
    const shown = mode === "off" ? [] : await this.#shown(job.said);
    const extraction = await this.#extract(exchange, shown, { asksModel: mode === "model" && !isLastTry });
    const vectors = await memory.embedding.vectorsOf(textsOf(extraction));
    memory.change(() => this.#apply(job, exchange, { shown, extraction, vectors }));
  }

  /** Statements that the model is shown: it names those that are no longer true. */
  async #shown(said: string): Promise<MemoryItem[]> {
    const { memory } = this.#ports;
    const question = await memory.embedding.question(said);
    return question ? memory.search.find(question, "associative", SHOWN_STATEMENTS) : [];
  }

  async #extract(
    exchange: Exchange,
    statements: MemoryItem[],
    { asksModel }: { asksModel: boolean },
  ): Promise<Extraction> {
    const { memory, mode, model, modelSlots } = this.#ports;
    if (mode === "off") return NOTHING;
    if (!asksModel) return heuristicExtraction(exchange);
    const known = { core: memory.store.core(memory.now), statements };
    const heard = listening(model, ({ model: answered, usage }) => {
      memory.parts.log.info({
        event: "memory.extracted",
        request_id: exchange.requestId,
        model: answered,
        input_tokens: usage.inputTokens,
        output_tokens: usage.outputTokens,
        price: priceMicroCents(answered, usage),
      });
    });
    const ask = (signal: AbortSignal) => extract(heard, exchange, known, { signal });
    try {
      return await modelSlots.run(() => within(ANSWER_MS, ask));
    } catch (cause) {
      memory.parts.log.warn({ event: "memory.not_extracted", request_id: exchange.requestId }, cause);
      return heuristicExtraction(exchange);
    }
  }

  /** Everything is read again: what changed while the model was asked counts. */
  #apply(job: LearningJob, exchange: Exchange, learnt: Learnt): void {
    const { memory, jobs } = this.#ports;
    // Something was forgotten meanwhile.
    if (!jobs.has(job.requestId)) return;
    jobs.remove(job.requestId);
    memory.noteUse(job.used);
    const making = memory.making();
    const known = { core: memory.store.core(making.now), statements: this.#statementsNow(learnt) };
    const { changes, questions } = merge(known, learnt.extraction, exchange, making);
    for (const { askedAt: _, ...question } of questions) memory.raise(question, job);
    const vectors = changes.flatMap(({ kind, item }) => {
      const vector = kind === "insert" ? learnt.vectors.get(textOf(item.body)) : undefined;
      return vector ? [[item.id, vector] as const] : [];
    });
    memory.apply(changes, new Map(vectors));
  }

  /** Those shown keep their places, since the model names them by number; then what is near the new statements. */
  #statementsNow({ shown, extraction, vectors }: Learnt): MemoryItem[] {
    const { store, search } = this.#ports.memory;
    const places = shown.map((item) => store.find(item.id) ?? { ...item, validTo: 0 });
    const ids = new Set(places.map(({ id }) => id));
    const near = extraction.statements.flatMap(({ statement }) => {
      const vector = vectors.get(statement);
      return vector ? search.find({ text: statement, vector }, "associative", NEAR_STATEMENT) : [];
    });
    for (const item of near) {
      if (!ids.has(item.id)) places.push(item);
      ids.add(item.id);
    }
    return places;
  }
}

/** The model, with an ear for what its answers cost. */
function listening(model: ModelClient, heard: (response: ModelResponse) => void): ModelClient {
  return {
    async *stream(request, options) {
      for await (const event of model.stream(request, options)) {
        if (event.type === "response") heard(event.response);
        yield event;
      }
    },
  };
}

interface Learnt {
  shown: readonly MemoryItem[];
  extraction: Extraction;
  /** By text. */
  vectors: ReadonlyMap<string, ArrayLike<number>>;
}

const NOTHING: Extraction = { facts: [], statements: [], summary: null };

function exchangeOf({ requestId, chatId, beganAt, said, confirmed }: LearningJob): Exchange {
  return { requestId, at: beganAt, said, confirmed, ...(chatId === undefined ? {} : { chatId }) };
}

function textsOf({ statements, summary }: Extraction): string[] {
  return [...statements.map(({ statement }) => statement), ...(summary === null ? [] : [summary])];
}
