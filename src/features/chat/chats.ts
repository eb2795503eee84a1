import { and, desc, eq, inArray, isNotNull, isNull, type SQL, sql } from "drizzle-orm";
import * as z from "zod";
import { AppError } from "../../lib/errors.ts";
import { cutPage, decodeCursor } from "../../lib/pagination.ts";
import type { IndexedText } from "../../platform/blind-index.ts";
import { type Ctx, userIdOf } from "../../platform/context.ts";
import type { Queries } from "../../platform/db.ts";
import { allow } from "../auth/policy.ts";
import { requireRunnable } from "../custom-agents/service.ts";
import { hubOf } from "../hub/client.ts";
import type { ChatChange } from "../hub/schema.ts";
import { auditedChange } from "../users/service.ts";
import { instant, TimeMs } from "./position.ts";
import type { Chat, CreateChat, ListChats, UpdateChat } from "./schema.ts";
import { searchChats } from "./search.ts";
import { chats } from "./tables.ts";
import { CHAT_ITSELF, indexed } from "./terms.ts";
import { openVault } from "./vault.ts";

/** Versions the caller accepts; undefined when it does not mind. */
export type IfMatch = readonly number[] | undefined;

/** The assistant answers. */
const HOME = "home";

/** Safe to repeat with the same id. */
export async function createChat(ctx: Ctx, input: CreateChat, id: string): Promise<Chat> {
  const permission = allow("chats", "create");
  if (input.agent !== HOME) await requireRunnable(ctx, permission, input.agent);
  const vault = await openVault(ctx);
  const row = { id, userId: userIdOf(ctx), title: vault.sealTitle(id, input.title), agent: input.agent };
  const terms = vault.index.read(input.title);
  const [, [stored]] = await ctx.db.run(permission, (queries) => [
    insertChat(queries, ctx, row, terms),
    selectChat(queries, ctx, id),
  ]);
  if (!stored) throw new AppError("conflict");
  ctx.waitUntil(tellHub(ctx, id, "created"));
  return vault.openChat(stored);
}

/** Unless words are searched for, the newest first, by the time of their last message. */
export async function listChats(ctx: Ctx, { q, ...list }: ListChats) {
  if (q !== undefined) return searchChats(ctx, { ...list, q });
  const { limit, cursor, deleted } = list;
  const permission = allow("chats", "read");
  const [rows] = await ctx.db.run(permission, (queries) => [
    queries
      .select()
      .from(chats)
      .where(and(mine(ctx), deleted ? isNotNull(chats.deletedAt) : isNull(chats.deletedAt), before(cursor)))
      .orderBy(desc(chats.updatedAt), desc(chats.id))
      .limit(limit + 1),
  ]);
  const vault = await openVault(ctx);
  const page = cutPage(rows, limit, (row) => [row.updatedAt.getTime(), row.id]);
  return { ...page, data: page.data.map((row) => vault.openChat(row)) };
}

/** Throws `not_found` for a deleted chat too. */
export async function getChat(ctx: Ctx, id: string): Promise<Chat> {
  const permission = allow("chats", "read");
  const [[row]] = await ctx.db.run(permission, (queries) => [selectChat(queries, ctx, id)]);
  if (!row) throw new AppError("not_found");
  return (await openVault(ctx)).openChat(row);
}

/** Throws `precondition_failed` when the stored version is not one of `ifMatch`. */
export async function updateChat(ctx: Ctx, id: string, changes: UpdateChat, ifMatch: IfMatch): Promise<Chat> {
  const permission = allow("chats", "update");
  const { agent } = changes;
  if (agent !== undefined && agent !== HOME) await requireRunnable(ctx, permission, agent);
  const vault = await openVault(ctx);
  const title = vault.sealTitle(id, changes.title);
  const terms = vault.index.read(changes.title);
  const [found, changed, [row]] = await ctx.db.run(permission, (queries) => {
    const change = queries
      .update(chats)
      .set({
        title,
        ...(agent === undefined ? {} : { agent }),
        version: sql`${chats.version} + 1`,
        updatedAt: sql`now()`,
      })
      .where(and(mine(ctx, id), isNull(chats.deletedAt), versionIn(ifMatch)))
      .returning({ id: chats.id });
    return [
      selectChat(queries, ctx, id).for("update"),
      indexed(queries, ctx, change, terms, CHAT_ITSELF),
      selectChat(queries, ctx, id),
    ];
  });
  if (!row || changed.rows.length === 0) throw refusal(found);
  // Who answers in it may be another from the next turn on.
  await tellHub(ctx, id, "updated");
  return vault.openChat(row);
}

/** Its messages go out of sight with it. It can be restored for 30 days. */
export async function deleteChat(ctx: Ctx, id: string, ifMatch: IfMatch): Promise<void> {
  const condition = and(mine(ctx, id), isNull(chats.deletedAt), versionIn(ifMatch));
  const [found, deleted] = await ctx.db.run(allow("chats", "delete"), (queries) => [
    selectChat(queries, ctx, id),
    auditedChange(
      queries,
      ctx,
      { event: "chat.deleted", subjectId: id },
      sql`update ${chats} set deleted_at = now(), version = version + 1 where ${condition} returning id`,
    ),
  ]);
  if (deleted.rows.length === 0) throw refusal(found);
  await tellHub(ctx, id, "deleted");
}

/** Restoring a chat that is not deleted changes nothing. */
export async function restoreChat(ctx: Ctx, id: string): Promise<Chat> {
  const condition = and(mine(ctx, id), isNotNull(chats.deletedAt));
  const [, [row]] = await ctx.db.run(allow("chats", "update"), (queries) => [
    auditedChange(
      queries,
      ctx,
      { event: "chat.restored", subjectId: id },
      sql`update ${chats} set deleted_at = null, version = version + 1 where ${condition} returning id`,
    ),
    selectChat(queries, ctx, id),
  ]);
  if (!row) throw new AppError("not_found");
  await tellHub(ctx, id, "restored");
  return (await openVault(ctx)).openChat(row);
}

/** Has the user's hub read the chat anew for its next turn, and tell of it. The change is made, so a failure is the log's. */
export async function tellHub(ctx: Ctx, chatId: string, change: ChatChange): Promise<void> {
  await hubOf(ctx.ports, { tenantId: ctx.tenantId, userId: userIdOf(ctx) })
    .chatChanged(chatId, change)
    .catch((cause: unknown) => ctx.log.error({ event: "hub.tell_failed", chat_id: chatId }, cause));
}

/** Does nothing when a chat has this id. */
export function insertChat(
  queries: Queries,
  ctx: Ctx,
  row: typeof chats.$inferInsert,
  titleTerms: IndexedText,
) {
  const insert = queries.insert(chats).values(row).onConflictDoNothing().returning({ id: chats.id });
  return indexed(queries, ctx, insert, titleTerms, CHAT_ITSELF);
}

/** The chat, unless it is deleted or another's. */
export function selectChat(queries: Queries, ctx: Ctx, id: string) {
  return queries
    .select()
    .from(chats)
    .where(and(mine(ctx, id), isNull(chats.deletedAt)));
}

/** Row-level security keeps tenants apart; within a tenant a chat is its user's alone. */
function mine(ctx: Ctx, id?: string): SQL | undefined {
  return and(eq(chats.userId, userIdOf(ctx)), id === undefined ? undefined : eq(chats.id, id));
}

function versionIn(ifMatch: IfMatch): SQL | undefined {
  return ifMatch && inArray(chats.version, [...ifMatch]);
}

/** Why a change found no row: the chat is not there, or not in the version the caller saw. */
function refusal(found: readonly unknown[]): AppError {
  return new AppError(found.length > 0 ? "precondition_failed" : "not_found");
}

const Position = z.tuple([TimeMs, z.uuid()]);

function before(cursor: string | undefined): SQL | undefined {
  if (cursor === undefined) return undefined;
  const [timeMs, id] = decodeCursor(cursor, Position);
  return sql`(${chats.updatedAt}, ${chats.id}) < (${instant(timeMs)}, ${id}::uuid)`;
}
