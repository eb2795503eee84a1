/** What the hub needs of chats: the history a turn begins with, and the exchange it leaves. */
import { and, desc, eq, isNull } from "drizzle-orm";
import { derivedId, isUuid } from "../../lib/ids.ts";
import { type Ctx, userIdOf } from "../../platform/context.ts";
import type { DataKey } from "../../platform/keyring.ts";
import { allow } from "../auth/policy.ts";
import type { HistoryMessage, TurnStatus, TurnUsage } from "../hub/protocol.ts";
import { insertMessage, makeRoom, type NewMessage } from "./append.ts";
import { insertChat, selectChat } from "./chats.ts";
import { messages } from "./tables.ts";
import { titleFrom } from "./title.ts";
import { ChatVault, openVault } from "./vault.ts";

export interface ChatHistory {
  /** Of the person's own agent that answers in the chat; null where the assistant does. */
  agentId: string | null;
  /** The oldest first. */
  messages: HistoryMessage[];
}

/**
 * The last `limit` messages of a chat, and who answers in it; null when the chat does not exist, is deleted or is not this
 * user's. One round trip.
 */
export async function chatHistory(
  ctx: Ctx,
  { chatId, limit }: { chatId: string; limit: number },
): Promise<ChatHistory | null> {
  // A client may name a chat as it likes; only ours have UUIDs.
  if (!isUuid(chatId)) return null;
  const permission = allow("chats", "read");
  const [[chat], rows] = await ctx.db.run(permission, (queries) => [
    selectChat(queries, ctx, chatId),
    queries
      .select({ id: messages.id, role: messages.role, content: messages.content })
      .from(messages)
      .where(and(eq(messages.chatId, chatId), eq(messages.userId, userIdOf(ctx)), isNull(messages.deletedAt)))
      .orderBy(desc(messages.seq))
      .limit(limit),
  ]);
  if (!chat) return null;
  const vault = await openVault(ctx);
  const opened = rows.reverse().map((row) => ({ role: row.role, content: vault.openContent(row) }));
  return {
    agentId: isUuid(chat.agent) ? chat.agent : null,
    messages: opened.filter(({ content }) => content !== ""),
  };
}

export interface Exchange {
  chatId: string;
  requestId: string;
  userMessage: string;
  /** Empty when the turn ended before it wrote. */
  assistantMessage: string;
  status: TurnStatus;
  usage: TurnUsage;
  /** Unix ms. */
  startedAt: number;
  /** Unix ms. */
  endedAt: number;
}

/**
 * Stores what a turn said, and makes its chat when it is new, titled by the message. Safe to repeat: the request id
 * decides the messages' ids. A chat that was deleted meanwhile takes the messages, for it may be restored; another
 * user's takes none, and the answer is false.
 *
 * @param key Saves a round trip when the caller holds the user's data key.
 */
export async function saveExchange(ctx: Ctx, exchange: Exchange, key?: DataKey): Promise<boolean> {
  const permission = allow("chats", "record");
  const userId = userIdOf(ctx);
  const vault = key ? new ChatVault(key, userId) : await openVault(ctx);
  const { chatId, requestId, status } = exchange;
  const place = { chatId, live: false };
  const common = { requestId, status };
  const askedId = derivedId("message", userId, requestId, "user");
  const answeredId = derivedId("message", userId, requestId, "assistant");
  const asked: NewMessage = {
    ...common,
    id: askedId,
    role: "user",
    content: vault.sealContent(askedId, exchange.userMessage),
    terms: vault.index.read(exchange.userMessage),
    createdAt: new Date(exchange.startedAt),
  };
  const answered: NewMessage = {
    ...common,
    id: answeredId,
    role: "assistant",
    content: vault.sealContent(answeredId, exchange.assistantMessage),
    terms: vault.index.read(exchange.assistantMessage),
    createdAt: new Date(exchange.endedAt),
    usage: exchange.usage,
  };
  const title = titleFrom(exchange.userMessage);
  const chat = {
    id: chatId,
    userId,
    title: vault.sealTitle(chatId, title),
    createdAt: asked.createdAt,
    updatedAt: asked.createdAt,
  };
  const [, , , , saved] = await ctx.db.run(permission, (queries) => [
    insertChat(queries, ctx, chat, vault.index.read(title)),
    makeRoom(queries, ctx, place, [asked, answered]),
    insertMessage(queries, ctx, place, asked, 1),
    insertMessage(queries, ctx, place, answered),
    queries.select({ id: messages.id }).from(messages).where(eq(messages.id, answeredId)),
  ]);
  return saved.length > 0;
}
