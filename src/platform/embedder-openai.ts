/** Any server that speaks OpenAI's embeddings API: `POST {baseUrl}/embeddings`. */
import * as z from "zod";
import type { Embedder, EmbedOptions } from "./embedder.ts";
import { AttemptError, embedRemotely } from "./embedder-remote.ts";
import { failureOfStatus, failureOfTransport, readRetryAfterMs } from "./model-retry.ts";

/** Enough to be quick, few enough for servers with small limits. */
const BATCH_MAX = 64;

export interface OpenAiEmbedderConfig {
  /** With the version segment, such as `https://api.example.com/v1`. */
  baseUrl: string;
  apiKey?: string | undefined;
  model: string;
  dimensions: number;
  timeoutMs?: number;
  /** Uniform in [0, 1), for the jitter of repeats. */
  random?: () => number;
}

const Answer = z.object({ data: z.array(z.object({ index: z.int(), embedding: z.array(z.number()) })) });

export class OpenAiEmbedder implements Embedder {
  readonly id: string;
  readonly dimensions: number;
  readonly #config: OpenAiEmbedderConfig;
  readonly #url: string;

  constructor(config: OpenAiEmbedderConfig) {
    this.id = `${config.model}-${config.dimensions}`;
    this.dimensions = config.dimensions;
    this.#config = config;
    this.#url = `${config.baseUrl.replace(/\/+$/, "")}/embeddings`;
  }

  async embed(texts: readonly string[], { signal }: EmbedOptions): Promise<Float32Array[]> {
    const { dimensions, timeoutMs = 20_000, random = Math.random } = this.#config;
    const limits = { batchMax: BATCH_MAX, dimensions, timeoutMs, random };
    return embedRemotely(texts, limits, (batch, limit) => this.#post(batch, limit), signal);
  }

  async #post(batch: readonly string[], signal: AbortSignal): Promise<unknown> {
    const { apiKey, model } = this.#config;
    const response = await fetch(this.#url, {
      method: "POST",
      headers: { "content-type": "application/json", ...(apiKey && { authorization: `Bearer ${apiKey}` }) },
      body: JSON.stringify({ model, input: batch, encoding_format: "float" }),
      signal,
    });
    if (!response.ok) {
      await response.body?.cancel();
      const retryAfterMs = readRetryAfterMs(response.headers, Date.now());
      throw new AttemptError(failureOfStatus(response.status, { retryAfterMs, trace: `${response.status}` }));
    }
    const answer = Answer.safeParse(await response.json().catch(() => null));
    if (signal.aborted) throw signal.reason;
    if (!answer.success) throw new AttemptError(failureOfTransport("cut_stream"));
    return answer.data.data.sort((a, b) => a.index - b.index).map((item) => item.embedding);
  }
}
