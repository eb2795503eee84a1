import { env } from "cloudflare:workers";
import { beforeAll, expect, test } from "vitest";
import { ExecuteAnswer } from "../../../src/features/chat/schema.ts";
import { Agent, AgentPage, AgentVersionPage } from "../../../src/features/custom-agents/schema.ts";
import { call, callFor, problemOf } from "../../support/api.ts";
import { newAgent } from "../../support/custom-agents.ts";
import { says, scriptWord, tool, uses } from "../../support/errand.ts";
import { newColleague } from "../../support/intruders.ts";
import { newUser, type TestUser } from "../../support/users.ts";

let owner: TestUser;
let colleague: TestUser;
let third: TestUser;

beforeAll(async () => {
  owner = await newUser(env);
  [colleague, third] = [await newColleague(owner), await newColleague(owner)];
});

function share(agent: { id: string }, to: TestUser | null = colleague, right = "read"): Promise<Response> {
  const body = { kind: "agent", resource_id: agent.id, user_id: to?.userId ?? null, right };
  return call("POST", "/api/v1/shares", { as: owner, body });
}

test("a shared agent is read, listed and run by whom it is shared with, and by nobody else", async () => {
  const word = await scriptWord([{ reply: says("Gladly.") }]);
  const agent = await newAgent(owner, { system_prompt: `Be kind ${word}` });
  const path = `/agents/${agent.id}`;
  expect((await call("GET", `/api/v1${path}`, { as: colleague })).status).toBe(404);
  expect((await share(agent)).status).toBe(201);
  expect(await callFor(Agent, "GET", path, { as: colleague })).toEqual(agent);
  const { data } = await callFor(AgentPage, "GET", "/agents", { as: colleague });
  expect(data.map(({ id }) => id)).toContain(agent.id);
  const versions = await callFor(AgentVersionPage, "GET", `${path}/versions`, { as: colleague });
  expect(versions.data).toHaveLength(1);
  const body = { input: "Hello" };
  const answer = await callFor(ExecuteAnswer, "POST", `${path}/execute`, { as: colleague, body });
  expect(answer).toMatchObject({ agent_id: agent.id, output: "Gladly." });
  expect((await call("GET", `/api/v1${path}`, { as: third })).status).toBe(404);
  const execute = await call("POST", `/api/v1${path}/execute`, { as: third, body });
  expect(await problemOf(execute)).toMatchObject({ status: 404 });
});

test("whom it is shared with changes nothing, and is told so", async () => {
  const agent = await newAgent(owner);
  await share(agent);
  const path = `/api/v1/agents/${agent.id}`;
  const attempts = [
    await call("PATCH", path, { as: colleague, body: { name: "Mine" } }),
    await call("DELETE", path, { as: colleague }),
    await call("POST", `${path}/restore`, { as: colleague, body: { version: 1 } }),
    await call("POST", "/api/v1/shares", {
      as: colleague,
      body: { kind: "agent", resource_id: agent.id, user_id: third.userId, right: "read" },
    }),
  ];
  expect(attempts.map(({ status }) => status)).toEqual([403, 403, 403, 404]);
  expect(await callFor(Agent, "GET", `/agents/${agent.id}`, { as: owner })).toEqual(agent);
  expect(await problemOf(await share(agent, colleague, "write"))).toMatchObject({ status: 422 });
});

test("a router may choose from an agent that is shared with its person, as long as it is", async () => {
  const word = await scriptWord([{ reply: says("From afar.") }]);
  const agent = await newAgent(owner, { name: "Far", system_prompt: word });
  const refused = await call("POST", "/api/v1/agents", {
    as: colleague,
    body: { name: "Router", kind: "router", agents: [agent.id] },
  });
  expect(refused.status).toBe(422);
  const given = await share(agent);
  const { id } = (await given.json()) as { id: string };
  const choice = await scriptWord([{ reply: uses(tool("choose", { agent: "agent_1" })) }]);
  const router = await newAgent(colleague, {
    kind: "router",
    agents: [agent.id],
    system_prompt: choice,
  });
  const body = { input: "Hello" };
  const path = `/agents/${router.id}/execute`;
  const answer = await callFor(ExecuteAnswer, "POST", path, { as: colleague, body });
  expect(answer).toMatchObject({ output: "From afar.", answered_by: { id: agent.id } });
  expect((await call("DELETE", `/api/v1/shares/${id}`, { as: owner })).status).toBe(204);
  const gone = await call("POST", `/api/v1${path}`, { as: colleague, body });
  expect(await problemOf(gone)).toMatchObject({ code: "conflict" });
});

test("a deleted agent is out of sight for whom it was shared with, and nobody in another tenant ever sees one", async () => {
  const agent = await newAgent(owner);
  await share(agent, null);
  const stranger = await newUser(env);
  expect((await call("GET", `/api/v1/agents/${agent.id}`, { as: third })).status).toBe(200);
  expect((await call("GET", `/api/v1/agents/${agent.id}`, { as: stranger })).status).toBe(404);
  await call("DELETE", `/api/v1/agents/${agent.id}`, { as: owner });
  expect((await call("GET", `/api/v1/agents/${agent.id}`, { as: third })).status).toBe(404);
  expect((await call("GET", `/api/v1/agents/${agent.id}/versions`, { as: third })).status).toBe(404);
  const restored = await call("POST", `/api/v1/agents/${agent.id}/restore`, { as: third, body: {} });
  expect(restored.status).toBe(404);
});
