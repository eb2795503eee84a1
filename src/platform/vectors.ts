/** Where vectors are kept and compared. The port; its adapter for pgvector is beside it. */

import type { SQL } from "drizzle-orm";

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
  kind: "pgvector";
  /** False where the database lacks pgvector: vectors are kept and `query` finds none. */
  isSearchable: boolean;
}

export interface VectorIndex {
  /** Adds vectors or puts them in the place of those with the same id. Safe to repeat. */
  upsert(space: VectorSpace, vectors: readonly StoredVector[]): Promise<void>;
  /**
   * The nearest, the best first. `where`, a condition on `chunk_vectors.chunk_id`, is for indexes in the same database:
   * others give their nearest of all, and the caller leaves out what does not fit.
   */
  query(space: VectorSpace, vector: ArrayLike<number>, limit: number, where?: SQL): Promise<VectorMatch[]>;
  /** An id that is not there changes nothing. */
  delete(ids: readonly string[]): Promise<void>;
  describe(): Promise<VectorIndexDescription>;
}
