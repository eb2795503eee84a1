/**
 * Stands in for a Vectorize index (V2), which the local runtime does not have. It keeps the documented limits
 * (https://developers.cloudflare.com/vectorize/platform/limits/) and refuses as the real one does, by a code in the text;
 * changes are taken at once and shown when the test says so, in the order they were taken.
 */
import type { VectorizeBinding } from "../../src/platform/vectors-binding.ts";

interface Options {
  dimensions: number;
  /** Properties that queries may filter by; what was written before a property was indexed is not found by it. */
  metadataIndexes?: string[];
  namespacesMax?: number;
}

interface Kept {
  values: Float32Array;
  namespace: string;
  metadata: Record<string, unknown>;
  /** What a filter sees. */
  indexed: Record<string, unknown>;
}

type Mutation = { id: string } & (
  | { kind: "upsert"; vectors: Map<string, Kept> }
  | { kind: "delete"; ids: string[] }
);

const encoder = new TextEncoder();

export class VectorizeStandIn implements VectorizeBinding {
  readonly #options: Required<Options>;
  readonly #waiting: Mutation[] = [];
  #shown = new Map<string, Kept>();
  #processedUpTo = "";
  #failures: Error[] = [];
  /** Names of the calls, in order. */
  readonly calls: string[] = [];

  constructor({ dimensions, metadataIndexes = [], namespacesMax = 50_000 }: Options) {
    this.#options = { dimensions, metadataIndexes, namespacesMax };
  }

  /** The next calls fail with these, one each, before they do anything. */
  failWith(...failures: Error[]): void {
    this.#failures.push(...failures);
  }

  /** Shows the oldest of what was taken; all of it unless told how much. */
  show(count = Number.POSITIVE_INFINITY): void {
    for (const mutation of this.#waiting.splice(0, count)) {
      if (mutation.kind === "upsert") for (const [id, kept] of mutation.vectors) this.#shown.set(id, kept);
      else for (const id of mutation.ids) this.#shown.delete(id);
      this.#processedUpTo = mutation.id;
    }
  }

  /** Ids that a query could find, and what is kept beside them. */
  get contents(): { id: string; namespace: string; metadata: Record<string, unknown> }[] {
    return [...this.#shown].map(([id, { namespace, metadata }]) => ({ id, namespace, metadata }));
  }

  async upsert(vectors: VectorizeVector[]): Promise<VectorizeAsyncMutation> {
    await this.#begin("upsert");
    if (vectors.length > 1000)
      throw refusal("UPSERT", 40008, `max vector count is 1000, got ${vectors.length}`);
    const taken = new Map(vectors.map((vector) => [vector.id, this.#checked(vector)]));
    const namespaces = new Set([...this.#everything(), ...taken].map(([, { namespace }]) => namespace));
    if (namespaces.size > this.#options.namespacesMax) throw refusal("UPSERT", 40012, "too many namespaces");
    return this.#take({ id: crypto.randomUUID(), kind: "upsert", vectors: taken });
  }

  async deleteByIds(ids: string[]): Promise<VectorizeAsyncMutation> {
    await this.#begin("deleteByIds");
    checkCount("DELETE", ids, 100);
    return this.#take({ id: crypto.randomUUID(), kind: "delete", ids: [...ids] });
  }

  async query(
    vector: VectorFloatArray | number[],
    options: VectorizeQueryOptions = {},
  ): Promise<VectorizeMatches> {
    await this.#begin("query");
    const { topK = 5, namespace, filter, returnValues = false, returnMetadata = "none" } = options;
    const topKMax = returnValues || returnMetadata === "all" || returnMetadata === true ? 50 : 100;
    if (topK > topKMax) throw refusal("QUERY", 40025, `max top K is ${topKMax}, but got ${topK}`);
    this.#checkDimensions("QUERY", vector.length);
    if (filter) checkFilter(filter);
    const asked = Float32Array.from(vector);
    const matches = [...this.#shown]
      .filter(([, kept]) => namespace === undefined || kept.namespace === namespace)
      .filter(([, kept]) => fits(kept.indexed, filter))
      .map(([id, kept]) => ({ id, score: cosine(asked, kept.values), namespace: kept.namespace, kept }))
      .sort((one, other) => other.score - one.score)
      .slice(0, topK)
      .map(({ kept, ...match }) => ({
        ...match,
        ...(returnValues && { values: Array.from(kept.values) }),
        ...(returnMetadata === "all" && {
          metadata: structuredClone(kept.metadata) as VectorizeVector["metadata"],
        }),
      }));
    return { count: matches.length, matches } as VectorizeMatches;
  }

  async getByIds(ids: string[]): Promise<VectorizeVector[]> {
    await this.#begin("getByIds");
    checkCount("GET", ids, 20);
    return ids.flatMap((id) => {
      const kept = this.#shown.get(id);
      return kept ? [{ id, values: Array.from(kept.values), namespace: kept.namespace }] : [];
    });
  }

  async describe(): Promise<VectorizeIndexInfo> {
    await this.#begin("describe");
    const info = {
      vectorCount: this.#shown.size,
      dimensions: this.#options.dimensions,
      processedUpToDatetime: new Date().toISOString(),
      processedUpToMutation: this.#processedUpTo,
    };
    // The types say number of both; the service sends text.
    return info as unknown as VectorizeIndexInfo;
  }

  async #begin(name: string): Promise<void> {
    this.calls.push(name);
    const failure = this.#failures.shift();
    if (failure) throw failure;
  }

  #take(mutation: Mutation): VectorizeAsyncMutation {
    this.#waiting.push(mutation);
    return { mutationId: mutation.id };
  }

  #everything(): [string, Kept][] {
    return [
      ...this.#shown,
      ...this.#waiting.flatMap((each) => (each.kind === "upsert" ? [...each.vectors] : [])),
    ];
  }

  #checked({ id, values, namespace = "", metadata = {} }: VectorizeVector): Kept {
    this.#checkDimensions("UPSERT", values.length);
    checkBytes(id, 64, "vector id");
    checkBytes(namespace, 64, "namespace");
    checkBytes(JSON.stringify(metadata), 10 * 1024, "metadata");
    const keys = Object.keys(metadata);
    if (keys.some((key) => key === "" || key.startsWith("$") || /[."]/.test(key))) {
      throw refusal("UPSERT", 40003, "a metadata key is not allowed");
    }
    const { metadataIndexes } = this.#options;
    const indexed = Object.fromEntries(
      Object.entries(metadata).filter(([key]) => metadataIndexes.includes(key)),
    );
    return { values: Float32Array.from(values), namespace, metadata: structuredClone(metadata), indexed };
  }

  #checkDimensions(operation: string, found: number): void {
    const { dimensions } = this.#options;
    if (found === dimensions) return;
    throw refusal(
      operation,
      40006,
      `invalid vector, expected ${dimensions} dimensions, and got ${found} dimensions`,
    );
  }
}

function refusal(operation: string, code: number, reason: string): Error {
  return new Error(`VECTOR_${operation}_ERROR (code = ${code}): ${reason}`);
}

function checkCount(operation: string, ids: readonly string[], max: number): void {
  if (ids.length <= max) return;
  throw refusal(operation, 40007, `too many ids in payload; max id count is ${max}, got ${ids.length}`);
}

function checkBytes(text: string, max: number, what: string): void {
  const { length } = encoder.encode(text);
  if (length > max)
    throw refusal("UPSERT", 40004, `${what} too long; max is ${max} bytes, got ${length} bytes`);
}

function checkFilter(filter: VectorizeVectorMetadataFilter): void {
  const text = JSON.stringify(filter);
  if (text === "{}" || encoder.encode(text).length >= 2048) throw refusal("QUERY", 40024, "invalid filter");
}

/** Equality is all that is asked for here. A property without an index matches nothing. */
function fits(indexed: Record<string, unknown>, filter: VectorizeVectorMetadataFilter | undefined): boolean {
  return Object.entries(filter ?? {}).every(([key, value]) => key in indexed && indexed[key] === value);
}

function cosine(one: Float32Array, other: Float32Array): number {
  let [product, length, otherLength] = [0, 0, 0];
  one.forEach((value, at) => {
    product += value * other[at]!;
    length += value * value;
    otherLength += other[at]! * other[at]!;
  });
  // Scores are approximate unless values are asked for.
  return Math.fround(product / Math.sqrt(length * otherLength));
}
