import type { SQL } from "drizzle-orm";
import type { Logger } from "../lib/logger.ts";
import type {
  StoredVector,
  VectorIndex,
  VectorIndexDescription,
  VectorMatch,
  VectorSpace,
} from "./vectors.ts";
import {
  COLLECTION_FIELD,
  fetchFrom,
  nearestIn,
  removeFrom,
  slices,
  upsertInto,
  VECTORIZE,
  type VectorizeBinding,
} from "./vectors-binding.ts";
import {
  dropRemovals,
  keepRewritten,
  markAccepted,
  markRemoved,
  type Postgres,
  putVectors,
  selectOthers,
  selectRemovals,
  selectSettled,
} from "./vectors-ledger.ts";
import { nearestOf, searchSettings } from "./vectors-nearest.ts";
import { columnOf, matchOf, PgVectorIndex } from "./vectors-pgvector.ts";
import type { ShardMap } from "./vectors-shards.ts";

interface Door extends Postgres {
  tenantId: string;
  shards: ShardMap;
  log: Logger;
}

/** Removals that one call of `flush` passes on. */
const FLUSH_MAX = 1000;
/** When fewer of the nearest fulfil a condition, others that do are compared one by one, as many as this. */
const FEW = 10;
const SECOND_ROUND_MAX = 100;

interface IdRow extends Record<string, unknown> {
  id: string;
}

/**
 * Vectors in Cloudflare's index, one namespace a tenant. It holds ids, vectors and the number of the collection, and shows
 * a change only seconds later; until then the ledger in Postgres is what is searched (see `vectors-ledger`), which also has
 * the last word on which of the found ids still exist.
 */
export class VectorizeIndex implements VectorIndex {
  readonly #door: Door;
  readonly #inPostgres: PgVectorIndex;
  readonly #shard: string;

  constructor(door: Door) {
    this.#door = door;
    this.#inPostgres = new PgVectorIndex(door);
    this.#shard = door.shards.shardOf(door.tenantId);
  }

  async upsert(space: VectorSpace, vectors: readonly StoredVector[]): Promise<void> {
    const { type } = await columnOf(this.#door);
    for (const batch of slices(vectors, VECTORIZE.upsertMax)) {
      const sentAt = await this.#enter({ ...space, type, shard: this.#shard }, batch);
      const mutation = await upsertInto(
        this.#index,
        batch.map(({ id, vector }) => ({
          id,
          values: Array.from(vector),
          namespace: this.#door.tenantId,
          metadata: { [COLLECTION_FIELD]: space.collection },
        })),
      );
      const { db, permission } = this.#door;
      await db.run(permission, (queries) => [
        queries.execute(
          markAccepted(
            batch.map(({ id }) => id),
            sentAt,
            mutation,
          ),
        ),
      ]);
    }
  }

  async #enter(place: Parameters<typeof putVectors>[1], batch: readonly StoredVector[]): Promise<string> {
    const { db, permission } = this.#door;
    const [, { rows }] = await db.run(permission, (queries) => [
      queries.execute(dropRemovals(batch.map(({ id }) => id))),
      queries.execute<{ sent_at: string }>(putVectors(this.#door, place, batch)),
    ]);
    const [row] = rows;
    if (!row) throw new TypeError("The database did not say when it was written.");
    return row.sent_at;
  }

  async query(
    space: VectorSpace,
    vector: ArrayLike<number>,
    limit: number,
    where?: SQL,
  ): Promise<VectorMatch[]> {
    // What is filtered out afterwards needs others to take its place.
    const topK = where ? VECTORIZE.topKMax : Math.min(VECTORIZE.topKMax, 2 * limit);
    const matches = await nearestIn(this.#index, Array.from(vector), {
      topK,
      namespace: this.#door.tenantId,
      filter: { [COLLECTION_FIELD]: space.collection },
      returnMetadata: "none",
    });
    const { settled, recent } = await this.#known(
      space,
      vector,
      limit,
      matches.map(({ id }) => id),
      where,
    );
    const found = matches.filter(({ id }) => settled.has(id)).map(matchOf);
    if (where && matches.length >= topK && found.length + recent.length < Math.min(limit, FEW)) {
      found.push(...(await this.#others(space, vector, [...settled], where)));
    }
    return [...found, ...recent].sort((one, other) => other.score - one.score).slice(0, limit);
  }

  /** Of the ids that the index found, those that still stand; and the nearest of what it may not show yet. */
  async #known(
    space: VectorSpace,
    vector: ArrayLike<number>,
    limit: number,
    ids: readonly string[],
    where: SQL | undefined,
  ) {
    const { db, permission } = this.#door;
    const column = await columnOf(this.#door);
    const [settled, , recent] = await db.run(permission, (queries) => [
      queries.execute<IdRow>(selectSettled(space, ids, where)),
      queries.execute(searchSettings(column)),
      queries.execute<{ id: string; score: number }>(nearestOf(column, space, vector, limit, where)),
    ]);
    return { settled: new Set(settled.rows.map(({ id }) => id)), recent: recent.rows.map(matchOf) };
  }

  /** The second and last round: vectors of what fulfils the condition are fetched and compared here. */
  async #others(
    space: VectorSpace,
    vector: ArrayLike<number>,
    found: readonly string[],
    where: SQL,
  ): Promise<VectorMatch[]> {
    const { db, permission } = this.#door;
    const [{ rows }] = await db.run(permission, (queries) => [
      queries.execute<IdRow>(selectOthers(space, found, where, SECOND_ROUND_MAX)),
    ]);
    const ids = rows.map(({ id }) => id);
    const fetched = await Promise.all(
      [...slices(ids, VECTORIZE.getMax)].map((some) => fetchFrom(this.#index, some)),
    );
    return fetched.flat().map(({ id, values }) => ({ id, score: cosine(vector, values) }));
  }

  async delete(ids: readonly string[]): Promise<void> {
    await this.#inPostgres.delete(ids);
    await this.flush();
  }

  async flush(): Promise<void> {
    const { db, permission, shards, log } = this.#door;
    const [{ rows }] = await db.run(permission, (queries) => [
      queries.execute<{ id: string; shard: string; at: string }>(selectRemovals(FLUSH_MAX)),
    ]);
    try {
      for (const [shard, removals] of Map.groupBy(rows, (row) => row.shard)) {
        for (const batch of slices(removals, VECTORIZE.deleteMax)) {
          const ids = batch.map(({ id }) => id);
          const mutation = await removeFrom(shards.index(shard), ids);
          const at = batch[0]?.at ?? "";
          await db.run(permission, (queries) => [
            queries.execute(markRemoved(ids, at, mutation)),
            queries.execute(keepRewritten(ids)),
          ]);
        }
      }
    } catch (cause) {
      // They are out of sight already; the schedule tells the index.
      log.warn({ event: "vectors.removal_postponed", count: rows.length }, cause);
    }
  }

  async describe(): Promise<VectorIndexDescription> {
    return { kind: "vectorize", isSearchable: true };
  }

  get #index(): VectorizeBinding {
    return this.#door.shards.index(this.#shard);
  }
}

function cosine(one: ArrayLike<number>, other: ArrayLike<number>): number {
  let [product, length, otherLength] = [0, 0, 0];
  for (let at = 0; at < one.length; at++) {
    const [a = 0, b = 0] = [one[at], other[at]];
    product += a * b;
    length += a * a;
    otherLength += b * b;
  }
  return product / Math.sqrt(length * otherLength || 1);
}
