/**
 * The blind index in the database. A posting is one number of 64 bits, and up to some dozens of one token share a row, a
 * block: a row of its own would take ten times as much. All that write here hold the collection's row (`lockCollection`),
 * so that the numbers of chunks ascend from block to block.
 */
import { type SQL, sql } from "drizzle-orm";
import type { Queries } from "../../platform/db.ts";
import { chunks, postings, tokenCounts } from "./tables.ts";

/** A token's last block is added to until it has as many. */
const BLOCK_ENTRIES = 64;

/** The bits of an entry, from the lowest: terms of the chunk, how often it has this one, the chunk's number. */
const LENGTH_BITS = 16;
const FREQUENCY_BITS = 12;
const LENGTH_MAX = 2 ** LENGTH_BITS - 1;
const FREQUENCY_MAX = 2 ** FREQUENCY_BITS - 1;
/** Below the chunk's number. */
export const USE_BITS = LENGTH_BITS + FREQUENCY_BITS;

/** An entry without its chunk, for `appendPostings`. Chunks are far too short to reach the limits. */
export function useOf(frequency: number, length: number): number {
  return Math.min(frequency, FREQUENCY_MAX) * 2 ** LENGTH_BITS + Math.min(length, LENGTH_MAX);
}

/** What an entry says. */
export function fieldsOf(entry: SQL): Record<"chunk" | "frequency" | "length", SQL> {
  return {
    chunk: sql`(${entry} >> ${sql.raw(`${USE_BITS}`)})`,
    frequency: sql`((${entry} >> ${sql.raw(`${LENGTH_BITS}`)}) & ${sql.raw(`${FREQUENCY_MAX}`)})`,
    length: sql`(${entry} & ${sql.raw(`${LENGTH_MAX}`)})`,
  };
}

/** @param made A query for `number`, `token` and `use` (see `useOf`) of chunks that are new. */
export function appendPostings(collection: number, made: SQL): SQL {
  return sql`
    insert into ${postings} (collection, token, block, entries)
    select ${collection}::integer, made.token, coalesce(last.block, 0), made.entries
    from (
      select token, array_agg((number << ${sql.raw(`${USE_BITS}`)}) | use order by number) as entries
      from (${made}) as each group by token
    ) as made
    left join lateral (
      select block + (cardinality(entries) >= ${BLOCK_ENTRIES}::integer)::integer as block from ${postings}
      where collection = ${collection}::integer and ${postings.token} = made.token
      order by ${postings.block} desc limit 1
    ) as last on true
    on conflict (collection, token, block) do update set entries = ${postings.entries} || excluded.entries`;
}

/**
 * To go with every change of what the newest version has.
 * @param changed `collection`, `tokens` and `hidden`, as it is now, of the chunks whose `hidden` has changed.
 */
export function recount(changed: SQL): SQL {
  return sql`
    insert into ${tokenCounts} (collection, token, chunks)
    select collection, token, sum(case when hidden then -1 else 1 end)
    from ${changed} cross join unnest(tokens) as token
    group by collection, token having sum(case when hidden then -1 else 1 end) <> 0
    on conflict (collection, token) do update set chunks = ${tokenCounts.chunks} + excluded.chunks`;
}

/** Before the chunks themselves go. @param leaving A condition on `chunks`. */
export function removePostings(queries: Queries, leaving: SQL) {
  const { chunk } = fieldsOf(sql`entry`);
  const { entries } = postings;
  const first = fieldsOf(sql`${entries}[1]`).chunk;
  const last = fieldsOf(sql`${entries}[cardinality(${entries})]`).chunk;
  return queries.execute(sql`
    with leaving as materialized (
      select collection, number, hidden, tokens from ${chunks} where ${leaving}
    ), used as materialized (
      select collection, token, count(*) filter (where not hidden) as shown, min(number) as first, max(number) as last
      from leaving cross join unnest(tokens) as token group by collection, token
    ), remaining as materialized (
      select collection, token, block, rest.entries
      from used join ${postings} using (collection, token) cross join lateral (
        select array(
          select entry from unnest(${entries}) as entry where ${chunk} not in (select number from leaving)
        ) as entries
        offset 0
      ) as rest
      where ${first} <= last and ${last} >= first and cardinality(rest.entries) < cardinality(${entries})
    ), emptied as (
      delete from ${postings} using remaining
      where ${isRow(postings, sql`remaining`)} and ${postings.block} = remaining.block and remaining.entries = '{}'
    ), shrunk as (
      update ${postings} set entries = remaining.entries from remaining
      where ${isRow(postings, sql`remaining`)} and ${postings.block} = remaining.block and remaining.entries <> '{}'
    ), forgotten as (
      delete from ${tokenCounts} using used where ${isRow(tokenCounts, sql`used`)} and chunks <= shown
    )
    update ${tokenCounts} set chunks = chunks - shown from used
    where ${isRow(tokenCounts, sql`used`)} and shown > 0 and chunks > shown`);
}

function isRow(table: typeof postings | typeof tokenCounts, other: SQL): SQL {
  return sql`${table.collection} = ${other}.collection and ${table.token} = ${other}.token`;
}
