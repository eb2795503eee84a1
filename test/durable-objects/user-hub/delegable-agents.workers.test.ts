/** Agents of a person's own that their assistant delegates to: held by the hub, so that no turn asks for them. */
import { env } from "cloudflare:workers";
import { expect, test, vi } from "vitest";
import { Agent } from "../../../src/features/custom-agents/schema.ts";
import { newId } from "../../../src/lib/ids.ts";
import { call, callFor } from "../../support/api.ts";
import { newAgent } from "../../support/custom-agents.ts";
import { watchRequests } from "../../support/database-trips.ts";
import { creates, says, scriptWord, tool, uses } from "../../support/errand.ts";
import { crashHub, evictHub, inHub } from "../../support/hub.ts";
import { JournalingDevice } from "../../support/journaling-device.ts";
import { modelRequests } from "../../support/model.ts";
import { connect } from "../../support/socket.ts";
import { newUser, type TestUser } from "../../support/users.ts";

const asks = (agent: string, instruction: string) => uses(tool("task", { agent, instruction }));

/** A turn that delegates to `poet`, which answers; gives the requests that the model got. */
async function delegated(device: JournalingDevice) {
  const word = await scriptWord((key) => [
    { when: { toolResult: "A RHYME" }, reply: says("Here it is.") },
    { when: { userText: "write" }, reply: says("A RHYME") },
    { reply: asks("poet", `Please write ${key}`) },
  ]);
  const end = await device.end(device.ask(`Sing ${word}`));
  return { end, requests: await modelRequests(word) };
}

function taskTool(requests: Awaited<ReturnType<typeof modelRequests>>): string {
  return JSON.stringify(requests[0]?.request?.tools?.find(({ name }) => name === "task"));
}

function poet(user: TestUser, body: Record<string, unknown> = {}): Promise<Agent> {
  return newAgent(user, { name: "Poet", description: "Rhymes.", delegable: true, ...body });
}

/** The hub holds what the database has. */
async function isUpToDate(user: TestUser): Promise<boolean> {
  return inHub(user, ({ storage }) => {
    const [row] = storage.sql.exec("SELECT value FROM meta WHERE name = 'agents'").toArray();
    return row !== undefined && row["value"] !== "";
  });
}

function heldBy(user: TestUser): Promise<{ current: number; version: number }[]> {
  return inHub(user, ({ storage }) =>
    storage.sql
      .exec<{ current: number; version: number }>(
        "SELECT current, version FROM agents ORDER BY agent_id, version",
      )
      .toArray(),
  );
}

test("the home assistant sees a delegable agent and has it answer, with its own prompt and tools", async () => {
  const user = await newUser(env);
  await poet(user, { system_prompt: "You rhyme.", tools: ["list_tasks"], capabilities: ["sonnets"] });
  await newAgent(user, { name: "Hidden" });
  const device = await JournalingDevice.start(user);
  const { end, requests } = await delegated(device);
  expect(end.status).toBe("done");
  expect(taskTool(requests)).toContain('"poet"');
  expect(taskTool(requests)).toContain("sonnets");
  expect(taskTool(requests)).not.toContain("Hidden");
  const [, delegate] = requests;
  expect(JSON.stringify(delegate?.request?.system)).toContain("You rhyme.");
  expect(delegate?.request?.tools?.map(({ name }) => name)).toEqual(["list_tasks"]);
});

test.each([
  ["without a scope", {}],
  ["whose domain's agent hands over", { scope: { type: "note" } }],
])("a floating request %s has one of them answer too", async (_, extra) => {
  const user = await newUser(env);
  await poet(user);
  const device = await connect(user);
  const word = await scriptWord((key) => [
    { when: { toolResult: "A RHYME" }, reply: says("Here it is.") },
    { when: { userText: "write" }, reply: says("A RHYME") },
    { when: { body: '"name":"hand_over"' }, reply: uses(tool("hand_over", { instruction: `Sing ${key}` })) },
    { reply: asks("poet", `Please write ${key}`) },
  ]);
  const request_id = newId();
  device.send({ type: "floating_request", request_id, message: `Sing ${word}`, ...extra });
  expect(await device.end(request_id)).toMatchObject({ status: "done" });
  expect(device.textOf(request_id)).toBe("Here it is.");
});

test("the first turn of a new hub asks the database once for them, warm and woken ones not at all", async () => {
  const user = await newUser(env);
  await poet(user);
  const device = await JournalingDevice.start(user);
  const first = watchRequests(user);
  expect(taskTool((await delegated(device)).requests)).toContain("poet");
  expect(first.tripsBeforeModel()).toBe(1);
  vi.restoreAllMocks();
  for (const wake of [async () => {}, evictHub]) {
    await wake(user);
    const asked = watchRequests(user);
    expect(taskTool((await delegated(device)).requests)).toContain("poet");
    expect(asked.tripsBeforeModel()).toBe(0);
    vi.restoreAllMocks();
  }
});

test("a new hub gets such agents and what is remembered in one trip, before its first turn asks the model", async () => {
  const user = await newUser(env);
  await poet(user);
  const fact = await call("PUT", "/api/v1/memory/core/name", { as: user, body: { value: "Ada" } });
  expect(fact.status).toBe(200);
  // As one that was never asked: what it held is in the database alone.
  await inHub(user, ({ storage }) => storage.deleteAll());
  await crashHub(user);
  const device = await JournalingDevice.start(user);
  const asked = watchRequests(user);
  const { requests } = await delegated(device);
  expect(asked.tripsBeforeModel()).toBe(1);
  vi.restoreAllMocks();
  expect(taskTool(requests)).toContain("poet");
  expect(JSON.stringify(requests[0]?.request)).toContain("Ada");
});

test("a new hub of a person without such agents asks nothing, and is told when there is one", async () => {
  const user = await newUser(env);
  const device = await JournalingDevice.start(user);
  const asked = watchRequests(user);
  const word = await scriptWord([{ reply: says("Hello.") }]);
  await device.end(device.ask(`Hello ${word}`));
  expect(asked.tripsBeforeModel()).toBe(0);
  vi.restoreAllMocks();
  const made = await poet(user);
  await vi.waitUntil(() => isUpToDate(user), { timeout: 20_000 });
  expect(await heldBy(user)).toEqual([{ current: 1, version: 1 }]);
  expect(taskTool((await delegated(device)).requests)).toContain("poet");

  await callFor(Agent, "PATCH", `/agents/${made.id}`, { as: user, body: { name: "Bard" } });
  await vi.waitUntil(async () => (await isUpToDate(user)) && (await heldBy(user)).at(-1)?.version === 2, {
    timeout: 20_000,
  });
  const renamed = taskTool((await delegated(device)).requests);
  expect(renamed).toContain('"bard"');
  expect(renamed).not.toContain('"poet"');

  expect((await call("DELETE", `/api/v1/agents/${made.id}`, { as: user })).status).toBe(204);
  await vi.waitUntil(async () => (await heldBy(user)).length === 0, { timeout: 20_000 });
  expect(taskTool((await delegated(device)).requests)).not.toContain("bard");
});

test("what the hub was not told it learns when its person next asks or connects", async () => {
  const user = await newUser(env);
  const device = await JournalingDevice.start(user);
  await delegated(device);
  await inHub(user, ({ storage }) =>
    storage.sql.exec("UPDATE meta SET value = 'another' WHERE name = 'agents'"),
  );
  const word = await scriptWord([{ reply: says("Hello.") }]);
  await call("POST", "/api/v1/chat", { as: user, body: { message: `Hello ${word}` } });
  expect(await isUpToDate(user)).toBe(true);
});

test("a delegation goes on after an eviction as it began, though the agent was changed meanwhile", async () => {
  const user = await newUser(env);
  const made = await poet(user, { system_prompt: "Version one.", tools: ["create_task"] });
  const device = await JournalingDevice.start(user);
  const chunks = ["A ", "R", "H", "Y", "M", "E"];
  const word = await scriptWord((key) => [
    { when: { toolResult: "A RHYME" }, reply: says("Here it is.") },
    { when: { toolResult: "Created" }, reply: { content: [{ type: "text", chunks }], deltaDelayMs: 200 } },
    { when: { userText: "write" }, reply: uses(creates("Rhyme")) },
    { reply: asks("poet", `Please write ${key}`) },
  ]);
  const turn = device.ask(`Sing ${word}`);
  await vi.waitUntil(async () => (await modelRequests(word)).length === 3, { timeout: 20_000 });
  const body = { name: "Bard", system_prompt: "Version two." };
  await callFor(Agent, "PATCH", `/agents/${made.id}`, { as: user, body });
  await vi.waitUntil(async () => (await heldBy(user)).length === 2, { timeout: 20_000 });
  await evictHub(user);
  expect(await device.end(turn)).toMatchObject({ status: "done", mutations: [{ action: "insert" }] });
  expect(device.all("tool_call")).toHaveLength(1);
  const prompts = (await modelRequests(word)).map(({ request }) => JSON.stringify(request?.system));
  expect(prompts.some((prompt) => prompt.includes("Version two."))).toBe(false);
  await vi.waitUntil(async () => (await heldBy(user)).length === 1, { timeout: 20_000 });
});

test("a colleague's agents are no one else's to ask", async () => {
  const [owner, other] = [await newUser(env), await newUser(env)];
  await poet(owner);
  const device = await JournalingDevice.start(other);
  expect(taskTool((await delegated(device)).requests)).not.toContain("poet");
});

test("a member's change of an agent behind a delegable router reaches the hub too", async () => {
  const user = await newUser(env);
  const member = await newAgent(user, { name: "Inner", system_prompt: "First." });
  await newAgent(user, { name: "Poet", kind: "router", agents: [member.id], delegable: true });
  const device = await JournalingDevice.start(user);
  await callFor(Agent, "PATCH", `/agents/${member.id}`, { as: user, body: { system_prompt: "Second." } });
  await vi.waitUntil(() => isUpToDate(user), { timeout: 20_000 });
  const word = await scriptWord((key) => [
    { when: { toolResult: "A RHYME" }, reply: says("Here it is.") },
    { when: { body: '"name":"choose"' }, reply: uses(tool("choose", { agent: "agent_1" })) },
    { when: { userText: "write" }, reply: says("A RHYME") },
    { reply: asks("poet", `Please write ${key}`) },
  ]);
  expect(await device.end(device.ask(`Sing ${word}`))).toMatchObject({ status: "done" });
  const prompts = (await modelRequests(word)).map(({ request }) => JSON.stringify(request?.system));
  expect(prompts.some((prompt) => prompt.includes("Second."))).toBe(true);
});
