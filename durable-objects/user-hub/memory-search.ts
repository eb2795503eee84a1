import { fitting, type LikenessSettings } from "../../src/features/memory/likeness.ts";
import type { MemoryItem } from "../../src/features/memory/schema.ts";
import { textOf } from "../../src/features/memory/text.ts";
import type { MemoryStore } from "./memory-store.ts";
import type { MemoryHit, MemoryVectors, VectorKind } from "./memory-vectors.ts";

/** The nearest by vector; these are opened, and the best of them found by words and vectors together. */
const OPENED = 64;

export interface MemorySearchPorts {
  store: MemoryStore;
  vectors: MemoryVectors;
  /** They differ by embedder. */
  likeness: LikenessSettings;
  now(): number;
}

/** A question with its vector: embedded once, searched for in several tiers. */
export interface Question {
  text: string;
  vector: ArrayLike<number>;
}

export class MemorySearch {
  readonly #ports: MemorySearchPorts;

  constructor(ports: MemorySearchPorts) {
    this.#ports = ports;
  }

  /** What is current of one tier and fits the question, the best first. Without any database trip. */
  find(question: Question, tier: VectorKind, limit: number): MemoryItem[] {
    const { vectors, likeness } = this.#ports;
    const query = vectors.flatten(question.vector);
    const hits = vectors.search(query, tier, { limit: OPENED, scoreMin: likeness.cosineMin });
    return this.#ranked(question.text, hits).slice(0, limit);
  }

  #ranked(text: string, hits: readonly MemoryHit[]): MemoryItem[] {
    const { store, likeness, now } = this.#ports;
    const cosines = new Map(hits.map(({ memoryId, score }) => [memoryId, score]));
    const items = store
      .withIds([...cosines.keys()])
      .filter(({ validTo, dismissedAt }) => (validTo === null || validTo > now()) && dismissedAt === null);
    const candidates = items.map((item) => ({
      item,
      text: textOf(item.body),
      cosine: cosines.get(item.id) ?? null,
    }));
    return fitting(text, candidates, likeness.wordsShare).map(({ item }) => item);
  }
}
