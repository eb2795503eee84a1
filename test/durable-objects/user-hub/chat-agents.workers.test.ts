/** Chats in which an agent of the person's own answers: over the socket as over REST. */
import { env } from "cloudflare:workers";
import { expect, test, vi } from "vitest";
import { Chat, MessagePage, TurnAnswer } from "../../../src/features/chat/schema.ts";
import type { Agent } from "../../../src/features/custom-agents/schema.ts";
import { newId } from "../../../src/lib/ids.ts";
import { call, callFor } from "../../support/api.ts";
import { newAgent } from "../../support/custom-agents.ts";
import { watchRequests } from "../../support/database-trips.ts";
import { creates, says, scriptWord, uses } from "../../support/errand.ts";
import { evictHub } from "../../support/hub.ts";
import { JournalingDevice } from "../../support/journaling-device.ts";
import { modelRequests } from "../../support/model.ts";
import { connect } from "../../support/socket.ts";
import { newUser, type TestUser } from "../../support/users.ts";

function chatWith(user: TestUser, agent: Pick<Agent, "id"> | "home"): Promise<Chat> {
  const body = { title: "Talk", agent: agent === "home" ? agent : agent.id };
  return callFor(Chat, "POST", "/chats", { as: user, body });
}

async function systemOf(word: string): Promise<string> {
  return JSON.stringify((await modelRequests(word)).at(-1)?.request?.system);
}

test("the agent of a chat answers a turn over the socket, with its prompt and tools, and the chat keeps it", async () => {
  const user = await newUser(env);
  const agent = await newAgent(user, { system_prompt: "You shop.", tools: ["create_task"] });
  const chat = await chatWith(user, agent);
  const device = await JournalingDevice.start(user);
  const word = await scriptWord([
    { when: { toolResult: "milk" }, reply: says("Milk is on your list.") },
    { reply: uses(creates("Milk")) },
  ]);
  const turn = device.ask(`Milk ${word}`, { chat_id: chat.id });
  expect(await device.end(turn)).toMatchObject({
    status: "done",
    mutations: [{ action: "insert", table: "tasks" }],
    agent: { id: agent.id, version: 1, answered_by: { id: agent.id, kind: "chat" } },
  });
  const [first] = await modelRequests(word);
  expect(JSON.stringify(first?.request?.system)).toContain("You shop.");
  expect(first?.request?.tools?.map(({ name }) => name)).toEqual(["create_task"]);
  const list = () => callFor(MessagePage, "GET", `/chats/${chat.id}/messages`, { as: user });
  await vi.waitUntil(async () => (await list()).data.length === 2, { timeout: 20_000 });
  expect((await list()).data.map(({ content }) => content)).toEqual([
    `Milk ${word}`,
    "Milk is on your list.",
  ]);
});

test("both ways go on in one chat, and a change of its agent counts from the next turn", async () => {
  const user = await newUser(env);
  const agent = await newAgent(user, { system_prompt: "You rhyme." });
  const chat = await chatWith(user, agent);
  const device = await connect(user);
  const word = await scriptWord([{ reply: says("A rhyme.") }]);
  const rest = await callFor(TurnAnswer, "POST", `/messages/${chat.id}/exchange`, {
    as: user,
    body: { message: `First ${word}` },
  });
  expect(rest.response).toBe("A rhyme.");
  await device.end(device.ask(`Second ${word}`, { chat_id: chat.id }));
  expect(await systemOf(word)).toContain("You rhyme.");
  expect(JSON.stringify((await modelRequests(word)).at(-1)?.request?.messages)).toContain(`First ${word}`);

  await callFor(Chat, "PUT", `/chats/${chat.id}`, { as: user, body: { title: "Talk", agent: "home" } });
  const end = await device.end(device.ask(`Third ${word}`, { chat_id: chat.id }));
  expect(end.agent).toBeUndefined();
  expect(await systemOf(word)).not.toContain("You rhyme.");
});

test("a popup in such a chat is answered by its agent, in plain text", async () => {
  const user = await newUser(env);
  const agent = await newAgent(user, { system_prompt: "You rhyme." });
  const chat = await chatWith(user, agent);
  const device = await connect(user);
  const word = await scriptWord([{ reply: says("A rhyme.") }]);
  const request_id = newId();
  device.send({
    type: "floating_request",
    request_id,
    message: word,
    chat_id: chat.id,
    scope: { type: "note" },
  });
  expect(await device.end(request_id)).toMatchObject({ status: "done", agent: { id: agent.id } });
  expect(device.turn(request_id)[0]).toMatchObject({ type: "floating_domain" });
  expect(device.textOf(request_id)).toBe("A rhyme.");
});

test("what would destroy is asked of the person, whom the socket can ask", async () => {
  const user = await newUser(env);
  const agent = await newAgent(user, { tools: ["delete_task"] });
  const chat = await chatWith(user, agent);
  const device = await connect(user);
  const word = await scriptWord([
    { when: { toolResult: "declined" }, reply: says("Then not.") },
    { reply: uses({ type: "tool_use", name: "delete_task", input: { taskId: newId() } }) },
  ]);
  const turn = device.ask(word, { chat_id: chat.id });
  const { approval_id } = await device.frame("approval_request");
  device.send({ type: "reject", approval_id });
  expect(await device.end(turn)).toMatchObject({ status: "done", mutations: [] });
});

test("the same request sent twice is one turn, and one after an eviction goes on as it began", async () => {
  const user = await newUser(env);
  const agent = await newAgent(user, { system_prompt: "Version one." });
  const chat = await chatWith(user, agent);
  const device = await JournalingDevice.start(user);
  const chunks = ["A ", "long ", "rhyme."];
  const word = await scriptWord([{ reply: { content: [{ type: "text", chunks }], deltaDelayMs: 300 } }]);
  const request_id = device.ask(word, { chat_id: chat.id });
  device.send({ type: "home_request", request_id, message: word, chat_id: chat.id });
  await vi.waitUntil(async () => (await modelRequests(word)).length === 1, { timeout: 20_000 });
  await call("PATCH", `/api/v1/agents/${agent.id}`, { as: user, body: { system_prompt: "Version two." } });
  await evictHub(user);
  expect(await device.end(request_id)).toMatchObject({ status: "done", agent: { version: 1 } });
  for (const { request } of await modelRequests(word)) {
    expect(JSON.stringify(request?.system)).toContain("Version one.");
  }
});

test("an agent that is gone is said to be, and the socket stays", async () => {
  const user = await newUser(env);
  const agent = await newAgent(user);
  const chat = await chatWith(user, agent);
  await call("DELETE", `/api/v1/agents/${agent.id}`, { as: user });
  const device = await connect(user);
  const request_id = newId();
  device.send({ type: "home_request", request_id, message: "Hello", chat_id: chat.id });
  expect(await device.frame("error")).toMatchObject({
    code: "not_found",
    message: "There is no such agent.",
    in_reply_to: request_id,
  });
  expect(device.closed).toBeUndefined();
});

test("another person's chat has nobody answer with their agent", async () => {
  const [owner, stranger] = [await newUser(env), await newUser(env)];
  const agent = await newAgent(owner, { system_prompt: "You rhyme." });
  const chat = await chatWith(owner, agent);
  const device = await connect(stranger);
  const word = await scriptWord([{ reply: says("No.") }]);
  const end = await device.end(device.ask(word, { chat_id: chat.id }));
  expect(end).toMatchObject({ status: "failed", error: { code: "not_found" } });
  expect(await modelRequests(word)).toEqual([]);
});

test("a chat of the assistant's costs a hub that does not hold it one trip, as it did", async () => {
  const user = await newUser(env);
  const chat = await chatWith(user, "home");
  const device = await connect(user);
  const word = await scriptWord([{ reply: says("Hello.") }]);
  const asked = watchRequests(user);
  expect(await device.end(device.ask(`Hello ${word}`, { chat_id: chat.id }))).toMatchObject({
    status: "done",
  });
  expect(asked.tripsBeforeModel()).toBe(1);
  vi.restoreAllMocks();
});

test("of a client that asks in a hundred chats at once, the database is asked for those turns that may run", async () => {
  const user = await newUser(env);
  const device = await connect(user);
  const watched = watchRequests(user);
  for (let count = 0; count < 100; count++) device.ask("Anybody?", { chat_id: newId() });
  const [refused, ended] = [() => device.all("error").length, () => device.all("stream_end").length];
  await device.until(() => refused() + ended() === 100, "an answer to each");
  expect(new Set(device.all("error").map(({ code }) => code))).toEqual(new Set(["busy"]));
  expect(watched.trips()).toBeLessThan(10 + 5 * ended());
  vi.restoreAllMocks();
});
