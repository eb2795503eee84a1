/** What all embedding services over a network share: batches, repeats, and checks of what came back. */
import * as z from "zod";
import { AppError } from "../lib/errors.ts";
import { sleep, within } from "../lib/time.ts";
import { type AttemptFailure, failureOfTransport, planRetry } from "./model-retry.ts";
import { normalise } from "./vector-math.ts";

const Vectors = z.array(z.array(z.number()));

/** One attempt at one batch: the service's vectors in the order of the texts, unchecked. Throws `AttemptError`. */
export type Attempt = (batch: readonly string[], signal: AbortSignal) => Promise<unknown>;

export class AttemptError extends Error {
  readonly failure: AttemptFailure;

  constructor(failure: AttemptFailure, cause?: unknown) {
    super(failure.reason, { cause });
    this.failure = failure;
  }
}

export interface RemoteLimits {
  batchMax: number;
  dimensions: number;
  timeoutMs: number;
  /** Uniform in [0, 1), for the jitter of repeats. */
  random?: () => number;
}

/** Batches go out one after the other: an ingestion shares the service with people who wait. */
export async function embedRemotely(
  texts: readonly string[],
  limits: RemoteLimits,
  attempt: Attempt,
  signal?: AbortSignal,
): Promise<Float32Array[]> {
  const vectors: Float32Array[] = [];
  for (let start = 0; start < texts.length; start += limits.batchMax) {
    const batch = texts.slice(start, start + limits.batchMax);
    const answer = await withRepeats(batch, limits, attempt, signal);
    vectors.push(...checked(answer, batch.length, limits.dimensions));
  }
  return vectors;
}

async function withRepeats(
  batch: readonly string[],
  { timeoutMs, random = Math.random }: RemoteLimits,
  attempt: Attempt,
  signal?: AbortSignal,
): Promise<unknown> {
  for (let repeat = 1; ; repeat++) {
    signal?.throwIfAborted();
    let time: AbortSignal | undefined;
    try {
      return await within(timeoutMs, (timeout) => {
        time = timeout;
        return attempt(batch, signal ? AbortSignal.any([signal, timeout]) : timeout);
      });
    } catch (cause) {
      signal?.throwIfAborted();
      const failure =
        cause instanceof AttemptError
          ? cause.failure
          : failureOfTransport(time?.aborted ? "timeout" : "connection");
      const delayMs = planRetry(failure, repeat, random);
      if (delayMs === null) throw unavailable(failure.detail, cause);
      await sleep(delayMs, signal);
    }
  }
}

function checked(answer: unknown, count: number, dimensions: number): Float32Array[] {
  const parsed = Vectors.safeParse(answer);
  if (!parsed.success || parsed.data.length !== count) {
    throw unavailable("The embedding service gave an answer that cannot be read.");
  }
  return parsed.data.map((vector) => {
    if (vector.length !== dimensions) {
      throw new AppError("misconfigured", {
        detail: `The embedding model has ${vector.length} dimensions, configured are ${dimensions}.`,
      });
    }
    return normalise(Float32Array.from(vector));
  });
}

function unavailable(detail: string, cause?: unknown): AppError {
  return new AppError("model_unavailable", { detail, cause });
}
