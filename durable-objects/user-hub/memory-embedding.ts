import { within } from "../../src/lib/time.ts";
import { EMBEDDER_KEY_PURPOSE, type Embedder } from "../../src/platform/embedder.ts";
import type { Question } from "./memory-search.ts";
import type { HubParts } from "./parts.ts";

/** A turn waits so long for a vector of its message; an external embedder may be away. */
const QUESTION_MS = 1_500;

export interface MemoryEmbeddingPorts {
  parts: Pick<HubParts, "vault" | "log">;
  embedder: Embedder;
  /** Items stay without a vector for now. */
  noteMissing(): void;
}

/** Makes vectors with the user's own key. */
export class MemoryEmbedding {
  readonly #ports: MemoryEmbeddingPorts;

  constructor(ports: MemoryEmbeddingPorts) {
    this.#ports = ports;
  }

  /** Undefined when the embedder cannot be had in time. */
  async question(text: string): Promise<Question | undefined> {
    const vectors = await within(QUESTION_MS, (signal) => this.vectorsOf([text], signal));
    const vector = vectors.get(text);
    return vector && { text, vector };
  }

  /** By text; empty when the embedder cannot be had: the items get their vectors later. */
  async vectorsOf(texts: readonly string[], signal?: AbortSignal): Promise<Map<string, ArrayLike<number>>> {
    if (texts.length === 0) return new Map();
    try {
      const vectors = await this.embed(texts, signal);
      return new Map(texts.map((text, at) => [text, vectors[at]!]));
    } catch (cause) {
      this.#ports.parts.log.warn({ event: "memory.not_embedded" }, cause);
      this.#ports.noteMissing();
      return new Map();
    }
  }

  embed(texts: readonly string[], signal?: AbortSignal): Promise<Float32Array[]> {
    const { embedder, parts } = this.#ports;
    const key = parts.vault.dataKey.derive(EMBEDDER_KEY_PURPOSE);
    return embedder.embed(texts, { key, ...(signal ? { signal } : {}) });
  }
}
