import { and, asc, desc, eq, exists, gt, inArray, isNotNull, isNull, lt, type SQL, sql } from "drizzle-orm";
import * as z from "zod";
import { AppError } from "../../lib/errors.ts";
import { cutPage, decodeCursor } from "../../lib/pagination.ts";
import { type Ctx, userIdOf } from "../../platform/context.ts";
import type { Queries } from "../../platform/db.ts";
import { allow } from "../auth/policy.ts";
import { insertMessage, makeRoom } from "./append.ts";
import { type IfMatch, selectChat, tellHub } from "./chats.ts";
import type { AddMessage, ListMessages, Message, UpdateMessage } from "./schema.ts";
import { chats, messages } from "./tables.ts";
import { CHAT_OF_MESSAGE, indexed, NO_TERMS } from "./terms.ts";
import { openVault } from "./vault.ts";

export async function listMessages(ctx: Ctx, chatId: string, { limit, cursor, order }: ListMessages) {
  const permission = allow("chats", "read");
  const oldestFirst = order === "asc";
  const [[chat], rows] = await ctx.db.run(permission, (queries) => [
    selectChat(queries, ctx, chatId),
    queries
      .select()
      .from(messages)
      .where(
        and(mine(ctx), eq(messages.chatId, chatId), isNull(messages.deletedAt), past(cursor, oldestFirst)),
      )
      .orderBy(oldestFirst ? asc(messages.seq) : desc(messages.seq))
      .limit(limit + 1),
  ]);
  if (!chat) throw new AppError("not_found");
  const vault = await openVault(ctx);
  const page = cutPage(rows, limit, (row) => [row.seq]);
  return { ...page, data: page.data.map((row) => vault.openMessage(row)) };
}

/** Adds a message without running a turn. Safe to repeat with the same id. */
export async function addMessage(ctx: Ctx, chatId: string, input: AddMessage, id: string): Promise<Message> {
  const permission = allow("chats", "update");
  const vault = await openVault(ctx);
  const place = { chatId, live: true };
  const content = vault.sealContent(id, input.content);
  const terms = vault.index.read(input.content);
  const message = { id, role: input.role, content, terms, createdAt: new Date(ctx.clock.now()) };
  const [[chat], , , [row]] = await ctx.db.run(permission, (queries) => [
    selectChat(queries, ctx, chatId),
    makeRoom(queries, ctx, place, [message]),
    insertMessage(queries, ctx, place, message),
    selectMessage(queries, ctx, id),
  ]);
  if (!row) throw new AppError(chat ? "conflict" : "not_found");
  await tellHub(ctx, chatId, "messages");
  return vault.openMessage(row);
}

export async function getMessage(ctx: Ctx, id: string): Promise<Message> {
  const permission = allow("chats", "read");
  const [[row]] = await ctx.db.run(permission, (queries) => [selectMessage(queries, ctx, id)]);
  if (!row) throw new AppError("not_found");
  return (await openVault(ctx)).openMessage(row);
}

/** Throws `precondition_failed` when the stored version is not one of `ifMatch`. */
export async function updateMessage(
  ctx: Ctx,
  id: string,
  changes: UpdateMessage,
  ifMatch: IfMatch,
): Promise<Message> {
  const permission = allow("chats", "update");
  const vault = await openVault(ctx);
  const content = vault.sealContent(id, changes.content);
  const terms = vault.index.read(changes.content);
  const [, changed, [row]] = await ctx.db.run(permission, (queries) => {
    const change = queries
      .update(messages)
      .set({ content, version: sql`${messages.version} + 1`, updatedAt: sql`now()` })
      .where(and(inLiveChat(queries, ctx, id), isNull(messages.deletedAt), versionIn(ifMatch)))
      .returning(WRITTEN);
    return [
      selectAny(queries, ctx, id).for("update"),
      indexed(queries, ctx, change, terms, CHAT_OF_MESSAGE),
      selectMessage(queries, ctx, id),
    ];
  });
  if (!row) throw new AppError("not_found");
  if (changed.rows.length === 0) throw new AppError("precondition_failed");
  await tellHub(ctx, row.chatId, "messages");
  return vault.openMessage(row);
}

/** It can be restored for 30 days; its words are found no more at once. */
export async function deleteMessage(ctx: Ctx, id: string, ifMatch: IfMatch): Promise<void> {
  const [found, deleted] = await ctx.db.run(allow("chats", "update"), (queries) => {
    const change = queries
      .update(messages)
      .set({ deletedAt: sql`now()`, version: sql`${messages.version} + 1` })
      .where(and(inLiveChat(queries, ctx, id), isNull(messages.deletedAt), versionIn(ifMatch)))
      .returning(WRITTEN);
    return [
      selectMessage(queries, ctx, id).for("update"),
      indexed(queries, ctx, change, NO_TERMS, CHAT_OF_MESSAGE, { event: "message.deleted", subjectId: id }),
    ];
  });
  const [message] = found;
  if (!message) throw new AppError("not_found");
  if (deleted.rows.length === 0) throw new AppError("precondition_failed");
  await tellHub(ctx, message.chatId, "messages");
}

/** Restoring a message that is not deleted changes nothing. */
export async function restoreMessage(ctx: Ctx, id: string): Promise<Message> {
  const permission = allow("chats", "update");
  const [[stored]] = await ctx.db.run(permission, (queries) => [selectAny(queries, ctx, id)]);
  if (!stored) throw new AppError("not_found");
  const vault = await openVault(ctx);
  if (stored.deletedAt === null) return vault.openMessage(stored);
  const terms = vault.index.read(vault.openContent(stored));
  const [, , [row]] = await ctx.db.run(permission, (queries) => {
    const change = queries
      .update(messages)
      .set({ deletedAt: null, version: sql`${messages.version} + 1` })
      // What was restored meanwhile, and perhaps changed, has its terms already.
      .where(and(inLiveChat(queries, ctx, id), isNotNull(messages.deletedAt), versionIn([stored.version])))
      .returning(WRITTEN);
    return [
      selectAny(queries, ctx, id).for("update"),
      indexed(queries, ctx, change, terms, CHAT_OF_MESSAGE, { event: "message.restored", subjectId: id }),
      selectMessage(queries, ctx, id),
    ];
  });
  if (!row) throw new AppError("not_found");
  await tellHub(ctx, row.chatId, "messages");
  return vault.openMessage(row);
}

/** What a change of a message returns for its index. */
const WRITTEN = { id: messages.id, chatId: messages.chatId };

function selectMessage(queries: Queries, ctx: Ctx, id: string) {
  return queries
    .select()
    .from(messages)
    .where(and(inLiveChat(queries, ctx, id), isNull(messages.deletedAt)));
}

function mine(ctx: Ctx): SQL {
  return eq(messages.userId, userIdOf(ctx));
}

/** The message, deleted or not. */
function selectAny(queries: Queries, ctx: Ctx, id: string) {
  return queries
    .select()
    .from(messages)
    .where(inLiveChat(queries, ctx, id));
}

/** The message, deleted or not, in a chat that is not deleted. */
function inLiveChat(queries: Queries, ctx: Ctx, id: string): SQL | undefined {
  const chat = queries
    .select({ id: chats.id })
    .from(chats)
    .where(and(eq(chats.id, messages.chatId), isNull(chats.deletedAt)));
  return and(eq(messages.id, id), mine(ctx), exists(chat));
}

function versionIn(ifMatch: IfMatch): SQL | undefined {
  return ifMatch && inArray(messages.version, [...ifMatch]);
}

const SEQ_MAX = 2 ** 31 - 1;
const Position = z.tuple([z.int().min(0).max(SEQ_MAX)]);

function past(cursor: string | undefined, oldestFirst: boolean): SQL | undefined {
  if (cursor === undefined) return undefined;
  const [seq] = decodeCursor(cursor, Position);
  return oldestFirst ? gt(messages.seq, seq) : lt(messages.seq, seq);
}
