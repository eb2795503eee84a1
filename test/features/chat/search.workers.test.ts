/** Chats found by words in their titles and messages, through an index that holds none of the words. */
import { env } from "cloudflare:workers";
import { eq, sql } from "drizzle-orm";
import { expect, test } from "vitest";
import { Chat, ChatPage, Message } from "../../../src/features/chat/schema.ts";
import { createChat, saveExchange } from "../../../src/features/chat/service.ts";
import { chats, chatTerms } from "../../../src/features/chat/tables.ts";
import { newId } from "../../../src/lib/ids.ts";
import { call, callFor, problemOf } from "../../support/api.ts";
import { connectAs } from "../../support/database.ts";
import { newUser, type TestUser, userCtx } from "../../support/users.ts";

const admin = () => connectAs(env, "postgres");

async function newChat(as: TestUser, title: string, ...contents: string[]): Promise<string> {
  const { id } = await callFor(Chat, "POST", "/chats", { as, body: { title } });
  for (const content of contents) await say(as, id, content);
  return id;
}

async function say(as: TestUser, chatId: string, content: string): Promise<string> {
  const { id } = await callFor(Message, "POST", `/chats/${chatId}/messages`, { as, body: { content } });
  return id;
}

async function found(as: TestUser, q: string, more = ""): Promise<string[]> {
  const { data } = await callFor(ChatPage, "GET", `/chats?q=${encodeURIComponent(q)}${more}`, { as });
  return data.map(({ title }) => title);
}

test("a chat is found by words of its title and of its messages, in any form", async () => {
  const user = await newUser(env);
  await newChat(user, "Garden plans", "Where do the tomatoes go?", "Beside the Küche.");
  await newChat(user, "Taxes", "The form is due in May.");
  for (const q of ["garden", "GARDENS", "tomatoes", "kuche", "plans for May or a garden?"]) {
    expect(await found(user, q), q).toContain("Garden plans");
  }
  expect(await found(user, "tomatoes")).toEqual(["Garden plans"]);
  for (const q of ["cellar", "tomat", "?!"]) expect(await found(user, q), q).toEqual([]);
});

test("words of scripts without spaces are found", async () => {
  const user = await newUser(env);
  await newChat(user, "旅行", "来週、東京都庁へ行きます");
  await newChat(user, "学习", "我想在北京大学学习中文");
  expect(await found(user, "東京")).toEqual(["旅行"]);
  expect(await found(user, "大学")).toEqual(["学习"]);
});

test("the chat that fits best comes first: more of the words, rarer ones, in shorter texts", async () => {
  const user = await newUser(env);
  const long = "We talked about the weather, the neighbours, the garden, the roof and many other things.";
  await newChat(user, "Both", "beans in one message", "garden in another");
  await newChat(user, "Rare", "beans");
  await newChat(user, "Common, short", "garden");
  for (const number of [1, 2, 3]) await newChat(user, `Common, long ${number}`, long);
  expect(await found(user, "garden beans")).toEqual([
    "Both",
    "Rare",
    "Common, short",
    "Common, long 3",
    "Common, long 2",
    "Common, long 1",
  ]);
});

test("what was found comes in pages, each chat once", async () => {
  const user = await newUser(env);
  const titles = Array.from({ length: 7 }, (_, number) => `Chat ${number}`);
  for (const title of titles) await newChat(user, title, "the same words");
  const seen: string[] = [];
  let cursor: string | null = "";
  while (cursor !== null) {
    const path: string = `/chats?q=same%20words&limit=3${cursor === "" ? "" : `&cursor=${cursor}`}`;
    const page: ChatPage = await callFor(ChatPage, "GET", path, { as: user });
    expect(page.data.length).toBeLessThanOrEqual(3);
    seen.push(...page.data.map(({ title }) => title));
    cursor = page.next_cursor;
  }
  expect(seen).toEqual(titles.toReversed());
});

test("a cursor of the plain list, and a search that is too long, are refused", async () => {
  const user = await newUser(env);
  for (const title of ["one", "two"]) await newChat(user, title);
  const { next_cursor } = await callFor(ChatPage, "GET", "/chats?limit=1", { as: user });
  const foreign = await call("GET", `/api/v1/chats?q=one&cursor=${next_cursor}`, { as: user });
  expect(await problemOf(foreign)).toMatchObject({ status: 400, code: "bad_request" });
  for (const q of ["", "x".repeat(201)]) {
    const response = await call("GET", `/api/v1/chats?q=${q}`, { as: user });
    expect(await problemOf(response)).toMatchObject({ code: "validation_failed" });
  }
});

test("a changed title or message is found by its new words and no more by the old ones", async () => {
  const user = await newUser(env);
  const chat = await newChat(user, "Balcony");
  const message = await say(user, chat, "Plant beans");
  await callFor(Chat, "PUT", `/chats/${chat}`, { as: user, body: { title: "Terrace and garden" } });
  await callFor(Message, "PUT", `/messages/${message}`, { as: user, body: { content: "Plant peas, peas" } });
  for (const q of ["terrace", "garden", "peas", "plant"]) expect(await found(user, q), q).toHaveLength(1);
  for (const q of ["balcony", "beans"]) expect(await found(user, q), q).toEqual([]);
});

test("a change that is refused leaves the index as it was", async () => {
  const user = await newUser(env);
  const chat = await newChat(user, "Balcony");
  const message = await say(user, chat, "Plant beans");
  for (const [path, body] of [
    [`/chats/${chat}`, { title: "Terrace" }],
    [`/messages/${message}`, { content: "Terrace" }],
  ] as const) {
    const headers = { "if-match": '"9"' };
    const response = await call("PUT", `/api/v1${path}`, { as: user, body, headers });
    expect(response.status, path).toBe(412);
  }
  expect(await found(user, "terrace")).toEqual([]);
  expect(await found(user, "balcony")).toHaveLength(1);
  expect(await found(user, "beans")).toHaveLength(1);
});

test("a deleted message is out of the index at once, and back in it when it is restored", async () => {
  const user = await newUser(env);
  const chat = await newChat(user, "Balcony");
  const message = await say(user, chat, "Plant beans");
  await call("DELETE", `/api/v1/messages/${message}`, { as: user });
  expect(await found(user, "beans")).toEqual([]);
  expect(await termsOf(message)).toBe(0);
  await callFor(Message, "POST", `/messages/${message}/restore`, { as: user });
  expect(await found(user, "beans")).toHaveLength(1);
});

test("a deleted chat is found among the deleted ones only, until it is restored; erased, its words are too", async () => {
  const user = await newUser(env);
  const chat = await newChat(user, "Balcony", "Plant beans");
  await call("DELETE", `/api/v1/chats/${chat}`, { as: user });
  expect(await found(user, "beans")).toEqual([]);
  expect(await found(user, "beans", "&deleted=true")).toEqual(["Balcony"]);
  await callFor(Chat, "POST", `/chats/${chat}/restore`, { as: user });
  expect(await found(user, "beans")).toEqual(["Balcony"]);
  await admin().delete(chats).where(eq(chats.id, chat));
  expect(await termsOf(chat)).toBe(0);
});

test("what a turn said is found, and saving it again brings back nothing that was changed meanwhile", async () => {
  const user = await newUser(env);
  const outbox = userCtx(env, user, { actor: { kind: "system", job: "outbox", userId: user.userId } });
  const exchange = {
    chatId: newId(),
    requestId: newId(),
    userMessage: "When do beans ripen?",
    assistantMessage: "In August.",
    status: "done" as const,
    usage: { input_tokens: 1, output_tokens: 1, cache_read_tokens: 0, model_calls: 1, tool_calls: 0 },
    startedAt: Date.now(),
    endedAt: Date.now(),
  };
  await saveExchange(outbox, exchange);
  expect(await found(user, "august")).toEqual(["When do beans ripen?"]);
  const { data } = await callFor(ChatPage, "GET", "/chats", { as: user });
  await callFor(Chat, "PUT", `/chats/${data[0]?.id}`, { as: user, body: { title: "Harvest" } });
  const listed = await call("GET", `/api/v1/chats/${exchange.chatId}/messages`, { as: user });
  const [asked, answered] = ((await listed.json()) as { data: { id: string }[] }).data;
  await callFor(Message, "PUT", `/messages/${asked?.id}`, { as: user, body: { content: "And peas?" } });
  await call("DELETE", `/api/v1/messages/${answered?.id}`, { as: user });
  await saveExchange(outbox, exchange);
  for (const q of ["beans", "august"]) expect(await found(user, q), q).toEqual([]);
  expect(await found(user, "peas")).toEqual(["Harvest"]);
});

test("nobody finds another person's chats, nor shares a token with them", async () => {
  const [owner, stranger] = [await newUser(env), await newUser(env)];
  await newChat(owner, "Garden plans", "tomatoes");
  await newChat(stranger, "Garden plans", "potatoes");
  expect(await found(stranger, "tomatoes")).toEqual([]);
  expect(await found(owner, "garden")).toHaveLength(1);
  const tokens = async ({ userId }: TestUser) =>
    (
      await admin()
        .selectDistinct({ token: chatTerms.token })
        .from(chatTerms)
        .where(eq(chatTerms.userId, userId))
    ).map(({ token }) => token);
  const [mine, theirs] = [await tokens(owner), await tokens(stranger)];
  expect(mine).toHaveLength(3);
  expect(mine.filter((token) => theirs.includes(token))).toEqual([]);
});

test("another chat's id takes no terms of a title that was not stored", async () => {
  const [owner, stranger] = [await newUser(env), await newUser(env)];
  const id = await newChat(owner, "Garden plans");
  await expect(
    createChat(userCtx(env, stranger), { title: "Stolen words", agent: "home" }, id),
  ).rejects.toMatchObject({ code: "conflict" });
  expect(await termsOf(id)).toBe(2);
});

/** Rows of the index that a document has, or all documents of a chat have. */
async function termsOf(id: string): Promise<number> {
  return admin().$count(chatTerms, sql`${chatTerms.documentId} = ${id} or ${chatTerms.chatId} = ${id}`);
}
