/** What a person sees and changes of their memory over REST: the hub makes each change, and every store agrees. */
import { env } from "cloudflare:workers";
import { eq } from "drizzle-orm";
import { expect, test } from "vitest";
import { Memory, MemoryPage } from "../../../src/features/memory/schema.ts";
import { loadMemory, saveMemories } from "../../../src/features/memory/service.ts";
import { auditLogs } from "../../../src/features/users/tables.ts";
import { newId } from "../../../src/lib/ids.ts";
import { call, callFor, problemOf } from "../../support/api.ts";
import { connectAs } from "../../support/database.ts";
import { evictHub, ringAlarm } from "../../support/hub.ts";
import { newUser, type TestUser, userCtx } from "../../support/users.ts";
import { episode, fact, pattern, START_MS, statement } from "./items.ts";

const PATH = "/api/v1/memory";

function outbox(user: TestUser) {
  return userCtx(env, user, { actor: { kind: "system", job: "outbox", userId: user.userId } });
}

/** As an earlier hub of theirs left it. */
async function remembering(...items: ReturnType<typeof fact>[]): Promise<TestUser> {
  const user = await newUser(env);
  await saveMemories(
    outbox(user),
    items.map((item) => ({ kind: "insert", item })),
  );
  return user;
}

async function stored(user: TestUser) {
  return (await loadMemory(outbox(user), { limit: 100 })).memories.map(({ item }) => item);
}

function list(as: TestUser, query = "") {
  return callFor(MemoryPage, "GET", `/memory${query}`, { as });
}

async function events(user: TestUser) {
  const rows = await connectAs(env, "postgres")
    .select()
    .from(auditLogs)
    .where(eq(auditLogs.tenantId, user.tenantId));
  return rows
    .map(({ event, actorKind }) => `${event} by ${actorKind}`)
    .filter((each) => each.startsWith("memory"))
    .toSorted();
}

test("a fact is written, read, replaced with its version, and forgotten with its history", async () => {
  const user = await newUser(env);
  const response = await call("PUT", `${PATH}/core/Time%20zone`, {
    as: user,
    body: { value: "Europe/Berlin" },
  });
  expect(response.headers.get("etag")).toBe('"1"');
  expect(Memory.parse(await response.json())).toMatchObject({
    tier: "core",
    key: "time_zone",
    text: "Europe/Berlin",
    provenance: { source: "user" },
  });
  const put = (value: string, etag: string) =>
    call("PUT", `${PATH}/core/time_zone`, { as: user, body: { value }, headers: { "if-match": etag } });
  expect(await problemOf(await put("Europe/Paris", '"7"'))).toMatchObject({
    status: 412,
    code: "precondition_failed",
  });
  expect((await put("Europe/Paris", '"1"')).status).toBe(200);
  expect((await list(user, "?tier=core")).data.map(({ text }) => text)).toEqual(["Europe/Paris"]);
  expect((await stored(user)).length).toBe(2);
  expect((await call("DELETE", `${PATH}/core/time_zone`, { as: user })).status).toBe(204);
  expect(await stored(user)).toEqual([]);
  expect(await events(user)).toEqual([
    "memory.erased by user",
    "memory.written by user",
    "memory.written by user",
  ]);
  const again = await call("DELETE", `${PATH}/core/time_zone`, { as: user });
  expect(await problemOf(again)).toMatchObject({ status: 404 });
});

test("an item is corrected with its version, vouched for by the person, and found by its new words only", async () => {
  const item = statement("The landlord is called Okonkwo");
  const user = await remembering(item);
  const patch = (text: string, etag: string) =>
    call("PATCH", `${PATH}/associative/${item.id}`, {
      as: user,
      body: { text },
      headers: { "if-match": etag },
    });
  expect(await problemOf(await patch("x", '"3"'))).toMatchObject({ status: 412 });
  const edited = await patch("The landlord is called Persson", '"1"');
  expect(edited.headers.get("etag")).toBe('"2"');
  expect(Memory.parse(await edited.json())).toMatchObject({
    provenance: { source: "user" },
    confidence: 1,
    version: 2,
  });
  expect((await list(user, "?q=Persson")).data.map(({ id }) => id)).toEqual([item.id]);
  expect((await list(user, "?q=Okonkwo")).data).toEqual([]);
  expect(await events(user)).toEqual(["memory.edited by user"]);
});

test("a fact is corrected by its id, in its version, and its old value is gone", async () => {
  const [item, history] = [fact("boat", "Aurora"), fact("boat", "Zora", { validTo: START_MS })];
  const user = await remembering(item, history);
  const patch = (id: string, text: string, etag = '"1"') =>
    call("PATCH", `${PATH}/core/${id}`, { as: user, body: { text }, headers: { "if-match": etag } });
  expect(await problemOf(await patch(item.id, "x", '"3"'))).toMatchObject({ status: 412 });
  expect(await problemOf(await patch(history.id, "x"))).toMatchObject({ status: 404 });
  expect(await problemOf(await patch(newId(), "x"))).toMatchObject({ status: 404 });
  expect(await problemOf(await patch(item.id, "x".repeat(501)))).toMatchObject({ status: 422 });
  const edited = await patch(item.id, "Minerva");
  expect(edited.headers.get("etag")).toBe('"2"');
  expect(Memory.parse(await edited.json())).toMatchObject({
    key: "boat",
    text: "Minerva",
    provenance: { source: "user" },
  });
  expect((await list(user, "?tier=core")).data.map(({ text }) => text)).toEqual(["Minerva"]);
  expect(JSON.stringify(await stored(user))).not.toContain("Aurora");
  const put = { as: user, body: { value: "Fortuna" } };
  expect(await callFor(Memory, "PUT", "/memory/core/boat", put)).toMatchObject({ text: "Fortuna" });
  expect((await list(user, "?tier=core")).data).toHaveLength(1);
});

test("a habit names the turns that show it, and what was learnt its turn, each with its chat", async () => {
  const chats = [newId(), newId()];
  const said = [chats[0], chats[1], undefined].map((chatId) =>
    episode("Asked for invoices.", {
      body: { tier: "episodic", summary: "Asked for invoices.", ...(chatId === undefined ? {} : { chatId }) },
    }),
  );
  const [first = "", ...others] = said.map(({ provenance }) => provenance.requestId ?? "");
  const habit = pattern("Asks for invoices", {
    provenance: { source: "consolidation", requestId: null, quote: null, turns: [first, ...others] },
  });
  const learnt = statement("Likes tea", {
    provenance: { source: "turn", requestId: first, quote: "I like tea", turns: others },
  });
  const user = await remembering(...said, habit, learnt);
  const turns = [
    { request_id: first, chat_id: chats[0] },
    { request_id: others[0], chat_id: chats[1] },
    { request_id: others[1], chat_id: null },
  ];
  const shown = async (query: string) => (await list(user, query)).data[0]?.provenance;
  expect(await shown("?tier=proactive")).toEqual({
    source: "consolidation",
    request_id: null,
    chat_id: null,
    quote: null,
    turns,
  });
  const origin = { request_id: first, chat_id: chats[0], quote: "I like tea", turns: turns.slice(1) };
  expect(await shown("?tier=associative")).toMatchObject(origin);
  expect(await shown("?q=tea")).toMatchObject(origin);
  const own = (await list(user, "?tier=episodic")).data.map(({ provenance }) => provenance.chat_id);
  expect(new Set(own)).toEqual(new Set([...chats, null]));
  const path = `/memory/proactive/${habit.id}/dismiss`;
  expect(await callFor(Memory, "POST", path, { as: user })).toMatchObject({ provenance: { turns } });
});

test("what is searched for is found in its other forms, and as a part of a word", async () => {
  const items = [
    statement("Der Hund heißt Bello"),
    statement("Isst gern Käsespätzle"),
    statement("毎月請求書を送る"),
    statement("Hundert Euro im Monat"),
  ];
  const user = await remembering(...items);
  const found = async (q: string) =>
    (await list(user, `?q=${encodeURIComponent(q)}`)).data.map(({ text }) => text);
  expect((await found("Hunde"))[0]).toBe("Der Hund heißt Bello");
  expect(await found("Spätzle")).toEqual(["Isst gern Käsespätzle"]);
  expect(await found("kasespatzle")).toEqual(["Isst gern Käsespätzle"]);
  expect(await found("請求")).toEqual(["毎月請求書を送る"]);
  expect(await found("Zebra")).toEqual([]);
});

test("facts for which there is no room in a prompt are refused, and shorter ones taken", async () => {
  const known = Array.from({ length: 8 }, (_, at) => fact(`fact_${at}`, "x".repeat(480)));
  const user = await remembering(...known);
  const put = (key: string, value: string) =>
    call("PUT", `${PATH}/core/${key}`, { as: user, body: { value } });
  const refused = await problemOf(await put("more", "y".repeat(200)));
  expect(refused).toMatchObject({ status: 409, code: "conflict" });
  expect(refused.detail).toContain("4096 bytes");
  const longer = await call("PATCH", `${PATH}/core/${known[0]!.id}`, {
    as: user,
    body: { text: "y".repeat(500) },
  });
  expect(longer.status).toBe(200);
  expect((await put("fact_1", "y".repeat(500))).status).toBe(200);
  expect((await put("fact_2", "short")).status).toBe(200);
  expect((await put("more", "y".repeat(200))).status).toBe(200);
  expect((await stored(user)).filter(({ body }) => body.tier === "core" && body.key === "more")).toHaveLength(
    1,
  );
});

test("a tier that is not the item's, and words that its tier cannot hold, are refused", async () => {
  const item = statement("Likes tea");
  const user = await remembering(item);
  const wrong = await call("PATCH", `${PATH}/episodic/${item.id}`, { as: user, body: { text: "x" } });
  expect(await problemOf(wrong)).toMatchObject({ status: 404 });
  const long = await call("PATCH", `${PATH}/associative/${item.id}`, {
    as: user,
    body: { text: "x".repeat(501) },
  });
  expect(await problemOf(long)).toMatchObject({ status: 422, code: "validation_failed" });
  expect(await stored(user)).toEqual([item]);
});

test("what is deleted is in no store any more when that is answered, and it is recorded who did it", async () => {
  const [one, two] = [statement("one"), episode("two")];
  const user = await remembering(one, two, fact("three", "3"));
  expect((await call("DELETE", `${PATH}/associative/${one.id}`, { as: user })).status).toBe(204);
  expect((await stored(user)).map(({ id }) => id)).not.toContain(one.id);
  expect((await call("DELETE", PATH, { as: user })).status).toBe(204);
  expect(await stored(user)).toEqual([]);
  expect((await list(user)).data).toEqual([]);
  expect(await events(user)).toEqual(["memory.erased by user", "memory.erased by user"]);
});

test("what was forgotten is not found again, not even by a hub that starts anew", async () => {
  const [gone, kept] = [statement("The landlord is called Olsson"), statement("The plumber is called Berg")];
  const user = await remembering(gone, kept);
  const found = async (q: string) => (await list(user, `?q=${q}`)).data.map(({ id }) => id);
  expect(await found("landlord")).toEqual([gone.id]);
  expect((await call("DELETE", `${PATH}/associative/${gone.id}`, { as: user })).status).toBe(204);
  await evictHub(user);
  // A change has the new hub bring to the database whatever it still holds.
  expect((await call("PUT", `${PATH}/core/name`, { as: user, body: { value: "Ada" } })).status).toBe(200);
  await ringAlarm(user);
  expect(await found("landlord")).toEqual([]);
  expect((await stored(user)).map(({ id }) => id)).not.toContain(gone.id);
  expect(await found("plumber")).toEqual([kept.id]);
});

test("a dismissed pattern is listed no more, and stays in the export", async () => {
  const item = pattern("Reviews invoices on Mondays");
  const user = await remembering(item);
  const dismiss = () => callFor(Memory, "POST", `/memory/proactive/${item.id}/dismiss`, { as: user });
  const { dismissed_at } = await dismiss();
  expect(dismissed_at).not.toBeNull();
  expect((await dismiss()).dismissed_at).toBe(dismissed_at);
  expect((await list(user)).data).toEqual([]);
  expect(await events(user)).toEqual(["memory.dismissed by user"]);
  const exported = await callFor(MemoryPage, "GET", "/memory/export", { as: user });
  expect(exported.data.map(({ id }) => id)).toEqual([item.id]);
});

test("another person's items are not there, and stay as they are", async () => {
  const [item, habit, known] = [statement("mine"), pattern("mine too"), fact("boat", "Aurora")];
  const owner = await remembering(item, habit, known);
  const stranger = await newUser(env);
  const tries = [
    call("PATCH", `${PATH}/associative/${item.id}`, { as: stranger, body: { text: "theirs" } }),
    call("DELETE", `${PATH}/associative/${item.id}`, { as: stranger }),
    call("PATCH", `${PATH}/core/${known.id}`, { as: stranger, body: { text: "theirs" } }),
    call("POST", `${PATH}/proactive/${habit.id}/dismiss`, { as: stranger }),
  ];
  for (const each of tries)
    expect(await problemOf(await each)).toMatchObject({ status: 404, code: "not_found" });
  expect((await call("DELETE", PATH, { as: stranger })).status).toBe(204);
  expect(await stored(owner)).toEqual(expect.arrayContaining([item, habit, known]));
  expect(await events(stranger)).toEqual([]);
});

test("a member who may only read sees their memory and changes nothing", async () => {
  const user = await newUser(env, { role: "readonly" });
  expect((await list(user)).data).toEqual([]);
  for (const [method, path] of [
    ["PUT", "/core/name"],
    ["DELETE", "/core/name"],
    ["DELETE", ""],
  ] as const) {
    const refused = await call(method, `${PATH}${path}`, {
      as: user,
      ...(method === "PUT" ? { body: { value: "x" } } : {}),
    });
    expect(await problemOf(refused)).toMatchObject({ status: 403 });
  }
});

test("deleting and exporting need a session that is alive", async () => {
  const user = await newUser(env);
  await call("DELETE", `/api/v1/auth/sessions/${user.sessionId}`, { as: user });
  for (const [method, path] of [
    ["DELETE", ""],
    ["GET", "/export"],
    ["DELETE", `/episodic/${newId()}`],
  ] as const) {
    expect(await problemOf(await call(method, `${PATH}${path}`, { as: user }))).toMatchObject({
      code: "session_revoked",
    });
  }
});
