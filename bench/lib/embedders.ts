/** The embedders that a bench measures: the embedded one, and beside it a sentence embedder where one is asked for. */
import { createEmbedder, type Embedder } from "../../src/platform/embedder.ts";
import { startSentenceEmbedder } from "../sentence-embedder.ts";

/** A model on a few shared cores takes its time for a batch. */
const TIMEOUT_MS = 600_000;

export interface MeasuredEmbedders {
  /** The embedded one is the first. */
  embedders: [Embedder, ...Embedder[]];
  stop(): Promise<void>;
}

/**
 * `--sentence` starts a model of its own; otherwise EMBEDDER_URL, EMBEDDER_MODEL and EMBEDDER_DIMENSIONS (EMBEDDER_KEY where
 * the service wants one) name an OpenAI-compatible service. Either is reached through the product's adapter.
 */
export async function embeddersToMeasure(options: { sentence: boolean }): Promise<MeasuredEmbedders> {
  const embedded = createEmbedder({ kind: "hashing" });
  if (options.sentence) {
    const { stop, ...service } = await startSentenceEmbedder();
    const sentence = createEmbedder({ kind: "openai", ...service, timeoutMs: TIMEOUT_MS });
    return { embedders: [embedded, sentence], stop };
  }
  const stop = async () => {};
  const { EMBEDDER_URL, EMBEDDER_MODEL, EMBEDDER_DIMENSIONS, EMBEDDER_KEY } = process.env;
  if (!EMBEDDER_URL || !EMBEDDER_MODEL) return { embedders: [embedded], stop };
  const configured = createEmbedder({
    kind: "openai",
    baseUrl: EMBEDDER_URL,
    apiKey: EMBEDDER_KEY,
    model: EMBEDDER_MODEL,
    dimensions: Number(EMBEDDER_DIMENSIONS ?? 1_024),
  });
  return { embedders: [embedded, configured], stop };
}
