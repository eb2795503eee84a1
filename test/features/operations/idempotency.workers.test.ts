import { env } from "cloudflare:workers";
import { eq } from "drizzle-orm";
import { expect, test } from "vitest";
import { Chat, ChatPage } from "../../../src/features/chat/schema.ts";
import { answerOnce } from "../../../src/features/operations/service.ts";
import { idempotencyKeys } from "../../../src/features/operations/tables.ts";
import { AppError } from "../../../src/lib/errors.ts";
import { newId } from "../../../src/lib/ids.ts";
import { call, callFor, problemOf } from "../../support/api.ts";
import { connectAs } from "../../support/database.ts";
import { newUser, type TestUser, userCtx } from "../../support/users.ts";

function post(user: TestUser, key: string, title: string): Promise<Response> {
  return call("POST", "/api/v1/chats", { as: user, body: { title }, headers: { "idempotency-key": key } });
}

function once(key: string, text = "{}", resumable = false) {
  return { key, operation: "POST /api/v1/things", body: new TextEncoder().encode(text), resumable };
}

test("a repeated key has its effect once and gets the first answer again", async () => {
  const user = await newUser(env);
  const first = await post(user, "order-1", "Garden");
  const again = await post(user, "order-1", "Garden");
  expect(again.status).toBe(201);
  expect(again.headers.get("etag")).toBe(first.headers.get("etag"));
  expect(Chat.parse(await again.json())).toEqual(Chat.parse(await first.json()));
  expect((await callFor(ChatPage, "GET", "/chats", { as: user })).data).toHaveLength(1);
});

test("the same key with another body or on another path is refused", async () => {
  const user = await newUser(env);
  const chat = Chat.parse(await (await post(user, "order-2", "Garden")).json());
  expect(await problemOf(await post(user, "order-2", "Kitchen"))).toMatchObject({
    status: 422,
    code: "idempotency_mismatch",
  });
  const elsewhere = await call("POST", `/api/v1/chats/${chat.id}/messages`, {
    as: user,
    body: { title: "Garden", content: "x" },
    headers: { "idempotency-key": "order-2" },
  });
  expect(await problemOf(elsewhere)).toMatchObject({ code: "idempotency_mismatch" });
});

test("two people may use the same key", async () => {
  const [one, other] = [await newUser(env), await newUser(env)];
  const made = [await post(one, "1", "Mine"), await post(other, "1", "Hers")];
  expect(made.map(({ status }) => status)).toEqual([201, 201]);
});

test("requests that race with one key have one effect between them", async () => {
  const user = await newUser(env);
  const answers = await Promise.all(Array.from({ length: 8 }, () => post(user, "race", "Once")));
  for (const answer of answers) {
    if (answer.status === 201) continue;
    expect(await problemOf(answer)).toMatchObject({ status: 409, code: "conflict" });
    expect(answer.headers.get("retry-after")).toBe("2");
  }
  expect(answers.filter(({ status }) => status === 201).length).toBeGreaterThan(0);
  expect((await callFor(ChatPage, "GET", "/chats", { as: user })).data).toHaveLength(1);
});

test("a request that died halfway is repeated after its lock, and makes the same thing", async () => {
  const user = await newUser(env);
  const ids: string[] = [];
  const dies = answerOnce(userCtx(env, user), once("dies"), (id) => {
    ids.push(id);
    return new Promise(() => {});
  });
  void dies;
  while (ids.length === 0) await scheduler.wait(1);
  const blocked = answerOnce(userCtx(env, user), once("dies"), async () => new Response("{}"));
  await expect(blocked).rejects.toMatchObject({ code: "conflict" });
  const later = userCtx(env, user, { nowMs: Date.now() + 10 * 60_000 });
  const answer = await answerOnce(later, once("dies"), async (id) => {
    ids.push(id);
    return Response.json({ id });
  });
  expect(await answer.json()).toEqual({ id: ids[0] });
  expect(ids[1]).toBe(ids[0]);
});

test("a request that failed may be repeated at once", async () => {
  const user = await newUser(env);
  const failing = answerOnce(userCtx(env, user), once("fails"), async () => {
    throw new AppError("database_unavailable");
  });
  await expect(failing).rejects.toMatchObject({ code: "database_unavailable" });
  const answer = await answerOnce(userCtx(env, user), once("fails"), async () => new Response("done"));
  expect(await answer.text()).toBe("done");
});

test("a resumable request runs beside its first run, with the same id", async () => {
  const user = await newUser(env);
  const ids: string[] = [];
  void answerOnce(userCtx(env, user), once("turn", "{}", true), (id) => {
    ids.push(id);
    return new Promise(() => {});
  });
  while (ids.length === 0) await scheduler.wait(1);
  const answer = await answerOnce(userCtx(env, user), once("turn", "{}", true), async (id) =>
    Response.json({ id }),
  );
  expect(await answer.json()).toEqual({ id: ids[0] });
});

test("after a day the key may be used for something else, and makes something else", async () => {
  const user = await newUser(env);
  const run = async (id: string) => new Response(id);
  const first = await answerOnce(userCtx(env, user), once("daily", "1"), run);
  const tomorrow = userCtx(env, user, { nowMs: Date.now() + 25 * 3600_000 });
  const second = await answerOnce(tomorrow, once("daily", "2"), run);
  expect(await second.text()).not.toBe(await first.text());
});

test("stored answers are enveloped, and keys are not stored at all", async () => {
  const user = await newUser(env);
  const key = `canary-key-${newId()}`;
  await post(user, key, "canary-title");
  const rows = await connectAs(env, "postgres")
    .select()
    .from(idempotencyKeys)
    .where(eq(idempotencyKeys.userId, user.userId));
  expect(rows).toHaveLength(1);
  const dump = JSON.stringify(
    rows.map((row) => ({ ...row, answer: Buffer.from(row.answer!).toString("latin1") })),
  );
  expect(dump).not.toContain("canary");
});

test("a key that is empty or not printable is refused", async () => {
  const user = await newUser(env);
  for (const key of [" ", "a b", "é", "x".repeat(256)]) {
    expect(await problemOf(await post(user, key, "x")), key).toMatchObject({
      status: 400,
      code: "bad_request",
    });
  }
});
