import { env } from "cloudflare:workers";
import { eq } from "drizzle-orm";
import { expect, test } from "vitest";
import { Chat, ChatPage } from "../../../src/features/chat/schema.ts";
import { chats } from "../../../src/features/chat/tables.ts";
import { auditLogs } from "../../../src/features/users/tables.ts";
import { newId } from "../../../src/lib/ids.ts";
import { call, callFor, problemOf } from "../../support/api.ts";
import { connectAs } from "../../support/database.ts";
import { newUser, type TestUser } from "../../support/users.ts";

function newChat(user: TestUser, title = "Garden"): Promise<Chat> {
  return callFor(Chat, "POST", "/chats", { as: user, body: { title } });
}

test("a chat is made, read, renamed and listed", async () => {
  const user = await newUser(env);
  const created = await call("POST", "/api/v1/chats", { as: user, body: { title: "Garden" } });
  expect(created.status).toBe(201);
  expect(created.headers.get("etag")).toBe('"1"');
  const chat = Chat.parse(await created.json());
  expect(chat).toMatchObject({ title: "Garden", agent: "home", version: 1, deleted_at: null });
  expect(await callFor(Chat, "GET", `/chats/${chat.id}`, { as: user })).toEqual(chat);
  const renamed = await callFor(Chat, "PUT", `/chats/${chat.id}`, { as: user, body: { title: "Balcony" } });
  expect(renamed).toMatchObject({ id: chat.id, title: "Balcony", version: 2 });
  const { data, next_cursor } = await callFor(ChatPage, "GET", "/chats", { as: user });
  expect(data).toEqual([renamed]);
  expect(next_cursor).toBeNull();
});

test("titles are not at rest in the clear", async () => {
  const user = await newUser(env);
  const chat = await newChat(user, "canary-9f2c71");
  const [row] = await connectAs(env, "postgres").select().from(chats).where(eq(chats.id, chat.id));
  expect(Buffer.from(row!.title).toString("latin1")).not.toContain("canary");
});

test("chats come in pages, the one that changed last first", async () => {
  const user = await newUser(env);
  const titles = ["one", "two", "three", "four", "five"];
  for (const title of titles) await newChat(user, title);
  const seen: string[] = [];
  let cursor: string | null = null;
  let pages = 0;
  do {
    const query: string = cursor === null ? "" : `&cursor=${cursor}`;
    const page: ChatPage = await callFor(ChatPage, "GET", `/chats?limit=2${query}`, { as: user });
    seen.push(...page.data.map(({ title }) => title));
    cursor = page.next_cursor;
    pages++;
  } while (cursor !== null);
  expect(pages).toBe(3);
  expect(seen).toEqual(titles.toReversed());
});

test("a limit out of bounds and a cursor of another list are refused", async () => {
  const user = await newUser(env);
  for (const limit of ["0", "101", "x", "1.5"]) {
    const response = await call("GET", `/api/v1/chats?limit=${limit}`, { as: user });
    expect(await problemOf(response)).toMatchObject({
      code: "validation_failed",
      errors: [{ path: "query.limit" }],
    });
  }
  const foreign = [["x"], [1, "y"], [8.64e15, newId()]].map((position) =>
    Buffer.from(JSON.stringify(position)).toString("base64url"),
  );
  for (const cursor of ["!!", ...foreign]) {
    const response = await call("GET", `/api/v1/chats?cursor=${encodeURIComponent(cursor)}`, { as: user });
    expect(await problemOf(response)).toMatchObject({ status: 400, code: "bad_request" });
  }
});

test("a change based on an old version is refused, and the stored title stays", async () => {
  const user = await newUser(env);
  const chat = await newChat(user);
  const put = (title: string, tag: string) =>
    call("PUT", `/api/v1/chats/${chat.id}`, { as: user, body: { title }, headers: { "if-match": tag } });
  expect((await put("Mine", '"1"')).status).toBe(200);
  expect(await problemOf(await put("Theirs", '"1"'))).toMatchObject({
    status: 412,
    code: "precondition_failed",
  });
  expect(await problemOf(await put("Weak", 'W/"2"'))).toMatchObject({ status: 412 });
  expect((await put("Any", "*")).status).toBe(200);
  expect((await put("List", '"1", "3"')).status).toBe(200);
  expect(await callFor(Chat, "GET", `/chats/${chat.id}`, { as: user })).toMatchObject({
    title: "List",
    version: 4,
  });
});

test("a deleted chat is out of sight, is recorded, and can be restored with its messages", async () => {
  const user = await newUser(env);
  const chat = await newChat(user);
  await call("POST", `/api/v1/chats/${chat.id}/messages`, { as: user, body: { content: "hello" } });
  expect((await call("DELETE", `/api/v1/chats/${chat.id}`, { as: user })).status).toBe(204);
  for (const [method, path] of [
    ["GET", ""],
    ["DELETE", ""],
    ["GET", "/messages"],
  ] as const) {
    const response = await call(method, `/api/v1/chats/${chat.id}${path}`, { as: user });
    expect(await problemOf(response)).toMatchObject({ status: 404 });
  }
  expect((await callFor(ChatPage, "GET", "/chats", { as: user })).data).toEqual([]);
  const deleted = await callFor(ChatPage, "GET", "/chats?deleted=true", { as: user });
  expect(deleted.data).toMatchObject([{ id: chat.id, title: "Garden" }]);
  expect(deleted.data[0]?.deleted_at).not.toBeNull();
  const restored = await callFor(Chat, "POST", `/chats/${chat.id}/restore`, { as: user });
  expect(restored).toMatchObject({ id: chat.id, deleted_at: null });
  expect((await call("GET", `/api/v1/chats/${chat.id}/messages`, { as: user })).status).toBe(200);
  const recorded = await connectAs(env, "postgres")
    .select({ event: auditLogs.event })
    .from(auditLogs)
    .where(eq(auditLogs.subjectId, chat.id));
  expect(recorded.map(({ event }) => event).sort()).toEqual(["chat.deleted", "chat.restored"]);
});

test("another person's chat does not exist, and a reader may only read", async () => {
  const [owner, stranger] = [await newUser(env), await newUser(env)];
  const chat = await newChat(owner);
  const attempts = [
    ["GET", `/chats/${chat.id}`, undefined],
    ["PUT", `/chats/${chat.id}`, { title: "Stolen" }],
    ["DELETE", `/chats/${chat.id}`, undefined],
    ["POST", `/chats/${chat.id}/restore`, undefined],
    ["GET", `/chats/${chat.id}/messages`, undefined],
    ["POST", `/chats/${chat.id}/messages`, { content: "Mine now" }],
  ] as const;
  for (const [method, path, body] of attempts) {
    const response = await call(method, `/api/v1${path}`, { as: stranger, body });
    expect(await problemOf(response), `${method} ${path}`).toMatchObject({ status: 404, code: "not_found" });
  }
  const reader = await newUser(env, { role: "readonly" });
  expect((await call("GET", "/api/v1/chats", { as: reader })).status).toBe(200);
  const refused = await call("POST", "/api/v1/chats", { as: reader, body: { title: "No" } });
  expect(await problemOf(refused)).toMatchObject({ status: 403, code: "forbidden" });
});

test("an id that is no UUID is bad input, not a fault", async () => {
  const user = await newUser(env);
  for (const id of ["1", "..%2f", "%00", "' or 1=1"]) {
    const response = await call("GET", `/api/v1/chats/${encodeURIComponent(id)}`, { as: user });
    expect(response.status, id).toBe(422);
  }
});
