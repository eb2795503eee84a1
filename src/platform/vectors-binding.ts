/**
 * Calls of Cloudflare's Vectorize (V2) with its documented limits, bounded in time and number.
 * https://developers.cloudflare.com/vectorize/platform/limits/ and …/reference/client-api/
 */
import * as z from "zod";
import { sleep, unlessAborted, within } from "../lib/time.ts";

/** What is used of the `Vectorize` binding. */
export type VectorizeBinding = Pick<Vectorize, "upsert" | "query" | "deleteByIds" | "getByIds" | "describe">;

export const VECTORIZE = {
  /** Results without values and metadata; with them it would be 50. */
  topKMax: 100,
  upsertMax: 1000,
  /** Not in the documentation: larger calls are refused, `VECTOR_DELETE_ERROR (code = 40007)`. */
  deleteMax: 100,
  /** Likewise, `VECTOR_GET_ERROR (code = 40007)`. */
  getMax: 20,
  dimensionsMax: 1536,
} as const;

/** The metadata that queries filter by; an index needs a metadata index of it, of type number, before its first vector. */
export const COLLECTION_FIELD = "collection";

interface Patience {
  timeoutMs: number;
  attempts: number;
}

/** Somebody waits for a search, which does without vectors rather than take long. */
const SEARCH_PATIENCE: Patience = { timeoutMs: 2_000, attempts: 2 };
const WRITE_PATIENCE: Patience = { timeoutMs: 10_000, attempts: 3 };
const RETRY_BASE_MS = 100;

/** An index outside of the database failed persistently, or refused. */
export class VectorIndexError extends Error {
  override readonly name = "VectorIndexError";
  readonly code = "vector_index_unavailable";
}

/** Every call that is repeated may be: an upsert of the same vectors, a removal of the same ids, a read. */
async function callIndex<Result>(
  { timeoutMs, attempts }: Patience,
  work: () => Promise<Result>,
): Promise<Result> {
  for (let attempt = 1; ; attempt++) {
    try {
      return await within(timeoutMs, (signal) => unlessAborted(work(), signal));
    } catch (cause) {
      if (attempt >= attempts || isRefusal(cause)) {
        throw new VectorIndexError("The vector index cannot be used.", { cause });
      }
      await sleep(RETRY_BASE_MS * 2 ** attempt * (0.5 + Math.random()));
    }
  }
}

/** Codes from 40000 on say that the request is at fault. */
function isRefusal(cause: unknown): boolean {
  return cause instanceof Error && /\(code = 4\d{4}\)/.test(cause.message);
}

const Mutation = z.object({ mutationId: z.string() });
const Matches = z.object({ matches: z.array(z.object({ id: z.string(), score: z.number() })) });
const Values = z.union([z.array(z.number()), z.instanceof(Float32Array), z.instanceof(Float64Array)]);
const Vectors = z.array(z.object({ id: z.string(), values: Values }));
/** The types call it a number; it is the id of a mutation. */
const IndexInfo = z.object({ processedUpToMutation: z.coerce.string() });

/** At most `upsertMax`. Answers with the mutation's id. */
export async function upsertInto(index: VectorizeBinding, vectors: VectorizeVector[]): Promise<string> {
  return callIndex(WRITE_PATIENCE, async () => Mutation.parse(await index.upsert(vectors)).mutationId);
}

/** At most `deleteMax`. Answers with the mutation's id. */
export async function removeFrom(index: VectorizeBinding, ids: string[]): Promise<string> {
  return callIndex(WRITE_PATIENCE, async () => Mutation.parse(await index.deleteByIds(ids)).mutationId);
}

export async function nearestIn(index: VectorizeBinding, vector: number[], options: VectorizeQueryOptions) {
  return callIndex(SEARCH_PATIENCE, async () => Matches.parse(await index.query(vector, options)).matches);
}

/** At most `getMax`. */
export async function fetchFrom(index: VectorizeBinding, ids: string[]) {
  return callIndex(SEARCH_PATIENCE, async () => Vectors.parse(await index.getByIds(ids)));
}

/** The last mutation that queries see; all that were taken before it are seen too. */
export async function processedUpTo(index: VectorizeBinding): Promise<string> {
  return callIndex(WRITE_PATIENCE, async () => IndexInfo.parse(await index.describe()).processedUpToMutation);
}

export function* slices<Item>(items: readonly Item[], size: number): Generator<Item[]> {
  for (let at = 0; at < items.length; at += size) yield items.slice(at, at + size);
}
