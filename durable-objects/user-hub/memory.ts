/** What is remembered of the hub's user. The hub is its one writer; here are its changes, and the parts that make them. */
import type { PublishedEvent } from "../../src/features/hub/schema.ts";
import { plainKey } from "../../src/features/memory/core-facts.ts";
import { type Making, used } from "../../src/features/memory/item.ts";
import type { LikenessSettings } from "../../src/features/memory/likeness.ts";
import { confirmedCore, type FactSource, proposeCore } from "../../src/features/memory/merge.ts";
import type {
  MemoryChange,
  MemoryCommand,
  MemoryOutcome,
  MemoryTier,
} from "../../src/features/memory/schema.ts";
import { searchMemory } from "../../src/features/memory/service.ts";
import { newId } from "../../src/lib/ids.ts";
import type { Semaphore } from "../../src/lib/semaphore.ts";
import { isZone } from "../../src/lib/zone.ts";
import type { Ctx } from "../../src/platform/context.ts";
import type { Embedder } from "../../src/platform/embedder.ts";
import type { ModelClient } from "../../src/platform/model-port.ts";
import { MemoryCommands } from "./memory-commands.ts";
import { MemoryConsolidation } from "./memory-consolidation.ts";
import { MemoryEmbedding } from "./memory-embedding.ts";
import { MemoryForTurn } from "./memory-for-turn.ts";
import { pages } from "./memory-forgetting.ts";
import { MemoryJobStore } from "./memory-job-store.ts";
import { type LearningMode, MemoryJobs } from "./memory-jobs.ts";
import { MemoryLoading } from "./memory-loading.ts";
import { MemoryOutbox } from "./memory-outbox.ts";
import { OwedMemories } from "./memory-owed.ts";
import { MemoryQuestions, type OpenQuestion } from "./memory-questions.ts";
import { MemorySearch } from "./memory-search.ts";
import { MemoryStore } from "./memory-store.ts";
import { MemorySuggestions } from "./memory-suggestions.ts";
import { UnwantedHabits } from "./memory-unwanted.ts";
import { MemoryVectors } from "./memory-vectors.ts";
import type { HubParts } from "./parts.ts";
import type { TurnRun } from "./turn-run.ts";

export interface MemoryPorts {
  parts: Pick<HubParts, "storage" | "clock" | "log" | "vault" | "armAt">;
  learning: LearningMode;
  model: ModelClient;
  modelSlots: Semaphore;
  embedder: Embedder;
  likeness: LikenessSettings;
  /** Of the device that was active last. */
  deviceZone(): string;
  /** A context in the user's own tenant. */
  createCtx(): Ctx;
  /** The same, whose readings share a trip with those of others. */
  loadingCtx(): Ctx;
  /** Tells the person's devices and readers, with one commit, which `also` is part of. */
  announce(events: readonly PublishedEvent[], also: () => void): void;
  /** Lets work go on that nobody waits for. */
  goOn(work: Promise<unknown>): void;
}

/** The turn that a change comes from. */
export interface TurnOfChange {
  requestId: string;
  beganAt: number;
}

/** That an item was used is noted once in this time. */
const USE_NOTED_MS = 24 * 3_600_000;

export class HubMemory {
  readonly parts: MemoryPorts["parts"];
  readonly store: MemoryStore;
  readonly vectors: MemoryVectors;
  readonly search: MemorySearch;
  readonly questions: MemoryQuestions;
  readonly suggestions: MemorySuggestions;
  readonly unwantedHabits: UnwantedHabits;
  readonly embedding: MemoryEmbedding;
  readonly loading: MemoryLoading;
  readonly outbox: MemoryOutbox;
  readonly jobs: MemoryJobs;
  readonly commands: MemoryCommands;
  readonly consolidation: MemoryConsolidation;
  readonly #owed: OwedMemories;
  readonly #jobStore: MemoryJobStore;
  readonly #ports: MemoryPorts;

  constructor(ports: MemoryPorts) {
    const { parts, embedder, likeness, createCtx } = ports;
    const { storage, vault, clock } = parts;
    this.#ports = ports;
    this.parts = parts;
    const space = { embedder: embedder.id, dimensions: embedder.dimensions };
    this.vectors = new MemoryVectors(storage, () => vault.dataKey, space);
    this.#owed = new OwedMemories(storage);
    this.store = new MemoryStore(storage, vault, this.vectors, this.#owed);
    this.search = new MemorySearch({
      store: this.store,
      vectors: this.vectors,
      likeness,
      now: () => clock.now(),
    });
    this.questions = new MemoryQuestions(storage, vault);
    this.suggestions = new MemorySuggestions(storage);
    this.unwantedHabits = new UnwantedHabits(storage, vault);
    this.outbox = new MemoryOutbox({
      parts,
      store: this.store,
      owed: this.#owed,
      vectors: this.vectors,
      createCtx,
      announce: ports.announce,
    });
    this.embedding = new MemoryEmbedding({
      parts,
      embedder,
      noteMissing: () => this.loading.noteMissing(),
    });
    this.loading = new MemoryLoading({
      parts,
      store: this.store,
      embedder: embedder.id,
      embed: (texts) => this.embedding.embed(texts),
      createCtx: ports.loadingCtx,
      goOn: ports.goOn,
    });
    const { learning, model, modelSlots } = ports;
    this.#jobStore = new MemoryJobStore(storage, vault);
    this.jobs = new MemoryJobs({ memory: this, jobs: this.#jobStore, mode: learning, model, modelSlots });
    this.commands = new MemoryCommands(this);
    this.consolidation = new MemoryConsolidation({
      memory: this,
      model: learning === "model" ? model : null,
      modelSlots,
      timezone: () => this.#timezone(),
      createCtx,
    });
  }

  forTurn(run: TurnRun): MemoryForTurn {
    return new MemoryForTurn(this, run);
  }

  /** What the person asks for in a turn, done as if they had over REST. Their hub vouches for it. */
  obey(command: MemoryCommand): Promise<MemoryOutcome> {
    return this.commands.run(command, this.#ports.createCtx());
  }

  /** Learns from ended turns, and brings what changed to Postgres. */
  async attend(): Promise<void> {
    await this.jobs.attend();
    await this.shelve();
    await this.outbox.flush();
  }

  /** What cannot be embedded now is tried again with the next turn. */
  async shelve(): Promise<void> {
    try {
      await this.loading.shelve();
    } catch (cause) {
      this.parts.log.warn({ event: "memory.not_embedded" }, cause);
    }
  }

  nextDueAt(): number | null {
    const due = [this.#owed.nextDueAt(), this.#jobStore.nextDueAt()].filter((at) => at !== null);
    return due.length === 0 ? null : Math.min(...due);
  }

  get now(): number {
    return this.parts.clock.now();
  }

  making(): Making {
    return { now: this.now, newId: () => newId(this.now) };
  }

  /** One commit of changes to the memory. A failed one leaves nothing behind, in memory neither. */
  change<Result>(write: () => Result): Result {
    try {
      return this.parts.storage.commit(write);
    } catch (cause) {
      this.vectors.forget();
      throw cause;
    }
  }

  /** Part of the caller's commit, as are all changes below; Postgres hears of it with the next flush. */
  apply(changes: readonly MemoryChange[], vectors: ReadonlyMap<string, ArrayLike<number>> = new Map()): void {
    if (changes.length === 0) return;
    const savedBy = this.now + SAVED_BY_MS;
    this.store.apply(changes, vectors, savedBy);
    this.parts.armAt(savedBy);
  }

  /** What a turn learnt, as the rules see it when it is written: another turn may have written meanwhile. */
  write(source: Omit<FactSource, "requestId">, turn: TurnOfChange): void {
    if (this.isForgotten(turn)) return;
    const making = this.making();
    const { requestId } = turn;
    const proposal = proposeCore(this.store.core(making.now), { ...source, requestId }, making);
    if (proposal.kind === "write") this.apply(proposal.changes);
    if (proposal.kind !== "ask") return;
    const { askedAt: _, ...question } = proposal.question;
    this.raise(question, turn);
  }

  /** The person has agreed to what this asks. */
  confirm(question: OpenQuestion, turn: TurnOfChange): void {
    this.questions.drop(question.key);
    if (this.isForgotten(turn)) return;
    const making = this.making();
    const all = (tiers: readonly MemoryTier[]) => pages(this.store, tiers);
    this.apply(confirmedCore(this.store.core(making.now), question, making, all));
  }

  raise(question: OpenQuestion, turn: TurnOfChange): void {
    if (!this.isForgotten(turn)) this.questions.raise(question, this.now);
  }

  /** What was said before something was forgotten is not learnt from any more. */
  isForgotten({ beganAt }: Pick<TurnOfChange, "beganAt">): boolean {
    return beganAt <= this.store.forgottenAt;
  }

  noteUse(ids: readonly string[]): void {
    const { now } = this;
    const unnoted = this.store
      .withIds(ids)
      .filter(({ lastUsedAt }) => (lastUsedAt ?? 0) < now - USE_NOTED_MS);
    this.apply(unnoted.map((item) => used(item, now)));
  }

  /** What the hub has no room for, from the database; nothing as long as it has. */
  async older(query: string, limit: number): Promise<{ id: string; text: string; at: number }[]> {
    if (!this.vectors.hasOverflowed) return [];
    try {
      const found = await searchMemory(this.#ports.createCtx(), { q: query, limit });
      return found.map(({ id, text, valid_from }) => ({ id, text, at: Date.parse(valid_from) }));
    } catch (cause) {
      this.parts.log.warn({ event: "memory.not_searched" }, cause);
      return [];
    }
  }

  #timezone(): string {
    const fact = this.store
      .core(this.now)
      .find(({ body }) => body.tier === "core" && plainKey(body.key) === "timezone");
    const named = fact?.body.tier === "core" ? fact.body.value : "";
    return isZone(named) ? named : this.#ports.deviceZone();
  }
}

/** Saved at once as a rule; the alarm sees to it when that fails together with this object. */
const SAVED_BY_MS = 30_000;
