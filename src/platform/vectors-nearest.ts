/** The search for the nearest vectors of a space, in SQL. */
import { type SQL, sql } from "drizzle-orm";
import type { VectorSpace } from "./vectors.ts";
import { type Column, textOf } from "./vectors-ledger.ts";
import { signsOf } from "./vectors-signs.ts";

/** Of the graph's candidates, as many as are asked for twice: recall over the default's speed. */
const GRAPH_CANDIDATES = 200;
/**
 * Compared exactly, for each that is asked for. Of the nearest 10, 24 and 100 of 5,183 abstracts (SciFact, embedded
 * embedder), 99.7, 99.1 and 94.2 % are among the nearest 800 by sign.
 */
const SIGNED_CANDIDATES = 8;

/** To be run in the same transaction before. Filters apply after the graph was searched: it goes on until there are enough. */
export function searchSettings({ isIterative }: Column): SQL {
  if (!isIterative) return sql`select 1`;
  return sql`select set_config('hnsw.iterative_scan', 'strict_order', true),
    set_config('hnsw.ef_search', ${String(GRAPH_CANDIDATES)}, true)`;
}

/**
 * By the graph where the collection has one, else by signs, which an index holds together; what is near so is compared
 * exactly. `where` is on `chunk_vectors`. Dimensions and collection are written out, and the graph's conditions met: the
 * planner takes a graph only where they are its own.
 */
export function nearestOf(
  column: Column,
  space: VectorSpace,
  vector: ArrayLike<number>,
  limit: number,
  where = sql`true`,
): SQL {
  const type = sql.raw(`${column.type}(${vector.length})`);
  const distance = sql`embedding::${type} <=> (select vector from asked)`;
  return sql`
    with asked as materialized (select ${textOf(vector)}::${type} as vector),
    near as materialized (${column.type === "halfvec" ? candidates(space, vector, limit, where, distance) : all(space, where)})
    select id, 1 - distance as score from (
      select chunk_id as id, ${distance} as distance from chunk_vectors where chunk_id in (select chunk_id from near)
    ) as compared
    order by distance, id limit ${limit}::integer`;
}

function candidates(
  space: VectorSpace,
  vector: ArrayLike<number>,
  limit: number,
  where: SQL,
  distance: SQL,
): SQL {
  const signs = signsOf(vector);
  const bits = sql.raw(`bit(${signs.length})`);
  const isGraphed = sql`exists (select from pg_index join pg_class on pg_class.oid = indexrelid
    where relname = ${graphOf(space.collection)} and indisvalid)`;
  return sql`
    (select chunk_id from chunk_vectors
      where ${isOf(space)} and signs is not null and ${where} and not ${isGraphed}
      order by signs::${bits} <~> ${signs}::${bits} limit ${limit * SIGNED_CANDIDATES}::integer)
    union all
    select chunk_id from chunk_vectors
      where ${isOf(space)} and signs is null and embedding is not null and ${where} and not ${isGraphed}
    union all
    (select chunk_id from chunk_vectors
      where ${isOf(space)} and embedding is not null and ${where} and ${isGraphed}
      order by ${distance} limit ${limit}::integer)`;
}

/** pgvector before 0.7 knows neither half precision nor bits. */
function all(space: VectorSpace, where: SQL): SQL {
  return sql`select chunk_id from chunk_vectors where ${isOf(space)} and embedding is not null and ${where}`;
}

function isOf({ collection, embedder }: VectorSpace): SQL {
  return sql`collection = ${sql.raw(String(Math.trunc(collection)))} and embedder = ${embedder}`;
}

/** As db:index-vectors names it. */
function graphOf(collection: number): string {
  return `chunk_vectors_graph_${collection}`;
}
