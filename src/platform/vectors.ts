/** Where vectors are kept and compared. The port; its adapters are beside it, and pass one suite (test/platform). */
import type { SQL } from "drizzle-orm";
import { type JobCtx, userIdOf } from "./context.ts";
import type { Permission } from "./db.ts";
import { PgVectorIndex } from "./vectors-pgvector.ts";
import type { ShardMap } from "./vectors-shards.ts";
import { VectorizeIndex } from "./vectors-vectorize.ts";

/** Vectors are compared within one collection and one vector space only. */
export interface VectorSpace {
  collection: number;
  /** `Embedder.id`. */
  embedder: string;
}

export interface StoredVector {
  /** Of the chunk. */
  id: string;
  vector: ArrayLike<number>;
}

export interface VectorMatch {
  id: string;
  /** The cosine, -1 to 1. */
  score: number;
}

export interface VectorIndexDescription {
  kind: "pgvector" | "vectorize";
  /** False where the database lacks pgvector: vectors are kept and `query` finds none. */
  isSearchable: boolean;
}

/**
 * One person's vectors. What was written is found and what was removed is not, from the moment the call has answered, in
 * every isolate. Throws what the database throws, and `VectorIndexError` for an index outside of it that persistently
 * fails or refuses.
 */
export interface VectorIndex {
  /** Adds vectors or puts them in the place of those with the same id, whose chunk must exist. Safe to repeat. */
  upsert(space: VectorSpace, vectors: readonly StoredVector[]): Promise<void>;
  /**
   * The nearest, the best first; likeness may be approximate. `where` is a condition on `chunk_vectors.chunk_id` that each
   * one found fulfils. The search for them is bounded: of what is rare among the nearest, fewer than `limit` may be found.
   */
  query(space: VectorSpace, vector: ArrayLike<number>, limit: number, where?: SQL): Promise<VectorMatch[]>;
  /** An id that is not there changes nothing. */
  delete(ids: readonly string[]): Promise<void>;
  /**
   * Passes on what went with its chunk, after a document or a version was deleted. Nothing depends on it: such vectors are
   * not found any more, and the schedule passes them on otherwise.
   */
  flush(): Promise<void>;
  describe(): Promise<VectorIndexDescription>;
}

export type VectorsConfig = { kind: "pgvector" } | { kind: "vectorize"; shards: ShardMap };

/** What of the context an index needs. */
export type VectorDoor = Pick<JobCtx, "db" | "config" | "tenantId" | "actor" | "log">;

/** The index of the person that `door` acts for. `permission` is that of the verb that searches or writes. */
export function openVectorIndex(door: VectorDoor, permission: Permission): VectorIndex {
  const { db, config, tenantId, log } = door;
  const place = { db, permission, userId: userIdOf(door), isolateKey: config.database };
  if (config.vectors.kind === "pgvector") return new PgVectorIndex(place);
  return new VectorizeIndex({ ...place, tenantId, log, shards: config.vectors.shards });
}
