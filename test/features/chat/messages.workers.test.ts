import { env } from "cloudflare:workers";
import { eq } from "drizzle-orm";
import { expect, test } from "vitest";
import { Chat, Message, MessagePage } from "../../../src/features/chat/schema.ts";
import { auditLogs } from "../../../src/features/users/tables.ts";
import { call, callFor, problemOf } from "../../support/api.ts";
import { connectAs } from "../../support/database.ts";
import { newUser, type TestUser } from "../../support/users.ts";

async function chatWith(
  user: TestUser,
  ...contents: string[]
): Promise<{ chatId: string; added: Message[] }> {
  const chat = await callFor(Chat, "POST", "/chats", { as: user, body: { title: "Talk" } });
  const added: Message[] = [];
  for (const content of contents) {
    added.push(await callFor(Message, "POST", `/chats/${chat.id}/messages`, { as: user, body: { content } }));
  }
  return { chatId: chat.id, added };
}

test("messages keep their order, in both directions and over pages", async () => {
  const user = await newUser(env);
  const { chatId, added } = await chatWith(user, "a", "b", "c", "d", "e");
  const read = (query: string) =>
    callFor(MessagePage, "GET", `/chats/${chatId}/messages?${query}`, { as: user });
  const first = await read("limit=3");
  expect(first.data).toEqual(added.slice(0, 3));
  const second = await read(`limit=3&cursor=${first.next_cursor}`);
  expect(second.data).toEqual(added.slice(3));
  expect(second.next_cursor).toBeNull();
  const newest = await read("limit=2&order=desc");
  expect(newest.data.map(({ content }) => content)).toEqual(["e", "d"]);
});

test("a message is added by hand, changed and deleted", async () => {
  const user = await newUser(env);
  const { chatId } = await chatWith(user);
  const created = await call("POST", `/api/v1/chats/${chatId}/messages`, {
    as: user,
    body: { role: "assistant", content: "Noted." },
  });
  expect(created.status).toBe(201);
  const message = Message.parse(await created.json());
  expect(message).toMatchObject({
    chat_id: chatId,
    role: "assistant",
    request_id: null,
    usage: null,
    version: 1,
  });
  expect(await callFor(Message, "GET", `/messages/${message.id}`, { as: user })).toEqual(message);
  const path = `/messages/${message.id}`;
  const changed = await callFor(Message, "PUT", path, { as: user, body: { content: "Noted twice." } });
  expect(changed).toMatchObject({ content: "Noted twice.", version: 2, role: "assistant" });
  const stale = await call("PUT", `/api/v1${path}`, {
    as: user,
    body: { content: "No." },
    headers: { "if-match": '"1"' },
  });
  expect(await problemOf(stale)).toMatchObject({ status: 412, code: "precondition_failed" });
  expect((await call("DELETE", `/api/v1${path}`, { as: user, headers: { "if-match": '"2"' } })).status).toBe(
    204,
  );
  expect((await call("GET", `/api/v1${path}`, { as: user })).status).toBe(404);
  expect(await callFor(Message, "POST", `${path}/restore`, { as: user })).toMatchObject({
    content: "Noted twice.",
  });
});

test("who deleted or restored a message is recorded, once for each time it happened", async () => {
  const user = await newUser(env);
  const [message] = (await chatWith(user, "A word too many")).added;
  const path = `/api/v1/messages/${message?.id}`;
  const stale = { "if-match": '"7"' };
  expect((await call("DELETE", path, { as: user, headers: stale })).status).toBe(412);
  for (const [method, address, status] of [
    ["DELETE", path, 204],
    ["DELETE", path, 404],
    ["POST", `${path}/restore`, 200],
    ["POST", `${path}/restore`, 200],
  ] as const) {
    expect((await call(method, address, { as: user })).status, method).toBe(status);
  }
  const recorded = await connectAs(env, "postgres")
    .select()
    .from(auditLogs)
    .where(eq(auditLogs.subjectId, message?.id ?? ""))
    .orderBy(auditLogs.id);
  expect(recorded.map(({ event, userId, details }) => ({ event, userId, details }))).toEqual(
    ["message.deleted", "message.restored"].map((event) => ({
      event,
      userId: user.userId,
      details: { count: 1 },
    })),
  );
});

test("messages added at the same time all arrive, each in a place of its own", async () => {
  const user = await newUser(env);
  const { chatId } = await chatWith(user);
  const contents = Array.from({ length: 12 }, (_, index) => `m${index}`);
  await Promise.all(
    contents.map((content) =>
      callFor(Message, "POST", `/chats/${chatId}/messages`, { as: user, body: { content } }),
    ),
  );
  const { data } = await callFor(MessagePage, "GET", `/chats/${chatId}/messages?limit=100`, { as: user });
  expect(data.map(({ content }) => content).sort()).toEqual(contents.sort());
});

test("another person's message does not exist, nor does one in a deleted chat", async () => {
  const [owner, stranger] = [await newUser(env), await newUser(env)];
  const { chatId, added } = await chatWith(owner, "secret");
  const path = `/api/v1/messages/${added[0]!.id}`;
  for (const [method, suffix, body] of [
    ["GET", "", undefined],
    ["PUT", "", { content: "x" }],
    ["DELETE", "", undefined],
    ["POST", "/restore", undefined],
  ] as const) {
    const response = await call(method, path + suffix, { as: stranger, body });
    expect(await problemOf(response), method).toMatchObject({ status: 404 });
  }
  await call("DELETE", `/api/v1/chats/${chatId}`, { as: owner });
  expect((await call("GET", path, { as: owner })).status).toBe(404);
  expect((await call("PUT", path, { as: owner, body: { content: "x" } })).status).toBe(404);
});

test("empty, oversized and malformed content is refused", async () => {
  const user = await newUser(env);
  const { chatId } = await chatWith(user);
  for (const content of ["", "x".repeat(100_001), 7, null, undefined, "half \ud800 pair"]) {
    const response = await call("POST", `/api/v1/chats/${chatId}/messages`, { as: user, body: { content } });
    expect(await problemOf(response)).toMatchObject({ status: 422, errors: [{ path: "body.content" }] });
  }
});
