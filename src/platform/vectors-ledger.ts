/**
 * What Postgres knows of vectors, wherever they are compared: a row of `chunk_vectors` for each chunk that has one. Its
 * `embedding` is null once an index outside has it for certain; until then it is compared here, so that what was written is
 * found at once. A row that goes, with its chunk or alone, leaves its id in `vector_removals` for that index.
 */
import { type SQL, sql } from "drizzle-orm";
import type { Database, Permission } from "./db.ts";
import type { StoredVector, VectorSpace } from "./vectors.ts";
import { signsOf } from "./vectors-signs.ts";

/** The door to one person's rows. */
export interface Postgres {
  db: Database;
  permission: Permission;
  /** Whose rows new ones are. */
  userId: string;
  /** Stands for the database: what is true of it for as long as the isolate lives is kept by this. */
  isolateKey: object;
}

/** How the database keeps a vector. */
export interface Column {
  /** `text` where it lacks pgvector. */
  type: "halfvec" | "vector" | "text";
  /** Whether an approximate search goes on until it has found enough that the conditions let through. */
  isIterative: boolean;
}

interface Place extends VectorSpace, Pick<Column, "type"> {
  /** The index outside; null for none. */
  shard: string | null;
}

/** Answers with `sent_at`, the moment that names this write. */
export function putVectors(
  { userId }: Postgres,
  { collection, embedder, type, shard }: Place,
  vectors: readonly StoredVector[],
): SQL {
  const rows = vectors.map(
    ({ id, vector }) =>
      sql`(${id}::uuid, ${userId}::uuid, ${collection}::integer, ${embedder}, ${textOf(vector)}::${sql.raw(type)},
        ${type === "halfvec" ? signsOf(vector) : null}::bit varying, ${shard}, case when ${shard}::text is not null then now() end)`,
  );
  return sql`
    insert into chunk_vectors (chunk_id, user_id, collection, embedder, embedding, signs, shard, sent_at)
    values ${sql.join(rows, sql`, `)}
    on conflict (chunk_id) do update set collection = excluded.collection, embedder = excluded.embedder,
      embedding = excluded.embedding, signs = excluded.signs, shard = excluded.shard, sent_at = excluded.sent_at, mutation = null,
      accepted_at = null
    returning sent_at::text as sent_at`;
}

/** The index outside has taken what was written at `sentAt`, and will show it some time. */
export function markAccepted(ids: readonly string[], sentAt: string, mutation: string): SQL {
  return sql`update chunk_vectors set mutation = ${mutation}, accepted_at = now()
    where chunk_id = any (${arrayOf(ids)}::uuid[]) and sent_at = ${sentAt}::timestamptz`;
}

/** Of these ids, those that the index outside alone may speak for. */
export function selectSettled(
  { collection, embedder }: VectorSpace,
  ids: readonly string[],
  where?: SQL,
): SQL {
  return sql`select chunk_id as id from chunk_vectors
    where chunk_id = any (${arrayOf(ids)}::uuid[]) and collection = ${collection}::integer
      and embedder = ${embedder} and embedding is null ${where ? sql`and ${where}` : sql``}`;
}

/** Some that fulfil a condition and are in the index outside, but for those that were found already. */
export function selectOthers(
  { collection, embedder }: VectorSpace,
  found: readonly string[],
  where: SQL,
  limit: number,
): SQL {
  return sql`select chunk_id as id from chunk_vectors
    where collection = ${collection}::integer and embedder = ${embedder} and embedding is null
      and ${where} and chunk_id <> all (${arrayOf(found)}::uuid[])
    limit ${limit}::integer`;
}

/** Not yet passed on; `at` is the moment that their passing on is named by. */
export function selectRemovals(limit: number): SQL {
  return sql`select chunk_id as id, shard, now()::text as at from vector_removals
    where accepted_at is null order by requested_at limit ${limit}::integer`;
}

export function markRemoved(ids: readonly string[], sentAt: string, mutation: string): SQL {
  return sql`update vector_removals set mutation = ${mutation}, sent_at = ${sentAt}::timestamptz, accepted_at = now()
    where chunk_id = any (${arrayOf(ids)}::uuid[])`;
}

/** What was written while its removal was under way may be gone from the index outside: it stays to be compared here. */
export function keepRewritten(ids: readonly string[]): SQL {
  return sql`update chunk_vectors set mutation = null, sent_at = null, accepted_at = null
    where chunk_id = any (${arrayOf(ids)}::uuid[]) and sent_at is not null`;
}

/** An id that is written again is not to be removed any more. */
export function dropRemovals(ids: readonly string[]): SQL {
  return sql`delete from vector_removals where chunk_id = any (${arrayOf(ids)}::uuid[])`;
}

/** One parameter for any number of ids. */
export function arrayOf(ids: readonly string[]): string {
  return `{${ids.join(",")}}`;
}

/** As pgvector reads it, and as a database without pgvector keeps it. */
export function textOf(vector: ArrayLike<number>): string {
  return `[${Array.from(vector).join(",")}]`;
}
