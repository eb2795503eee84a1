import { type SQL, sql } from "drizzle-orm";
import type {
  StoredVector,
  VectorIndex,
  VectorIndexDescription,
  VectorMatch,
  VectorSpace,
} from "./vectors.ts";
import { arrayOf, type Column, type Postgres, putVectors } from "./vectors-ledger.ts";
import { nearestOf, searchSettings } from "./vectors-nearest.ts";

/** It changes with a migration only: asked for once an isolate, and again while there is no pgvector. */
const columns = new WeakMap<object, Column>();

/**
 * Vectors beside the chunks they are of: row-level security keeps them apart, and a chunk takes its vector along. Likeness
 * is computed exactly, for what is near by sign, or by the graph (HNSW) where `npm run db:index-vectors` has made one.
 */
export class PgVectorIndex implements VectorIndex {
  readonly #door: Postgres;

  constructor(door: Postgres) {
    this.#door = door;
  }

  async upsert(space: VectorSpace, vectors: readonly StoredVector[]): Promise<void> {
    if (vectors.length === 0) return;
    const { db, permission } = this.#door;
    const { type } = await columnOf(this.#door);
    await db.run(permission, (queries) => [
      queries.execute(putVectors(this.#door, { ...space, type, shard: null }, vectors)),
    ]);
  }

  async query(
    space: VectorSpace,
    vector: ArrayLike<number>,
    limit: number,
    where?: SQL,
  ): Promise<VectorMatch[]> {
    const column = await columnOf(this.#door);
    if (column.type === "text") return [];
    const { db, permission } = this.#door;
    const [, { rows }] = await db.run(permission, (queries) => [
      queries.execute(searchSettings(column)),
      queries.execute<{ id: string; score: number }>(nearestOf(column, space, vector, limit, where)),
    ]);
    return rows.map(matchOf);
  }

  async delete(ids: readonly string[]): Promise<void> {
    const { db, permission } = this.#door;
    await db.run(permission, (queries) => [
      queries.execute(sql`delete from chunk_vectors where chunk_id = any (${arrayOf(ids)}::uuid[])`),
    ]);
  }

  async flush(): Promise<void> {}

  async describe(): Promise<VectorIndexDescription> {
    return { kind: "pgvector", isSearchable: (await columnOf(this.#door)).type !== "text" };
  }
}

export async function columnOf({
  db,
  permission,
  isolateKey,
}: Pick<Postgres, "db" | "permission" | "isolateKey">): Promise<Column> {
  const known = columns.get(isolateKey);
  if (known) return known;
  const [{ rows }] = await db.run(permission, (queries) => [
    queries.execute<{ type: Column["type"]; version: string | null }>(sql`
      select format_type(atttypid, null) as type,
        (select extversion from pg_extension where extname = 'vector') as version
      from pg_attribute where attrelid = 'chunk_vectors'::regclass and attname = 'embedding'`),
  ]);
  const { type = "text", version = null } = rows[0] ?? {};
  const column = { type, isIterative: type !== "text" && isAtLeast(version ?? "0", 0, 8) };
  if (type !== "text") columns.set(isolateKey, column);
  return column;
}

export function matchOf({ id, score }: { id: string; score: number }): VectorMatch {
  return { id, score: Number(score) };
}

function isAtLeast(version: string, major: number, minor: number): boolean {
  const [one = 0, two = 0] = version.split(".").map(Number);
  return one > major || (one === major && two >= minor);
}
