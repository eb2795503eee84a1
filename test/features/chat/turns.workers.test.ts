/** Turns over JSON and server-sent events, against the real hub, with the model stand-in and a device on a socket. */
import { env } from "cloudflare:workers";
import { expect, test } from "vitest";
import { Chat, ChatPage, MessagePage, TurnAnswer } from "../../../src/features/chat/schema.ts";
import { newId } from "../../../src/lib/ids.ts";
import { call, callFor, problemOf } from "../../support/api.ts";
import { breakModel, modelRequests, scriptModel } from "../../support/model.ts";
import { connect } from "../../support/socket.ts";
import { newUser, type TestUser } from "../../support/users.ts";

/** A message that the stand-in's scripts can tell from every other test's. */
function marked(text: string): { message: string; mark: string } {
  const mark = `mark-${newId()}`;
  return { message: `${text} (${mark})`, mark };
}

const say = (text: string) => ({ content: [{ type: "text" as const, chunks: [text] }] });
const use = (name: string, input: Record<string, unknown>) => ({
  content: [{ type: "tool_use" as const, name, input }],
});

interface SseEvent {
  id: string | undefined;
  event: string;
  data: Record<string, unknown>;
}

function parseSse(text: string): SseEvent[] {
  return text
    .split("\n\n")
    .filter((block) => block !== "")
    .map((block) => {
      const fields = new Map(
        block
          .split("\n")
          .map((line) => [line.slice(0, line.indexOf(":")), line.slice(line.indexOf(":") + 2)]),
      );
      return {
        id: fields.get("id"),
        event: fields.get("event") ?? "",
        data: JSON.parse(fields.get("data") ?? "null"),
      };
    });
}

function ask(user: TestUser, body: unknown, headers: Record<string, string> = {}): Promise<Response> {
  return call("POST", "/api/v1/chat", { as: user, body, headers });
}

test("a question over JSON is answered, and the exchange is kept as a chat", async () => {
  const user = await newUser(env);
  const { message, mark } = marked("What can you do?");
  await scriptModel(mark, [say("I can look after your tasks.")]);
  const answer = await callFor(TurnAnswer, "POST", "/chat", { as: user, body: { message } });
  expect(answer).toMatchObject({ response: "I can look after your tasks.", status: "done", mutations: [] });
  expect(answer.usage.model_calls).toBe(1);
  const chatId = answer.chat_id!;
  const { data: chats } = await callFor(ChatPage, "GET", "/chats", { as: user });
  expect(chats).toMatchObject([{ id: chatId }]);
  expect(chats[0]?.title).toContain("What can you do?");
  const { data } = await callFor(MessagePage, "GET", `/chats/${chatId}/messages`, { as: user });
  expect(data).toMatchObject([
    { role: "user", content: message, request_id: answer.request_id, usage: null },
    { role: "assistant", content: answer.response, request_id: answer.request_id, status: "done" },
  ]);
  expect(data[1]?.usage).toEqual(answer.usage);
});

test("the connected device does the tool calls of a turn over JSON", async () => {
  const user = await newUser(env);
  const device = await connect(user);
  const { message, mark } = marked("Add a task to buy milk");
  await scriptModel(mark, [
    use("task", { agent: "tasks", instruction: `Create the task Buy milk ${mark}` }),
    use("create_task", { title: "Buy milk" }),
    say("Created."),
    say("I added it."),
  ]);
  device.answer = ({ data }) => ({ row: { id: "t1", ...data, createdAt: 1, updatedAt: 1 } });
  const answer = await callFor(TurnAnswer, "POST", "/chat", { as: user, body: { message } });
  expect(answer).toMatchObject({
    response: "I added it.",
    mutations: [{ action: "insert", table: "tasks", id: "t1", data: { title: "Buy milk" } }],
  });
  expect(device.all("tool_call")).toHaveLength(1);
  device.close();
});

test("without a device the model is told, and the person gets an answer all the same", async () => {
  const user = await newUser(env);
  const { message, mark } = marked("How many open tasks do I have?");
  await scriptModel(mark, [say("Your device is offline, so I cannot look.")]);
  const answer = await callFor(TurnAnswer, "POST", "/chat", { as: user, body: { message } });
  expect(answer.response).toContain("offline");
  const [request] = await modelRequests(mark);
  expect(request?.rawBody).toContain("device is offline");
});

test("the same turn as server-sent events: every frame once, with generation and number as its id", async () => {
  const user = await newUser(env);
  const { message, mark } = marked("Tell me something");
  await scriptModel(mark, [say("Something.")]);
  const response = await ask(user, { message }, { accept: "text/event-stream" });
  expect(response.headers.get("content-type")).toBe("text/event-stream");
  const events = parseSse(await response.text());
  expect(events.map(({ id }) => id)).toEqual(events.map((_, index) => `1.${index + 1}`));
  expect(events[0]?.event).toBe("stream_start");
  expect(events.at(-1)).toMatchObject({ event: "stream_end", data: { status: "done" } });
  const texts = events.filter(({ event }) => event === "stream_text").map(({ data }) => data["chunk"]);
  expect(texts.join("")).toBe("Something.");
});

test("a repeated Idempotency-Key takes up the same turn: over events from where the client stopped, over JSON whole", async () => {
  const user = await newUser(env);
  const { message, mark } = marked("Tell me a story");
  await scriptModel(mark, [say("Once upon a time.")]);
  const headers = { "idempotency-key": "story", accept: "text/event-stream" };
  const first = parseSse(await (await ask(user, { message }, headers)).text());
  const again = parseSse(await (await ask(user, { message }, { ...headers, "last-event-id": "1.1" })).text());
  expect(again.map(({ id }) => id)).toEqual(first.slice(1).map(({ id }) => id));
  const json = await ask(user, { message }, { "idempotency-key": "story" });
  const answer = TurnAnswer.parse(await json.json());
  expect(answer).toMatchObject({ response: "Once upon a time.", request_id: first[0]?.data["request_id"] });
  expect(await (await ask(user, { message }, { "idempotency-key": "story" })).json()).toEqual(answer);
  expect(await modelRequests(mark)).toHaveLength(1);
  const other = await ask(user, { message: "Another one" }, { "idempotency-key": "story" });
  expect(await problemOf(other)).toMatchObject({ code: "idempotency_mismatch" });
});

test("a client that leaves does not stop the turn", async () => {
  const user = await newUser(env);
  const { message, mark } = marked("Work on");
  await scriptModel(mark, [say("Done without you.")]);
  const headers = { "idempotency-key": "leaver", accept: "text/event-stream" };
  const response = await ask(user, { message }, headers);
  await response.body?.cancel();
  const back = parseSse(await (await ask(user, { message }, headers)).text());
  expect(back.at(-1)).toMatchObject({ event: "stream_end", data: { status: "done" } });
  expect(await modelRequests(mark)).toHaveLength(1);
});

test("an exchange goes on in its chat, which the model has read, corrections included", async () => {
  const user = await newUser(env);
  const one = marked("My cat is called Murr");
  await scriptModel(one.mark, [say("A fine name.")]);
  const first = await callFor(TurnAnswer, "POST", "/chat", { as: user, body: { message: one.message } });
  const { data } = await callFor(MessagePage, "GET", `/chats/${first.chat_id}/messages`, { as: user });
  const corrected = { content: "My cat is called Felix" };
  await call("PUT", `/api/v1/messages/${data[0]?.id}`, { as: user, body: corrected });
  const two = marked("What is its name?");
  await scriptModel(two.mark, [say("Felix.")]);
  const path = `/messages/${first.chat_id}/exchange`;
  const second = await callFor(TurnAnswer, "POST", path, { as: user, body: { message: two.message } });
  expect(second).toMatchObject({ response: "Felix.", chat_id: first.chat_id });
  const [request] = await modelRequests(two.mark);
  const read = request?.rawBody ?? "";
  expect(read).toContain("called Felix");
  expect(read).not.toContain("called Murr");
});

test("earlier messages and what the client knows reach the model", async () => {
  const user = await newUser(env);
  const { message, mark } = marked("And now?");
  await scriptModel(mark, [say("Now the garden.")]);
  const context = {
    user_profile: { nickname: "Gardener of Weimar" },
    recent_tasks: ["Prune the quince"],
    conversation_history: [
      { role: "user", content: "First the kitchen." },
      { role: "assistant", content: "The kitchen is done." },
    ],
  };
  await callFor(TurnAnswer, "POST", "/chat", { as: user, body: { message, context } });
  const [request] = await modelRequests(mark);
  const read = request?.rawBody ?? "";
  expect(read).toContain("First the kitchen.");
  expect(read).toContain("Gardener of Weimar");
  expect(read).toContain("Prune the quince");
});

test("a chat of somebody else's, or none, is not found, and no turn starts", async () => {
  const [owner, stranger] = [await newUser(env), await newUser(env)];
  const chat = await callFor(Chat, "POST", "/chats", { as: owner, body: { title: "Mine" } });
  const { message, mark } = marked("Let me in");
  for (const chatId of [chat.id, newId()]) {
    const inBody = await ask(stranger, { message, chat_id: chatId });
    expect(await problemOf(inBody)).toMatchObject({ status: 404, code: "not_found" });
    const inPath = await call("POST", `/api/v1/messages/${chatId}/exchange`, {
      as: stranger,
      body: { message },
    });
    expect(await problemOf(inPath)).toMatchObject({ status: 404, code: "not_found" });
  }
  expect(await modelRequests(mark)).toEqual([]);
});

test("a model that cannot be had is a problem of its own, over JSON and as the end of the events", async () => {
  const user = await newUser(env);
  const { message, mark } = marked("Anybody there?");
  const unauthorized = { type: "authentication_error", message: "no such key" };
  await breakModel([{ match: mark, times: 8, kind: "status", status: 401, ...unauthorized }]);
  const json = await problemOf(await ask(user, { message }));
  expect(json.status).toBeGreaterThanOrEqual(500);
  const events = parseSse(await (await ask(user, { message }, { accept: "text/event-stream" })).text());
  expect(events.at(-1)).toMatchObject({ event: "stream_end", data: { status: "failed" } });
});

test("a reader may not start turns, and an empty message is bad input", async () => {
  const reader = await newUser(env, { role: "readonly" });
  expect(await problemOf(await ask(reader, { message: "Hello" }))).toMatchObject({
    status: 403,
    code: "forbidden",
  });
  const user = await newUser(env);
  for (const body of [
    {},
    { message: "" },
    { message: "x", chat_id: "1" },
    { message: "x", context: { user_profile: 1 } },
  ]) {
    expect(await problemOf(await ask(user, body))).toMatchObject({ status: 422, code: "validation_failed" });
  }
});
