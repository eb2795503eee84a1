import { type SQL, sql } from "drizzle-orm";
import type { Ctx } from "../../platform/context.ts";
import { allow } from "../auth/policy.ts";
import { BM25, CANDIDATES_MAX, EFFORT, type Effort, type Scored } from "./core/rank.ts";
import { queryTermsOf } from "./core/terms.ts";
import { arrayOf } from "./indexing.ts";
import { fieldsOf } from "./postings.ts";
import { chunks, documentVersions, postings, tokenCounts } from "./tables.ts";
import type { KnowledgeVault } from "./vault.ts";
import {
  hiddenChunks,
  isAmongFiltered,
  isPlaced,
  isShown,
  isVisibleUpload,
  type Visible,
} from "./visibility.ts";

const QUERY_TERMS_MAX = 32;

/**
 * BM25 over the keyed hashes, in the database: what leaves it are the best chunks only. How common words are is known
 * before they are read, so the rare ones choose the chunks and the common ones are read for these alone (see `EFFORT`).
 * What is visible is asked of chunks, not of postings: there are fewer.
 */
export async function byKeywords(
  ctx: Ctx,
  vault: KnowledgeVault,
  visible: Visible,
  query: string,
  allowed: Effort = EFFORT,
): Promise<Scored<string>[]> {
  // Those that rare words choose may be of other documents than are wanted.
  const effort = visible.filter ? { ...allowed, choosing: allowed.reading } : allowed;
  const words = queryTermsOf(query, QUERY_TERMS_MAX);
  if (words.length === 0) return [];
  const tokens = words.map((terms) => vault.index.tokens(terms));
  const places = tokens.flatMap((alternatives, word) => alternatives.map(() => word));
  const { saturation, lengthShare } = BM25;
  const number = sql`${visible.collection.number}::integer`;
  const [{ rows }] = await ctx.db.run(allow("collections", "search"), (queries) => [
    queries.execute<{ id: string; score: number }>(sql`
      with corpus as materialized (
        select greatest(1, sum(chunks))::float8 as size,
          greatest(1, sum(terms))::float8 / greatest(1, sum(chunks)) as length
        from ${documentVersions} where ${isVisibleUpload(visible)}
      ), asked as (
        select word, token from unnest(${arrayOf(places)}::integer[], ${arrayOf(tokens.flat())}::bigint[])
          as asked (word, token)
      ), counted as (
        select word, token, chunks, sum(chunks) over (partition by word) as count
        from asked join (${countsOf(visible, number)}) as counts using (token)
      ), rarity as materialized (
        select token, ${saturation * lengthShare}::float8 / length as slope,
          ${saturation + 1}::float8 * ln(1 + greatest(0, size - count + 0.5::float8) / (count + 0.5::float8)) as weight,
          dense_rank() over rarest_first = 1 as is_rarest, sum(chunks) over rarest_first as upto
        from counted cross join corpus
        window rarest_first as (order by count, word)
      ), scored as (
        select chunk, sum(score) as score
        from (${weighed(number, sql`is_rarest or upto <= ${effort.choosing}::integer`)}) as found group by chunk
      ), candidates as materialized (${candidatesOf(visible, effort)}
      ), best as (
        select chunk, sum(score) as score from (
          select chunk, score from candidates
          union all
          select chunk, score from (
            ${weighed(
              number,
              sql`not is_rarest and upto > ${effort.choosing}::integer and upto <= ${effort.reading}::integer`,
            )}
          ) as found where chunk in (select chunk from candidates)
        ) as added group by chunk order by score desc, chunk limit ${CANDIDATES_MAX}::integer
      )
      select ${chunks.id} as id, score from best join ${chunks} on ${chunks.number} = best.chunk
      order by score desc, chunk`),
  ]);
  return rows.map(({ id, score }) => ({ id, score: Number(score) }));
}

/**
 * The best of `scored`. In the newest version nearly all are visible: what is hidden is looked for among the best only,
 * since a collection may hide more than is worth a look before it is searched.
 */
function candidatesOf(visible: Visible, { candidates }: Effort): SQL {
  const ordered = (condition: SQL, limit: SQL) => sql`
    select chunk, score from scored where ${condition} and ${isAmongFiltered(visible, sql`scored.chunk`, "number")}
    order by score desc, chunk limit ${limit}`;
  const limit = sql`${candidates}::integer`;
  if (visible.version !== null) return ordered(isPlaced(visible, sql`scored.chunk`), limit);
  const isSomeHidden = sql`exists (select from ${hiddenChunks(visible)})`;
  return sql`
    select chunk, score
    from (${ordered(sql`true`, sql`case when ${isSomeHidden} then null else ${limit} end`)}) as ordered
    where not ${isSomeHidden} or ${isShown(sql`ordered.chunk`)}
    order by score desc, chunk limit ${limit}`;
}

/** What each posting adds to its chunk. @param which A condition on `rarity`. */
function weighed(collection: SQL, which: SQL): SQL {
  const { saturation, lengthShare } = BM25;
  const { chunk, frequency, length } = fieldsOf(sql`entry`);
  return sql`
    select ${chunk} as chunk,
      weight / (1 + (${saturation * (1 - lengthShare)}::float8 + slope * ${length}) / ${frequency}) as score
    from (
      select weight, slope, unnest(entries) as entry from rarity join ${postings} using (token)
      where collection = ${collection} and (${which})
    ) as entries`;
}

/** In how many visible chunks the tokens are: kept for the newest version, counted for another. */
function countsOf(visible: Visible, collection: SQL): SQL {
  if (visible.version === null) {
    return sql`select token, chunks from ${tokenCounts} where collection = ${collection}`;
  }
  const { chunk } = fieldsOf(sql`entry`);
  return sql`
    select token, count(*) as chunks
    from (
      select token, unnest(entries) as entry from ${postings}
      where collection = ${collection} and token in (select token from asked)
    ) as found
    where ${isPlaced(visible, chunk)} group by token`;
}
