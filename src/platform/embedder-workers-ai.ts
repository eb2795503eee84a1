/** Cloudflare's own embedding models, through the Workers AI binding. */
import * as z from "zod";
import { unlessAborted } from "../lib/time.ts";
import type { Embedder, EmbedOptions } from "./embedder.ts";
import { AttemptError, embedRemotely } from "./embedder-remote.ts";
import { failureOfTransport } from "./model-retry.ts";

/** Workers AI takes at most 100 texts a call. */
const BATCH_MAX = 100;
const TIMEOUT_MS = 20_000;

/** What is used of the `Ai` binding. */
export interface EmbeddingRunner {
  run(model: string, input: { text: string[] }): Promise<unknown>;
}

export interface WorkersAiEmbedderConfig {
  ai: EmbeddingRunner;
  /** Such as `@cf/baai/bge-m3`. */
  model: string;
  dimensions: number;
}

const Answer = z.object({ data: z.array(z.array(z.number())) });

export class WorkersAiEmbedder implements Embedder {
  readonly id: string;
  readonly dimensions: number;
  readonly #config: WorkersAiEmbedderConfig;

  constructor(config: WorkersAiEmbedderConfig) {
    this.id = `${config.model}-${config.dimensions}`;
    this.dimensions = config.dimensions;
    this.#config = config;
  }

  async embed(texts: readonly string[], { signal }: EmbedOptions): Promise<Float32Array[]> {
    const { ai, model, dimensions } = this.#config;
    const limits = { batchMax: BATCH_MAX, dimensions, timeoutMs: TIMEOUT_MS };
    const attempt = async (batch: readonly string[], limit: AbortSignal) => {
      const answer = Answer.safeParse(await unlessAborted(ai.run(model, { text: [...batch] }), limit));
      if (!answer.success) throw new AttemptError(failureOfTransport("cut_stream"));
      return answer.data.data;
    };
    return embedRemotely(texts, limits, attempt, signal);
  }
}
