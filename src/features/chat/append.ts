import { and, eq, exists, isNull, sql } from "drizzle-orm";
import type { IndexedText } from "../../platform/blind-index.ts";
import { type Ctx, userIdOf } from "../../platform/context.ts";
import type { Queries } from "../../platform/db.ts";
import type { TurnStatus, TurnUsage } from "../hub/protocol.ts";
import { chats, messages } from "./tables.ts";
import { CHAT_OF_MESSAGE, indexed } from "./terms.ts";

export interface NewMessage {
  id: string;
  role: "user" | "assistant";
  /** Sealed for this id. */
  content: Uint8Array;
  /** Of the content. */
  terms: IndexedText;
  createdAt: Date;
  requestId?: string;
  status?: TurnStatus;
  usage?: TurnUsage;
}

interface Place {
  chatId: string;
  /** Refuses a deleted chat. */
  live: boolean;
}

/**
 * Makes room for messages at the end of the user's chat, unless the first of them exists already. Its row lock, held to
 * the end of the transaction, gives messages that are added at the same time different numbers.
 */
export function makeRoom(
  queries: Queries,
  ctx: Ctx,
  place: Place,
  list: readonly [NewMessage, ...NewMessage[]],
) {
  const [first] = list;
  const newest = (list.at(-1) ?? first).createdAt.toISOString();
  const known = queries.select({ id: messages.id }).from(messages).where(eq(messages.id, first.id));
  return queries
    .update(chats)
    .set({
      lastSeq: sql`case when ${exists(known)} then ${chats.lastSeq} else ${chats.lastSeq} + ${list.length}::integer end`,
      updatedAt: sql`greatest(${chats.updatedAt}, ${newest}::timestamptz)`,
    })
    .where(chatAt(ctx, place));
}

/** Puts a message into room that was made: `back` places before the end. Does nothing where none was, or twice. */
export function insertMessage(queries: Queries, ctx: Ctx, place: Place, message: NewMessage, back = 0) {
  const { id, role, content, requestId = null, status = "done", usage } = message;
  const created = sql`${message.createdAt.toISOString()}::timestamptz`;
  const insert = sql`
    insert into ${messages} (id, user_id, chat_id, seq, role, content, request_id, status, created_at, updated_at,
      input_tokens, output_tokens, cache_read_tokens, model_calls, tool_calls, web_searches, code_runs)
    select ${id}::uuid, ${chats.userId}, ${chats.id}, ${chats.lastSeq} - ${back}::integer, ${role},
      ${sql.param(content, messages.content)}::bytea, ${requestId}::text, ${status}, ${created}, ${created},
      ${count(usage?.input_tokens)}, ${count(usage?.output_tokens)}, ${count(usage?.cache_read_tokens)},
      ${count(usage?.model_calls)}, ${count(usage?.tool_calls)}, ${count(usage?.web_searches)},
      ${count(usage?.code_runs)}
    from ${chats} where ${chatAt(ctx, place)}
    on conflict (id) do nothing
    returning id, chat_id`;
  return indexed(queries, ctx, insert, message.terms, CHAT_OF_MESSAGE);
}

function chatAt(ctx: Ctx, { chatId, live }: Place) {
  return and(
    eq(chats.id, chatId),
    eq(chats.userId, userIdOf(ctx)),
    live ? isNull(chats.deletedAt) : undefined,
  );
}

function count(value: number | undefined) {
  return sql`${value ?? null}::integer`;
}
