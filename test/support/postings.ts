/** The blind index as a test reads it, with the layout of its entries written down a second time. */

/** `collection`, `token`, `chunk`, `frequency` and `length`, a row for each. */
export const EACH_POSTING = `(
  select collection, token, entry >> 28 as chunk, (entry >> 16) & 4095 as frequency, entry & 65535 as length
  from postings cross join unnest(entries) as entry)`;

export interface IndexMistakes extends Record<string, unknown> {
  /** Postings that are there without a chunk that has them, or the other way around. */
  unmatched: number;
  /** Tokens whose count is not that of the chunks which are seen. */
  miscounted: number;
  /** Blocks that are empty, or out of order. */
  disordered: number;
}

export const NO_MISTAKES: IndexMistakes = { unmatched: 0, miscounted: 0, disordered: 0 };

/** A query for them. @param which A condition on `collections`. */
export function indexMistakes(which: string): string {
  const isAsked = `collection in (select number from collections where ${which})`;
  return `
    with made as (
      select collection, number as chunk, hidden, token from chunks cross join unnest(tokens) as token where ${isAsked}
    ), kept as (
      select collection, chunk, token from ${EACH_POSTING} as each where ${isAsked}
    ), seen as (
      select collection, token, count(*) as chunks from made where not hidden group by collection, token
    ), known as (
      select collection, token, chunks from token_counts where ${isAsked}
    ), blocks as (
      select entries[1] as first, cardinality(entries) as size,
        lag(entries[cardinality(entries)]) over (partition by collection, token order by block) as before,
        entries = (select array_agg(entry order by entry) from unnest(entries) as entry) as ascends
      from postings where ${isAsked}
    )
    select
      (select count(*)::integer from made full join kept using (collection, chunk, token)
        where made.token is null or kept.token is null) as unmatched,
      (select count(*)::integer from seen full join known using (collection, token)
        where coalesce(seen.chunks, 0) <> coalesce(known.chunks, 0)) as miscounted,
      (select count(*)::integer from blocks where size = 0 or not ascends or before >= first) as disordered`;
}
