/** What the hub asks of chats: the history a turn begins with, and the exchange it leaves. */
import { env } from "cloudflare:workers";
import { eq } from "drizzle-orm";
import { expect, test } from "vitest";
import {
  addMessage,
  chatHistory,
  createChat,
  deleteChat,
  deleteMessage,
  type Exchange,
  getChat,
  listMessages,
  restoreChat,
  saveExchange,
} from "../../../src/features/chat/service.ts";
import { messages } from "../../../src/features/chat/tables.ts";
import { newId } from "../../../src/lib/ids.ts";
import type { Ctx } from "../../../src/platform/context.ts";
import { connectAs } from "../../support/database.ts";
import { newUser, type TestUser, userCtx } from "../../support/users.ts";

const usage = { input_tokens: 9, output_tokens: 4, cache_read_tokens: 1, model_calls: 2, tool_calls: 1 };

function exchange(chatId: string, more: Partial<Exchange> = {}): Exchange {
  return {
    chatId,
    requestId: newId(),
    userMessage: "What is due today?",
    assistantMessage: "Nothing.",
    status: "done",
    usage,
    startedAt: Date.parse("2026-11-20T10:00:00.000Z"),
    endedAt: Date.parse("2026-11-20T10:00:02.500Z"),
    ...more,
  };
}

/** As the hub's outbox calls: a system actor, for the user. */
function outbox(user: TestUser): Ctx {
  return userCtx(env, user, { actor: { kind: "system", job: "outbox", userId: user.userId } });
}

async function contentsOf(ctx: Ctx, chatId: string): Promise<string[]> {
  const { data } = await listMessages(ctx, chatId, { limit: 100, order: "asc" });
  return data.map(({ content }) => content);
}

test("the first exchange makes the chat, titled by its message, with the times of the turn", async () => {
  const user = await newUser(env);
  const chatId = newId();
  expect(await saveExchange(outbox(user), exchange(chatId))).toBe(true);
  const ctx = userCtx(env, user);
  expect(await getChat(ctx, chatId)).toMatchObject({
    title: "What is due today?",
    created_at: "2026-11-20T10:00:00.000Z",
    updated_at: "2026-11-20T10:00:02.500Z",
  });
  const { data } = await listMessages(ctx, chatId, { limit: 100, order: "asc" });
  expect(data).toMatchObject([
    { role: "user", content: "What is due today?", usage: null, created_at: "2026-11-20T10:00:00.000Z" },
    { role: "assistant", content: "Nothing.", usage, created_at: "2026-11-20T10:00:02.500Z" },
  ]);
});

test("an exchange that is saved again, even by two at once, is there once and in its place", async () => {
  const user = await newUser(env);
  const chatId = newId();
  const [first, second] = [exchange(chatId, { userMessage: "1" }), exchange(chatId, { userMessage: "2" })];
  await Promise.all([saveExchange(outbox(user), first), saveExchange(outbox(user), first)]);
  await saveExchange(outbox(user), second);
  expect(await saveExchange(outbox(user), first)).toBe(true);
  expect(await contentsOf(userCtx(env, user), chatId)).toEqual(["1", "Nothing.", "2", "Nothing."]);
});

test("exchanges of several turns that end together keep each question beside its answer", async () => {
  const user = await newUser(env);
  const chatId = newId();
  const numbers = Array.from({ length: 6 }, (_, index) => `${index}`);
  await Promise.all(
    numbers.map((number) =>
      saveExchange(
        outbox(user),
        exchange(chatId, { userMessage: `q${number}`, assistantMessage: `a${number}` }),
      ),
    ),
  );
  const contents = await contentsOf(userCtx(env, user), chatId);
  expect(contents).toHaveLength(12);
  for (let at = 0; at < contents.length; at += 2) {
    expect(contents[at + 1]).toBe(contents[at]?.replace("q", "a"));
  }
});

test("another user's chat takes nothing", async () => {
  const [owner, stranger] = [await newUser(env), await newUser(env)];
  const chat = await createChat(userCtx(env, owner), { title: "Mine", agent: "home" }, newId());
  expect(await saveExchange(outbox(stranger), exchange(chat.id))).toBe(false);
  expect(await contentsOf(userCtx(env, owner), chat.id)).toEqual([]);
});

test("a chat that was deleted during the turn takes the exchange, and shows it once it is restored", async () => {
  const user = await newUser(env);
  const ctx = userCtx(env, user);
  const chat = await createChat(ctx, { title: "Mine", agent: "home" }, newId());
  await deleteChat(ctx, chat.id, undefined);
  expect(await saveExchange(outbox(user), exchange(chat.id))).toBe(true);
  await restoreChat(ctx, chat.id);
  expect(await contentsOf(ctx, chat.id)).toEqual(["What is due today?", "Nothing."]);
});

test("history is the newest messages, oldest first, without what is deleted or empty, in one round trip", async () => {
  const user = await newUser(env);
  const ctx = userCtx(env, user);
  const chat = await createChat(ctx, { title: "Mine", agent: "home" }, newId());
  for (const content of ["too old", "a", "gone"]) {
    const added = await addMessage(ctx, chat.id, { role: "user", content }, newId());
    if (content === "gone") await deleteMessage(ctx, added.id, undefined);
  }
  await saveExchange(
    outbox(user),
    exchange(chat.id, { userMessage: "b", assistantMessage: "", status: "cancelled" }),
  );
  const fresh = outbox(user);
  expect(await chatHistory(fresh, { chatId: chat.id, limit: 3 })).toEqual({
    agentId: null,
    messages: [
      { role: "user", content: "a" },
      { role: "user", content: "b" },
    ],
  });
  expect(fresh.db.roundTrips).toBe(1);
});

test("there is no history of a chat that is deleted, another's, unknown or misnamed", async () => {
  const [owner, stranger] = [await newUser(env), await newUser(env)];
  const ctx = userCtx(env, owner);
  const chat = await createChat(ctx, { title: "Mine", agent: "home" }, newId());
  expect(await chatHistory(ctx, { chatId: chat.id, limit: 5 })).toEqual({ agentId: null, messages: [] });
  expect(await chatHistory(outbox(stranger), { chatId: chat.id, limit: 5 })).toBeNull();
  for (const chatId of [newId(), "diary", ""])
    expect(await chatHistory(ctx, { chatId, limit: 5 })).toBeNull();
  await deleteChat(ctx, chat.id, undefined);
  expect(await chatHistory(ctx, { chatId: chat.id, limit: 5 })).toBeNull();
});

test("a message moved into another row cannot be read there", async () => {
  const user = await newUser(env);
  const ctx = userCtx(env, user);
  const chat = await createChat(ctx, { title: "Mine", agent: "home" }, newId());
  const [one, other] = [newId(), newId()];
  await addMessage(ctx, chat.id, { role: "user", content: "one" }, one);
  await addMessage(ctx, chat.id, { role: "user", content: "other" }, other);
  const admin = connectAs(env, "postgres");
  const [stolen] = await admin.select().from(messages).where(eq(messages.id, one));
  await admin.update(messages).set({ content: stolen!.content }).where(eq(messages.id, other));
  await expect(listMessages(ctx, chat.id, { limit: 10, order: "asc" })).rejects.toMatchObject({
    code: "internal",
  });
});
