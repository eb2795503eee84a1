/** The blind index of chats, written by the very statement that writes what it is about. */
import { type SQL, type SQLWrapper, sql } from "drizzle-orm";
import type { IndexedText } from "../../platform/blind-index.ts";
import { type Ctx, userIdOf } from "../../platform/context.ts";
import type { Queries } from "../../platform/db.ts";
import { type AuditEntry, recordOf } from "../users/service.ts";
import { chatTerms } from "./tables.ts";

/** Of a document that is out of sight. */
export const NO_TERMS: IndexedText = { postings: [], length: 0 };

/** The chat of the written row, by what the change returns. */
export const CHAT_OF_MESSAGE = sql`written.chat_id`;
export const CHAT_ITSELF = sql`written.id`;

/**
 * Makes a change to at most one title or message and gives it these terms in place of any it had; a change that touches no
 * row leaves the index alone. What exists must have been locked by an earlier statement of the transaction: only then does
 * this one see the terms of a change that it waited for. `change` must return `id`, and a message's its `chat_id`: so do
 * the rows of the answer. A change that matters brings the entry that records it.
 */
export function indexed(
  queries: Queries,
  ctx: Ctx,
  change: SQLWrapper,
  text: IndexedText,
  chatId: SQL,
  entry?: AuditEntry,
) {
  const recorded = entry ? sql`, recorded as (${recordOf(ctx, entry, sql`written`)})` : sql.empty();
  const tokens = sql`${arrayText(text.postings.map(({ token }) => token))}::bigint[]`;
  const frequencies = sql`${arrayText(text.postings.map(({ frequency }) => frequency))}::integer[]`;
  return queries.execute<{ id: string; chat_id?: string }>(sql`
    with written as (${change.getSQL()}), dropped as (
      delete from ${chatTerms} using written
      where ${chatTerms.chatId} = ${chatId} and document_id = written.id and token <> all (${tokens})
    ), added as (
      insert into ${chatTerms} (user_id, chat_id, document_id, token, frequency, length)
      select ${userIdOf(ctx)}::uuid, ${chatId}, written.id, term.token, term.frequency, ${text.length}::integer
      from written cross join unnest(${tokens}, ${frequencies}) as term (token, frequency)
      on conflict (token, document_id) do update set frequency = excluded.frequency, length = excluded.length
    )${recorded}
    select * from written`);
}

/** One parameter for any number of values. */
export function arrayText(values: readonly (bigint | number)[]): string {
  return `{${values.join(",")}}`;
}
