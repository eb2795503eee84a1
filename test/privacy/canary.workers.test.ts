/**
 * Privacy rule 1 as a test: what a person wrote, said or stored is never at rest in the clear. Canaries go through every
 * feature; then every table, every hub and every object is read raw, and every log line and data point too. A new store
 * or log line is covered as soon as a feature here reaches it: extend this flow with each feature.
 */
import { env } from "cloudflare:workers";
import { afterAll, beforeAll, expect, inject, test, vi } from "vitest";
import type { UserHub } from "../../durable-objects/user-hub/index.ts";
import { Document } from "../../src/features/knowledge/schema.ts";
import { newId } from "../../src/lib/ids.ts";
import { readEnv } from "../../src/platform/env.ts";
import { portsOf } from "../../src/ports.ts";
import { agentsWith } from "../support/agents-with-canaries.ts";
import { call, callFor } from "../support/api.ts";
import { disguised, findCanaries, newCanary, type Resting } from "../support/canary.ts";
import { ringAlarm } from "../support/hub.ts";
import { newColleague } from "../support/intruders.ts";
import { deliver, documentOf, ingested, messageFor, newCollection, replaced } from "../support/knowledge.ts";
import { scriptModel } from "../support/model.ts";
import { shared } from "../support/sharing.ts";
import { connect, upgrade } from "../support/socket.ts";
import { allStores } from "../support/stores.ts";
import { newUser, PASSWORD } from "../support/users.ts";

/** One canary for each place a person's words enter. */
const canaries = Object.fromEntries(
  [
    "message",
    "answer",
    "row from the device",
    "tool input",
    "instruction",
    "client history",
    "client context",
    "approval note",
    "refused approval note",
    "app name",
    "time zone",
    "locale",
    "agent id",
    "device error",
    "device info",
    "scope row",
    "failing message",
    "cancelled message",
    "chat title",
    "changed chat title",
    "message by hand",
    "changed message",
    "text to embed",
    "collection name",
    "collection description",
    "document title",
    "document text",
    "document metadata",
    "changed metadata",
    "search filter",
    "replaced title",
    "replaced text",
    "file's title",
    "file's name",
    "file's text",
    "address",
    "address that fails",
    "name of a server",
    "searched knowledge",
    "question to documents",
    "question of a colleague",
    "answer from documents",
    "event",
    "agent name",
    "agent description",
    "agent prompt",
    "agent capability",
    "agent schema",
    "changed agent prompt",
    "agent input",
    "agent row",
    "agent code",
    "agent code input",
    "agent result",
    "agent search",
    "user agent",
    "password",
    "unknown path",
    "query",
    "searched words",
    "broken body",
    "idempotency key",
    "broken frame",
    "request id",
  ].map((name) => [name, newCanary()]),
);

const text = (name: string) => {
  const canary = canaries[name];
  if (!canary) throw new Error(`no canary is called ${name}`);
  return disguised(canary);
};
const word = (name: string) => canaries[name] ?? "";

const lines: Resting[] = [];
const points: Resting[] = [];

beforeAll(() => {
  const writeDataPoint = (point: AnalyticsEngineDataPoint) =>
    points.push({ place: "data point", bytes: Buffer.from(JSON.stringify(point)) });
  Object.assign(env, { ANALYTICS: { writeDataPoint } });
  for (const level of ["log", "info", "warn", "error", "debug"] as const) {
    vi.spyOn(console, level).mockImplementation((...parts) => {
      lines.push({
        place: `log line ${parts.join(" ").slice(0, 300)}`,
        bytes: Buffer.from(parts.map(String).join(" ")),
      });
    });
  }
});

afterAll(() => vi.restoreAllMocks());

const use = (name: string, input: Record<string, unknown>) => ({
  content: [{ type: "tool_use" as const, name, input }],
});
const say = (name: string) => ({ content: [{ type: "text" as const, text: text(name) }] });

async function connected(user: Awaited<ReturnType<typeof newUser>>) {
  const socket = await connect(user);
  socket.close();
  const again = await connect(user, { deviceId: socket.deviceId, timezone: `Mars/${word("time zone")}` });
  again.answer = ({ action, data }) => {
    if (action === "get") return { row: { id: "s1", title: text("scope row"), status: "todo" } };
    if (action === "select")
      return { rows: [{ id: "t1", title: text("row from the device"), status: "todo" }] };
    if (action === "delete") return { deleted: true };
    if (action === "update") return { error: { code: "broken", message: text("device error") } };
    return { row: { ...data, id: newId() } };
  };
  again.listener = (frame) => {
    if (frame.type !== "data_request") return;
    again.send({ type: "data_response", id: frame.id, data: { name: text("device info") } });
  };
  return again;
}

test("the search finds what does rest in the clear: ids in the hub and in tables, and a log line", async () => {
  const user = await newUser(env);
  const device = await connect(user);
  const id = newCanary();
  await scriptModel(id, [{ content: [{ type: "text", text: "Hello." }] }]);
  device.send({ type: "home_request", request_id: id, message: `Hello ${id}` });
  await device.end(id);
  console.log(id);
  const places = async () => findCanaries({ id }, [...(await allStores()), ...lines]).join("\n");
  await expect.poll(places).toMatch(/plain in table public\.messages/);
  expect(await places()).toMatch(/plain in hub table turns/);
  expect(await places()).toMatch(/plain in log line/);
});

test("no canary is at rest while a turn is open, after turns, chats and refusals, in any store or log line", async () => {
  const user = await newUser(env);
  const device = await connected(user);

  // A turn that waits for a person is the moment when most is at rest.
  const parked = newId();
  await scriptModel(parked, [
    use("task", { agent: "tasks", instruction: `${parked} ${text("instruction")}` }),
    {
      content: [
        ...use("list_tasks", {}).content,
        ...use("create_task", { title: text("tool input") }).content,
      ],
    },
    use("update_task", { taskId: "t1", title: text("tool input") }),
    use("delete_task", { taskId: "t1" }),
    say("answer"),
    say("answer"),
  ]);
  const turn = device.ask(`${parked} ${text("message")}`);
  const approval = await device.frame("approval_request");
  expect(findCanaries(canaries, await allStores())).toEqual([]);
  device.send({ type: "approve", approval_id: approval.approval_id, note: text("approval note") });
  expect(await device.end(turn)).toMatchObject({ status: "done" });

  const refused = newId();
  await scriptModel(refused, [
    use("task", { agent: "tasks", instruction: refused }),
    use("delete_task", { taskId: "t1" }),
    say("answer"),
    say("answer"),
  ]);
  const second = device.ask(refused, {
    conversation_history: [{ role: "user", content: text("client history") }],
  });
  const asked = await device.frame("approval_request", 2);
  device.send({ type: "reject", approval_id: asked.approval_id, note: text("refused approval note") });
  await device.end(second);

  const scoped = newId();
  await scriptModel(scoped, [say("answer")]);
  device.send({
    type: "floating_request",
    request_id: scoped,
    message: `${scoped} ${text("message")}`,
    scope: { type: "task", id: "s1" },
  });
  await device.end(scoped);

  const failing = newId();
  await scriptModel(failing, [{ content: [], stopReason: "refusal" }]);
  await device.end(device.ask(`${failing} ${text("failing message")}`));

  const slow = newId();
  await scriptModel(slow, [{ content: [{ type: "text", chunks: ["a", "b", "c", "d"] }], deltaDelayMs: 100 }]);
  const cancelled = device.ask(`${slow} ${text("cancelled message")}`);
  await device.frame("stream_text");
  device.send({ type: "cancel", request_id: cancelled });
  await device.end(cancelled);
  device.send(`{"type":"home_request","message":"${word("broken frame")}`);
  device.send({ type: word("broken frame"), message: text("broken frame") });
  await device.frame("error", 2);

  await overRest(user);
  await knowledge(user);
  const event = { id: newId(), collection_id: newId(), version: 1, status: word("event"), progress: 1 };
  await portsOf(readEnv<UserHub>(env)).publish(user, { topic: "documents", data: event });
  const isTold = () => device.all("event").some(({ data }) => data["status"] === word("event"));
  await device.until(isTold, "the event");
  await agentsWith(user, { text, word });
  const info = await call("GET", `/api/v1/devices/${device.deviceId}/info`, { as: user });
  expect(await info.text()).toContain(word("device info"));
  await device.until(() => device.all("stream_end").length >= 5, "five ends");
  // The outbox has flushed when the newest chat has its messages.
  await expect
    .poll(async () => {
      const response = await call("GET", "/api/v1/chats", { as: user });
      return ((await response.json()) as { data: unknown[] }).data.length;
    })
    .toBeGreaterThanOrEqual(4);
  await searchedAndRecorded(user);

  expect(findCanaries(canaries, await allStores())).toEqual([]);
  expect(lines.length).toBeGreaterThan(0);
  expect(findCanaries(canaries, lines)).toEqual([]);
  expect(points.length).toBeGreaterThanOrEqual(5);
  expect(findCanaries(canaries, points)).toEqual([]);
});

/** What is found by its words, and what turns asked of the device, is at rest too. */
async function searchedAndRecorded(user: Awaited<ReturnType<typeof newUser>>): Promise<void> {
  const list = async (path: string) => {
    const response = await call("GET", `/api/v1/${path}`, { as: user });
    return ((await response.json()) as { data: unknown[] }).data.length;
  };
  for (const name of ["answer", "changed chat title", "changed message"]) {
    expect(await list(`chats?q=${word(name)}`), name).toBeGreaterThan(0);
  }
  expect(await list(`chats?q=${word("searched words")}`)).toBe(0);
  await ringAlarm(user);
  await expect.poll(() => list("tool-executions?include=payloads")).toBeGreaterThanOrEqual(5);
}

/** A document that is found by its words, and one that cannot be read. */
async function knowledge(user: Awaited<ReturnType<typeof newUser>>): Promise<void> {
  const collection = await newCollection(user, {
    name: text("collection name"),
    description: text("collection description"),
  });
  const common = {
    collection_id: collection.id,
    title: text("document title"),
    metadata: { [word("document metadata")]: text("document metadata") },
  };
  const ready = await ingested(user, { ...common, content: text("document text") });
  expect(ready.status).toBe("ready");
  const search = async (query: string) => {
    const body = { collection_id: collection.id, query };
    return (await call("POST", "/api/v1/rag/search", { as: user, body })).text();
  };
  expect(await search(word("document text"))).toContain(ready.id);
  await search(text("searched knowledge"));
  const logged = async () => (await call("GET", "/api/v1/rag/queries?kind=search", { as: user })).text();
  await expect.poll(logged).toContain(word("searched knowledge"));
  const metadata = { [word("changed metadata")]: text("changed metadata") };
  await call("PATCH", `/api/v1/rag/documents/${ready.id}`, { as: user, body: { metadata } });
  const filter = { metadata: { ...metadata, [word("search filter")]: text("search filter") } };
  const filtered = { collection_id: collection.id, query: word("document text") };
  await call("POST", "/api/v1/rag/search", { as: user, body: { ...filtered, filter } });
  const fitting = await call("POST", "/api/v1/rag/search", {
    as: user,
    body: { ...filtered, filter: { metadata } },
  });
  expect(await fitting.text()).toContain(ready.id);
  const asked = newId();
  await scriptModel(asked, [
    { content: [{ type: "text", text: `FOUND\n${text("answer from documents")} [1]` }] },
  ]);
  const question = `${asked} ${word("document text")} ${text("question to documents")}`;
  const request = { collection_ids: [collection.id], question, rerank: true };
  const answered = await call("POST", "/api/v1/rag/query", { as: user, body: request });
  expect(await answered.text()).toContain(word("answer from documents"));
  const kept = await call("GET", "/api/v1/rag/queries", { as: user });
  expect(await kept.text()).toContain(word("question to documents"));
  const colleague = await newColleague(user);
  await shared(collection, { by: user, to: colleague, right: "read" });
  const theirs = `${word("document text")} ${text("question of a colleague")}`;
  const found = await call("POST", "/api/v1/rag/query", {
    as: colleague,
    body: { ...request, question: theirs },
  });
  expect(found.status).toBe(200);
  const log = await call("GET", "/api/v1/rag/queries", { as: colleague });
  expect(await log.text()).toContain(word("question of a colleague"));
  await replaced(user, ready, { title: text("replaced title"), content: text("replaced text") });
  expect(await search(word("replaced text"))).toContain(ready.id);
  const broken = `\u0000\u0001\u0002\u0003\u0004\u0005${text("document text")}`;
  expect((await ingested(user, { ...common, content: broken })).status).toBe("failed");
  await files(user, collection);
}

/** Sent as bytes, and fetched. */
async function files(user: Awaited<ReturnType<typeof newUser>>, { id }: { id: string }): Promise<void> {
  const query = new URLSearchParams({ collection_id: id, title: text("file's title") });
  const sent = await callFor(Document, "POST", `/rag/documents?${query}`, {
    as: user,
    bytes: text("file's text"),
    headers: { "content-type": "text/plain" },
  });
  const form = new FormData();
  form.set("collection_id", id);
  form.set("file", new Blob([text("file's text")]), `${word("file's name")}.txt`);
  const named = await callFor(Document, "POST", "/rag/documents", { as: user, bytes: form });
  const add = (url: string) =>
    callFor(Document, "POST", "/rag/documents", { as: user, body: { collection_id: id, url } });
  const fetched = await add(`http://${inject("web")}/says/${word("address")}`);
  for (const document of [sent, named, fetched]) {
    await deliver(messageFor(user, document));
    expect((await documentOf(user, document)).status).toBe("ready");
  }
  const failing = [
    await add(`http://${inject("web")}/missing/${word("address that fails")}`),
    await add(`https://${word("name of a server")}.example.com/`),
  ];
  for (const document of failing) {
    await deliver(messageFor(user, document));
    expect((await documentOf(user, document)).status).toBe("failed");
  }
}

async function overRest(user: Awaited<ReturnType<typeof newUser>>): Promise<void> {
  const json = async (response: Promise<Response>) => (await response).json() as Promise<{ id: string }>;
  const chatted = newId();
  await scriptModel(chatted, [say("answer")]);
  const answered = await call("POST", "/api/v1/chat", {
    as: user,
    body: {
      message: `${chatted} ${text("message")}`,
      context: { user_profile: { name: text("client context") }, recent_tasks: [text("client context")] },
    },
    headers: { "idempotency-key": word("idempotency key") },
  });
  expect(answered.status).toBe(200);
  const chat = await json(call("POST", "/api/v1/chats", { as: user, body: { title: text("chat title") } }));
  await call("PUT", `/api/v1/chats/${chat.id}`, { as: user, body: { title: text("changed chat title") } });
  const message = await json(
    call("POST", `/api/v1/chats/${chat.id}/messages`, {
      as: user,
      body: { content: text("message by hand") },
    }),
  );
  await call("PUT", `/api/v1/messages/${message.id}`, {
    as: user,
    body: { content: text("changed message") },
  });
  const embedded = await call("POST", "/api/v1/storage/vectors/embed", {
    as: user,
    body: { text: text("text to embed") },
  });
  expect(embedded.status).toBe(200);
  await call("POST", "/api/v1/auth/login", {
    body: { email: user.email, password: PASSWORD },
    headers: { "user-agent": word("user agent") },
  });
  await call("POST", "/api/v1/auth/login", { body: { email: user.email, password: text("password") } });
  await call("GET", `/api/v1/${word("unknown path")}?q=${word("query")}`, { as: user });
  await call("GET", `/api/v1/chats/${word("unknown path")}?cursor=${word("query")}`, { as: user });
  await call("POST", "/api/v1/chats", {
    as: user,
    body: { title: 1, [word("broken body")]: text("broken body") },
  });
  await call("GET", "/api/v1/health", {
    headers: { "x-request-id": word("request id"), traceparent: word("request id") },
  });
  await upgrade({ "sec-websocket-protocol": `adjutant.v3, bearer.${word("broken frame")}` });
}
