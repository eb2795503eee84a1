import { type SQL, sql } from "drizzle-orm";
import type { Database, Permission } from "./db.ts";
import type {
  StoredVector,
  VectorIndex,
  VectorIndexDescription,
  VectorMatch,
  VectorSpace,
} from "./vectors.ts";

interface Door {
  db: Database;
  /** What the verb that searches or writes asks for. */
  permission: Permission;
  /** Whose rows new ones are. */
  userId: string;
}

/** Vectors beside the chunks they are of: row-level security keeps them apart, and a chunk takes its vector along. */
export class PgVectorIndex implements VectorIndex {
  readonly #door: Door;

  constructor(door: Door) {
    this.#door = door;
  }

  async upsert({ collection, embedder }: VectorSpace, vectors: readonly StoredVector[]): Promise<void> {
    if (vectors.length === 0) return;
    const { db, permission, userId } = this.#door;
    const type = await this.#columnType();
    const rows = vectors.map(
      ({ id, vector }) =>
        sql`(${id}::uuid, ${userId}::uuid, ${collection}::integer, ${embedder}, ${textOf(vector)}::${type})`,
    );
    await db.run(permission, (queries) => [
      queries.execute(sql`
        insert into chunk_vectors (chunk_id, user_id, collection, embedder, embedding)
        values ${sql.join(rows, sql`, `)}
        on conflict (chunk_id) do update set embedder = excluded.embedder, embedding = excluded.embedding`),
    ]);
  }

  async query(
    { collection, embedder }: VectorSpace,
    vector: ArrayLike<number>,
    limit: number,
    where: SQL = sql`true`,
  ): Promise<VectorMatch[]> {
    if (!(await this.describe()).isSearchable) return [];
    const { db, permission } = this.#door;
    const [{ rows }] = await db.run(permission, (queries) => [
      queries.execute<{ id: string; score: number }>(sql`
        select chunk_id as id, 1 - (embedding <=> ${textOf(vector)}::vector) as score
        from chunk_vectors
        where collection = ${collection}::integer and embedder = ${embedder} and ${where}
        order by embedding <=> ${textOf(vector)}::vector, chunk_id
        limit ${limit}::integer`),
    ]);
    return rows.map(({ id, score }) => ({ id, score: Number(score) }));
  }

  async delete(ids: readonly string[]): Promise<void> {
    const { db, permission } = this.#door;
    await db.run(permission, (queries) => [
      queries.execute(sql`delete from chunk_vectors where chunk_id = any (${`{${ids.join(",")}}`}::uuid[])`),
    ]);
  }

  async describe(): Promise<VectorIndexDescription> {
    const { db, permission } = this.#door;
    const [{ rows }] = await db.run(permission, (queries) => [
      queries.execute<{ known: boolean }>(sql`select to_regtype('vector') is not null as known`),
    ]);
    return { kind: "pgvector", isSearchable: rows[0]?.known === true };
  }

  async #columnType() {
    return (await this.describe()).isSearchable ? sql`vector` : sql`text`;
  }
}

/** As pgvector reads it, and as a database without pgvector keeps it. */
function textOf(vector: ArrayLike<number>): string {
  return `[${Array.from(vector).join(",")}]`;
}
