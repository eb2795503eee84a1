/** Turns texts into vectors whose cosine says how alike they are. The port; adapters are beside it. */
import { HashingEmbedder } from "./embedder-hashing.ts";
import { OpenAiEmbedder, type OpenAiEmbedderConfig } from "./embedder-openai.ts";
import { WorkersAiEmbedder, type WorkersAiEmbedderConfig } from "./embedder-workers-ai.ts";

export interface Embedder {
  /** Names the vector space: vectors of different ids must never be compared. Kept with every stored vector. */
  readonly id: string;
  readonly dimensions: number;
  /**
   * One vector of length 1 per text, in order. `key` is the owner's `DataKey.derive(EMBEDDER_KEY_PURPOSE)`: the embedded
   * embedder makes a space of its own for each owner with it, external services do not use it.
   * Throws `model_unavailable` when an external service persistently fails.
   */
  embed(texts: readonly string[], options: EmbedOptions): Promise<Float32Array[]>;
}

export interface EmbedOptions {
  key: Uint8Array;
  signal?: AbortSignal;
}

/** The purpose every caller derives an owner's embedding key for, so that all vectors of an owner share one space. */
export const EMBEDDER_KEY_PURPOSE = "embedder";

export type EmbedderConfig =
  | { kind: "hashing" }
  | ({ kind: "openai" } & OpenAiEmbedderConfig)
  | ({ kind: "workers_ai" } & WorkersAiEmbedderConfig);

export function createEmbedder(config: EmbedderConfig): Embedder {
  switch (config.kind) {
    case "hashing":
      return new HashingEmbedder();
    case "openai":
      return new OpenAiEmbedder(config);
    case "workers_ai":
      return new WorkersAiEmbedder(config);
  }
}
