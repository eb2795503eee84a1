import { type SQL, sql } from "drizzle-orm";
import type { Ctx } from "../../platform/context.ts";
import { allow } from "../auth/policy.ts";
import { BM25, CANDIDATES_MAX, COMMON, type Scored } from "./core/rank.ts";
import { queryTermsOf } from "./core/terms.ts";
import { arrayOf } from "./indexing.ts";
import { fieldsOf } from "./postings.ts";
import { chunks, documentVersions, postings, tokenCounts } from "./tables.ts";
import type { KnowledgeVault } from "./vault.ts";
import { isAmongFiltered, isVisibleChunk, isVisibleUpload, type Visible } from "./visibility.ts";

const QUERY_TERMS_MAX = 32;

/**
 * BM25 over the keyed hashes, in the database: what leaves it are the best chunks only. Words that are too common are known
 * before they are read. What is visible is asked of chunks, not of postings: there are fewer.
 */
export async function byKeywords(
  ctx: Ctx,
  vault: KnowledgeVault,
  visible: Visible,
  query: string,
): Promise<Scored<string>[]> {
  const words = queryTermsOf(query, QUERY_TERMS_MAX);
  if (words.length === 0) return [];
  const tokens = words.map((terms) => vault.index.tokens(terms));
  const places = tokens.flatMap((alternatives, word) => alternatives.map(() => word));
  const { saturation, lengthShare } = BM25;
  const number = sql`${visible.collection.number}::integer`;
  const { chunk, frequency, length } = fieldsOf(sql`entry`);
  const column = sql`scored.chunk`;
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
        select token, sum(chunks) over (partition by word) as count
        from asked join (${countsOf(visible, number)}) as counts using (token)
      ), rarity as materialized (
        select token, ${saturation * lengthShare}::float8 / length as slope,
          ${saturation + 1}::float8 * ln(1 + greatest(0, size - count + 0.5::float8) / (count + 0.5::float8)) as weight
        from counted cross join corpus
        where not (count > ${COMMON.chunks}::integer and count > ${COMMON.share}::float8 * size)
      ), scored as (
        select ${chunk} as chunk,
          sum(weight / (1 + (${saturation * (1 - lengthShare)}::float8 + slope * ${length}) / ${frequency})) as score
        from (
          select weight, slope, unnest(entries) as entry from rarity join ${postings} using (token)
          where collection = ${number}
        ) as found
        group by 1
      ), best as (
        select chunk, score from scored
        where ${isVisibleChunk(visible, column, "number")} and ${isAmongFiltered(visible, column, "number")}
        order by score desc, chunk limit ${CANDIDATES_MAX}::integer
      )
      select ${chunks.id} as id, score from best join ${chunks} on ${chunks.number} = best.chunk
      order by score desc, chunk`),
  ]);
  return rows.map(({ id, score }) => ({ id, score: Number(score) }));
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
    where ${isVisibleChunk(visible, chunk, "number")} group by token`;
}
