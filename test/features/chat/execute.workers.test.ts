import { env } from "cloudflare:workers";
import { expect, test, vi } from "vitest";
import { z } from "zod";
import { Chat, ChatPage, ExecuteAnswer, MessagePage, TurnAnswer } from "../../../src/features/chat/schema.ts";
import { Agent } from "../../../src/features/custom-agents/schema.ts";
import { QueryAnswer } from "../../../src/features/knowledge/query-schema.ts";
import { newId } from "../../../src/lib/ids.ts";
import { call, callFor, problemOf } from "../../support/api.ts";
import { newAgent, ROW } from "../../support/custom-agents.ts";
import { creates, says, startErrand, tool, uses } from "../../support/errand.ts";
import { evictHub } from "../../support/hub.ts";
import { ingested, newCollection } from "../../support/knowledge.ts";
import { modelRequests } from "../../support/model.ts";
import { newUser, type TestUser } from "../../support/users.ts";

function execute(user: TestUser, agent: { id: string }, body: Record<string, unknown>, headers = {}) {
  return call("POST", `/api/v1/agents/${agent.id}/execute`, { as: user, body, headers });
}

async function answerOf(response: Response): Promise<ExecuteAnswer> {
  const text = await response.text();
  if (response.status !== 200) throw new Error(`${response.status} ${text}`);
  return ExecuteAnswer.parse(JSON.parse(text));
}

test("an agent answers with its prompt and tools through the person's device, once for an Idempotency-Key", async () => {
  const { user, device, word } = await startErrand([
    { when: { toolResult: "milk" }, reply: says("Milk is on your list.") },
    { reply: uses(creates("Milk")) },
  ]);
  const agent = await newAgent(user, { system_prompt: "You shop.", tools: ["create_task"] });
  const headers = { "idempotency-key": newId() };
  const body = { input: `Milk ${word}` };
  const answer = await answerOf(await execute(user, agent, body, headers));
  expect(answer).toMatchObject({
    agent_id: agent.id,
    version: 1,
    answered_by: { id: agent.id, kind: "chat" },
    output: "Milk is on your list.",
    status: "done",
    chat_id: null,
    mutations: [{ action: "insert", table: "tasks" }],
    usage: { model_calls: 2, tool_calls: 1 },
  });
  expect(await answerOf(await execute(user, agent, body, headers))).toEqual(answer);
  expect(device.all("tool_call")).toHaveLength(1);
  const [first] = await modelRequests(word);
  expect(JSON.stringify(first?.request?.system)).toContain("You shop.");
  expect(first?.request?.tools?.map(({ name }) => name)).toEqual(["create_task"]);
});

test("without a chat nothing of a run is kept, and nothing learnt from it; in a chat it is an exchange", async () => {
  const { user, word } = await startErrand([{ reply: says("Gladly.") }]);
  const agent = await newAgent(user);
  await answerOf(await execute(user, agent, { input: `My name is Ada ${word}` }));
  expect((await callFor(ChatPage, "GET", "/chats", { as: user })).data).toEqual([]);
  const chat = await callFor(z.object({ id: z.string() }), "POST", "/chats", {
    as: user,
    body: { title: "Talk" },
  });
  const answer = await answerOf(await execute(user, agent, { input: `Hello ${word}`, chat_id: chat.id }));
  expect(answer.chat_id).toBe(chat.id);
  const list = () => callFor(MessagePage, "GET", `/chats/${chat.id}/messages`, { as: user });
  await vi.waitUntil(async () => (await list()).data.length === 2, { timeout: 20_000 });
  expect((await list()).data.map(({ content }) => content)).toEqual([`Hello ${word}`, "Gladly."]);
  expect(await modelRequests(word, "memory")).toEqual([]);
});

test("a chat can name an agent, which then answers in it over REST, with its citations", async () => {
  const { user, word } = await startErrand([{ reply: says("FOUND\nThere are 28 days [1].") }]);
  const collection = await newCollection(user);
  await ingested(user, {
    collection_id: collection.id,
    title: "Handbook",
    content: `28 days of leave ${word}.`,
  });
  const agent = await newAgent(user, { kind: "rag", collections: [collection.id] });
  const body = { title: "Leave", agent: agent.id };
  const chat = await callFor(Chat, "POST", "/chats", { as: user, body });
  expect(chat.agent).toBe(agent.id);
  const path = `/messages/${chat.id}/exchange`;
  const message = { message: `How many days of leave ${word}` };
  const answer = await callFor(TurnAnswer, "POST", path, { as: user, body: message });
  expect(answer).toMatchObject({
    response: "There are 28 days [1].",
    citations: [{ number: 1 }],
    chat_id: chat.id,
  });

  const home = await callFor(Chat, "PUT", `/chats/${chat.id}`, {
    as: user,
    body: { title: "Leave", agent: "home" },
  });
  expect(home.agent).toBe("home");
  const { response } = await callFor(TurnAnswer, "POST", path, { as: user, body: message });
  expect(response).toContain("FOUND");
});

test("a chat names no agent that its person cannot run, and says when its agent is gone", async () => {
  const [user, stranger] = [await newUser(env), await newUser(env)];
  const agent = await newAgent(user);
  const body = { title: "Talk", agent: agent.id };
  const refused = await call("POST", "/api/v1/chats", { as: stranger, body });
  expect(await problemOf(refused)).toMatchObject({ code: "validation_failed" });
  const chat = await callFor(Chat, "POST", "/chats", { as: user, body });
  await call("DELETE", `/api/v1/agents/${agent.id}`, { as: user });
  const asked = await call("POST", `/api/v1/messages/${chat.id}/exchange`, {
    as: user,
    body: { message: "Hi" },
  });
  expect(await problemOf(asked)).toMatchObject({ code: "not_found", detail: "There is no such agent." });
});

test("the frames come as events, and from where a reader was", async () => {
  const { user, word } = await startErrand([{ reply: says("One, two, three.") }]);
  const agent = await newAgent(user);
  const headers = { accept: "text/event-stream", "idempotency-key": newId() };
  const whole = await (await execute(user, agent, { input: word }, headers)).text();
  expect(whole).toMatch(/event: stream_start\n/);
  expect(whole).toMatch(/event: stream_text\n/);
  expect(whole).toContain(`"agent":{"id":"${agent.id}","version":1`);
  const [, firstId] = /^id: (.*)$/m.exec(whole) ?? [];
  const resumed = await execute(user, agent, { input: word }, { ...headers, "last-event-id": firstId });
  const rest = await resumed.text();
  expect(rest).not.toMatch(/event: stream_start\n/);
  expect(rest).toMatch(/event: stream_end\n/);
});

test("an extractor answers rows of its schema", async () => {
  const { user, word } = await startErrand([
    { reply: uses(tool("submit_rows", { rows: [{ name: "Rent", amount: 900 }] })) },
  ]);
  const agent = await newAgent(user, { kind: "extractor", schema: ROW });
  const answer = await answerOf(await execute(user, agent, { input: `Rent is 900 ${word}` }));
  expect(answer.output).toEqual([{ name: "Rent", amount: 900 }]);
});

test("rows that stay wrong after one repair are refused", async () => {
  const { user, word } = await startErrand([{ reply: uses(tool("submit_rows", { rows: [{ amount: 1 }] })) }]);
  const agent = await newAgent(user, { kind: "extractor", schema: ROW });
  const refused = await execute(user, agent, { input: word });
  expect(await problemOf(refused)).toMatchObject({ status: 502, code: "output_invalid" });
  expect(await modelRequests(word)).toHaveLength(2);
});

test("a router has the one it chooses answer, and says which", async () => {
  const { user, word } = await startErrand((key) => [
    { when: { body: '"name":"choose"' }, reply: uses(tool("choose", { agent: "agent_2" })) },
    { when: { body: `You rhyme ${key}` }, reply: says("A rhyme.") },
  ]);
  const clerk = await newAgent(user, { name: "Clerk" });
  const poet = await newAgent(user, { name: "Poet", system_prompt: `You rhyme ${word}` });
  const router = await newAgent(user, { kind: "router", agents: [clerk.id, poet.id] });
  const answer = await answerOf(await execute(user, router, { input: `Sing ${word}` }));
  expect(answer).toMatchObject({
    agent_id: router.id,
    answered_by: { id: poet.id, kind: "chat" },
    output: "A rhyme.",
  });
});

test("a rag agent answers from its collections and cites them, and says when they do not say", async () => {
  const { user, word } = await startErrand([{ reply: says("FOUND\nThere are 28 days of leave [1].") }]);
  const collection = await newCollection(user);
  const title = "Handbook";
  await ingested(user, {
    collection_id: collection.id,
    title,
    content: `There are 28 days of leave ${word}.`,
  });
  const agent = await newAgent(user, { kind: "rag", collections: [collection.id] });
  const answer = await answerOf(await execute(user, agent, { input: `How many days of leave ${word}` }));
  expect(answer.output).toBe("There are 28 days of leave [1].");
  expect(answer.citations).toMatchObject([{ number: 1, document: { title } }]);
  const question = `How many days of leave ${word}`;
  const queried = await callFor(QueryAnswer, "POST", "/rag/query", {
    as: user,
    body: { collection_ids: [collection.id], question },
  });
  expect(answer.citations).toEqual(queried.citations);
  const streamed = await execute(user, agent, { input: question }, { accept: "text/event-stream" });
  expect(await streamed.text()).toContain(`"citations":${JSON.stringify(queried.citations)}`);
  expect((await call("DELETE", `/api/v1/rag/collections/${collection.id}`, { as: user })).status).toBe(204);
  const gone = await execute(user, agent, { input: word });
  expect(await problemOf(gone)).toMatchObject({ code: "conflict", detail: /collections/ });
});

test("what would need the person's word is refused with a reason", async () => {
  const { user, device, word } = await startErrand([
    { when: { toolResult: "no way to ask" }, reply: says("I may not delete that.") },
    { reply: uses(tool("delete_task", { taskId: newId() })) },
  ]);
  const agent = await newAgent(user, { tools: ["delete_task"] });
  const answer = await answerOf(await execute(user, agent, { input: word }));
  expect(answer).toMatchObject({ output: "I may not delete that.", mutations: [] });
  expect(device.all("tool_call")).toEqual([]);
});

test("a run at its limit of tokens or time ends with that reason", async () => {
  const { user, word } = await startErrand([
    {
      when: { userText: "slow" },
      reply: { content: [{ type: "text", chunks: ["a", "b", "c", "d"] }], deltaDelayMs: 1_500 },
    },
    { reply: uses(tool("list_tasks")) },
  ]);
  const greedy = await newAgent(user, { tools: ["list_tasks"], resource_limits: { max_tokens: 500 } });
  const tokens = await execute(user, greedy, { input: `${word} ${"a long story ".repeat(300)}` });
  expect(await problemOf(tokens)).toMatchObject({ code: "agent_limit_reached", detail: /500 tokens/ });
  const slow = await newAgent(user, { resource_limits: { max_execution_time_s: 1 } });
  const time = await execute(user, slow, { input: `slow ${word}` });
  expect(await problemOf(time)).toMatchObject({ status: 422, code: "agent_limit_reached" });
});

test("a run over REST is cancelled by any connected client of its person's", async () => {
  const chunks = ["One", ...Array.from({ length: 24 }, () => " more"), " last"];
  const { user, device, word } = await startErrand([
    { reply: { content: [{ type: "text", chunks }], deltaDelayMs: 1_000 } },
  ]);
  const agent = await newAgent(user);
  const streamed = await execute(user, agent, { input: word }, { accept: "text/event-stream" });
  const reader = streamed.body!.pipeThrough(new TextDecoderStream()).getReader();
  let text = (await reader.read()).value ?? "";
  const [, running] = /"request_id":"([^"]+)"/.exec(text) ?? [];
  device.send({ type: "cancel", request_id: running });
  for (let read = await reader.read(); !read.done; read = await reader.read()) text += read.value;
  expect(text).toMatch(/"type":"stream_end".*"status":"cancelled"/);
  expect(text).not.toContain("last");
});

test("a run goes on after an eviction with the version it began with, and makes each change once", async () => {
  const chunks = ["Milk ", "is ", "on ", "your ", "list."];
  const { user, device, word } = await startErrand([
    { when: { toolResult: "milk" }, reply: { content: [{ type: "text", chunks }], deltaDelayMs: 300 } },
    { reply: uses(creates("Milk")) },
  ]);
  const agent = await newAgent(user, { system_prompt: "Take one.", tools: ["create_task"] });
  const running = execute(user, agent, { input: `Milk ${word}` });
  await vi.waitUntil(async () => (await modelRequests(word)).length === 2, { timeout: 20_000 });
  const body = { system_prompt: "Take two.", tools: [] };
  await callFor(Agent, "PATCH", `/agents/${agent.id}`, { as: user, body });
  await evictHub(user);
  const answer = await answerOf(await running);
  expect(answer).toMatchObject({ version: 1, output: chunks.join(""), mutations: [{ action: "insert" }] });
  expect(device.all("tool_call")).toHaveLength(1);
  const systems = (await modelRequests(word)).map(({ request }) => JSON.stringify(request?.system));
  expect(systems.length).toBeGreaterThanOrEqual(2);
  expect(systems.every((system) => system.includes("Take one."))).toBe(true);
});

test("an agent that is deleted, another's or in a stranger's chat is not found", async () => {
  const [owner, stranger] = [await newUser(env), await newUser(env)];
  const agent = await newAgent(owner);
  expect(await problemOf(await execute(stranger, agent, { input: "Hi" }))).toMatchObject({ status: 404 });
  const chat = await callFor(z.object({ id: z.string() }), "POST", "/chats", {
    as: stranger,
    body: { title: "Mine" },
  });
  const inChat = await execute(owner, agent, { input: "Hi", chat_id: chat.id });
  expect(await problemOf(inChat)).toMatchObject({ status: 404 });
  await call("DELETE", `/api/v1/agents/${agent.id}`, { as: owner });
  expect(await problemOf(await execute(owner, agent, { input: "Hi" }))).toMatchObject({ status: 404 });
});

test("who may only read starts no run", async () => {
  const user = await newUser(env, { role: "readonly" });
  expect(await problemOf(await execute(user, { id: newId() }, { input: "Hi" }))).toMatchObject({
    status: 403,
  });
});
