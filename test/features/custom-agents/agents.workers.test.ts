import { env } from "cloudflare:workers";
import { sql } from "drizzle-orm";
import { expect, test } from "vitest";
import { Agent, AgentPage, AgentVersionPage } from "../../../src/features/custom-agents/schema.ts";
import { ERASURES, eraseBatch } from "../../../src/features/operations/erasure.ts";
import { newId } from "../../../src/lib/ids.ts";
import { readEnv } from "../../../src/platform/env.ts";
import { openSchedulerDatabase } from "../../../src/platform/scheduler-db.ts";
import { call, callFor, problemOf } from "../../support/api.ts";
import { newAgent, ROW } from "../../support/custom-agents.ts";
import { connectAs } from "../../support/database.ts";
import { newCollection } from "../../support/knowledge.ts";
import { newUser, type TestUser } from "../../support/users.ts";

const pathOf = ({ id }: { id: string }) => `/api/v1/agents/${id}`;

/** Of a refused request: `path` → message. */
async function fieldsOf(response: Response): Promise<Record<string, string>> {
  const { code, errors = [] } = await problemOf(response);
  expect(code).toBe("validation_failed");
  return Object.fromEntries(errors.map(({ path, message }) => [path, message]));
}

function create(user: TestUser, body: Record<string, unknown>): Promise<Response> {
  return call("POST", "/api/v1/agents", { as: user, body: { name: "Helper", ...body } });
}

test("an agent is made, read, changed and listed, and each change is a version", async () => {
  const user = await newUser(env);
  const made = await newAgent(user, { system_prompt: "Be brief.", tools: ["list_tasks"], model: "small" });
  expect(made).toMatchObject({ kind: "chat", version: 1, delegable: false, deleted_at: null });
  expect(made.resource_limits).toEqual({ max_tokens: 50_000, max_execution_time_s: 120, max_tool_calls: 20 });
  expect(await callFor(Agent, "GET", `/agents/${made.id}`, { as: user })).toEqual(made);

  const changed = await callFor(Agent, "PATCH", `/agents/${made.id}`, {
    as: user,
    body: { name: "Note taker", tools: [] },
  });
  expect(changed).toMatchObject({ name: "Note taker", tools: [], system_prompt: "Be brief.", version: 2 });

  const other = await newAgent(user);
  const first = await callFor(AgentPage, "GET", "/agents?limit=1", { as: user });
  expect(first.data).toEqual([other]);
  const next = `/agents?limit=1&cursor=${first.next_cursor}`;
  expect((await callFor(AgentPage, "GET", next, { as: user })).data).toEqual([changed]);

  const versions = await callFor(AgentVersionPage, "GET", `/agents/${made.id}/versions?limit=1`, {
    as: user,
  });
  expect(versions.data).toMatchObject([{ version: 2, name: "Note taker" }]);
  const older = await callFor(
    AgentVersionPage,
    "GET",
    `/agents/${made.id}/versions?cursor=${versions.next_cursor}`,
    { as: user },
  );
  expect(older).toMatchObject({ data: [{ version: 1, name: "Helper" }], next_cursor: null });
});

test("agents are listed by kind, and by whether the assistant may delegate to them, page by page", async () => {
  const user = await newUser(env);
  const names = async (query: string) =>
    (await callFor(AgentPage, "GET", `/agents?${query}`, { as: user })).data.map(({ name }) => name);
  await newAgent(user, { name: "A", delegable: true });
  await newAgent(user, { name: "B", kind: "extractor", schema: ROW });
  await newAgent(user, { name: "C", kind: "extractor", schema: ROW, delegable: true });
  expect(await names("kind=extractor")).toEqual(["C", "B"]);
  expect(await names("delegable=true")).toEqual(["C", "A"]);
  expect(await names("delegable=false")).toEqual(["B"]);
  expect(await names("kind=extractor&delegable=true")).toEqual(["C"]);
  const first = await callFor(AgentPage, "GET", "/agents?kind=extractor&limit=1", { as: user });
  expect(await names(`kind=extractor&limit=1&cursor=${first.next_cursor}`)).toEqual(["B"]);
  expect((await call("GET", "/api/v1/agents?kind=robot", { as: user })).status).toBe(422);
});

test("the same Idempotency-Key makes one agent", async () => {
  const user = await newUser(env);
  const headers = { "idempotency-key": newId() };
  const send = async () =>
    Agent.parse(
      await (await call("POST", "/api/v1/agents", { as: user, body: { name: "Once" }, headers })).json(),
    );
  expect(await send()).toEqual(await send());
  expect((await callFor(AgentPage, "GET", "/agents", { as: user })).data).toHaveLength(1);
});

test("a restored version is a new one, equal to the old", async () => {
  const user = await newUser(env);
  const made = await newAgent(user, { system_prompt: "One.", delegable: true });
  await callFor(Agent, "PATCH", `/agents/${made.id}`, { as: user, body: { system_prompt: "Two." } });
  const restored = await callFor(Agent, "POST", `/agents/${made.id}/restore`, {
    as: user,
    body: { version: 1 },
  });
  const { version: _, updated_at: __, ...same } = made;
  expect(restored).toMatchObject({ ...same, version: 3 });
  const missing = await call("POST", `${pathOf(made)}/restore`, { as: user, body: { version: 9 } });
  expect(await problemOf(missing)).toMatchObject({ code: "not_found" });
});

test("what changes nothing makes no version, tells nobody and is not on record", async () => {
  const user = await newUser(env);
  const made = await newAgent(user, { kind: "extractor", schema: ROW, tools: [] });
  const same = { name: made.name, schema: Object.fromEntries(Object.entries(ROW).toReversed()), tools: [] };
  for (const body of [{}, same]) {
    expect(await callFor(Agent, "PATCH", `/agents/${made.id}`, { as: user, body })).toEqual(made);
  }
  for (const body of [{}, { version: 1 }]) {
    expect(await callFor(Agent, "POST", `/agents/${made.id}/restore`, { as: user, body })).toEqual(made);
  }
  const stale = await call("PATCH", pathOf(made), { as: user, body: {}, headers: { "if-match": '"7"' } });
  expect(await problemOf(stale)).toMatchObject({ status: 412 });
  const { rows } = await connectAs(env, "postgres").execute<{ event: string }>(
    sql`select event from audit_logs where subject_id = ${made.id}`,
  );
  expect(rows).toEqual([{ event: "agent.created" }]);
});

test("a deleted agent is out of sight until a version of it is restored, and who did what is on record", async () => {
  const user = await newUser(env);
  const made = await newAgent(user);
  expect((await call("DELETE", pathOf(made), { as: user })).status).toBe(204);
  expect((await call("GET", pathOf(made), { as: user })).status).toBe(404);
  expect((await call("DELETE", pathOf(made), { as: user })).status).toBe(404);
  expect((await call("PATCH", pathOf(made), { as: user, body: { name: "No" } })).status).toBe(404);
  expect((await callFor(AgentPage, "GET", "/agents", { as: user })).data).toEqual([]);
  const deleted = await callFor(AgentPage, "GET", "/agents?deleted=true", { as: user });
  expect(deleted.data.map(({ id }) => id)).toEqual([made.id]);
  const back = await callFor(Agent, "POST", `/agents/${made.id}/restore`, { as: user, body: {} });
  expect(back).toMatchObject({ version: 2, deleted_at: null });
  const { rows } = await connectAs(env, "postgres").execute<{ event: string }>(
    sql`select event from audit_logs where subject_id = ${made.id} order by at, id`,
  );
  expect(rows.map(({ event }) => event)).toEqual(["agent.created", "agent.deleted", "agent.restored"]);
});

test("an agent is erased with its versions 30 days after it was deleted, and not before", async () => {
  const user = await newUser(env);
  const [due, kept] = [await newAgent(user), await newAgent(user)];
  for (const agent of [due, kept]) await call("DELETE", pathOf(agent), { as: user });
  const admin = connectAs(env, "postgres");
  const ago = (agent: { id: string }, days: number) =>
    admin.execute(
      sql`update custom_agents set deleted_at = now() - make_interval(days => ${days}) where id = ${agent.id}`,
    );
  await ago(due, 31);
  await ago(kept, 29);
  const erasure = ERASURES.find(({ kind }) => kind === "custom_agents");
  await eraseBatch(openSchedulerDatabase(readEnv(env).config.database), erasure!);
  const { rows } = await admin.execute<{ id: string }>(sql`
    select agent_id as id from custom_agent_versions where agent_id in (${due.id}::uuid, ${kept.id}::uuid)`);
  expect(rows).toEqual([{ id: kept.id }]);
});

test("a change, restoration or deletion of another version than the one that was read is refused", async () => {
  const user = await newUser(env);
  const made = await newAgent(user);
  const stale = { as: user, headers: { "if-match": '"7"' } };
  const refused = [
    await call("PATCH", pathOf(made), { ...stale, body: { name: "Late" } }),
    await call("POST", `${pathOf(made)}/restore`, { ...stale, body: { version: 1 } }),
    await call("DELETE", pathOf(made), stale),
  ];
  for (const response of refused) expect(await problemOf(response)).toMatchObject({ status: 412 });
  const headers = { "if-match": '"1"' };
  const change = await call("PATCH", pathOf(made), { as: user, body: { name: "In time" }, headers });
  expect(change.headers.get("etag")).toBe('"2"');
});

test("of changes made at once from one version, one is made", async () => {
  const user = await newUser(env);
  const made = await newAgent(user);
  const headers = { "if-match": '"1"' };
  const answers = await Promise.all(
    ["One", "Two", "Three"].map((name) => call("PATCH", pathOf(made), { as: user, body: { name }, headers })),
  );
  expect(answers.map(({ status }) => status).toSorted()).toEqual([200, 412, 412]);
  expect(await callFor(Agent, "GET", `/agents/${made.id}`, { as: user })).toMatchObject({ version: 2 });
});

test("only the last 50 versions are kept", async () => {
  const user = await newUser(env);
  const made = await newAgent(user);
  for (let version = 2; version <= 52; version++) {
    await callFor(Agent, "PATCH", `/agents/${made.id}`, { as: user, body: { name: `Take ${version}` } });
  }
  const { data } = await callFor(AgentVersionPage, "GET", `/agents/${made.id}/versions?limit=100`, {
    as: user,
  });
  expect(data.map(({ version }) => version)).toEqual(Array.from({ length: 50 }, (_, at) => 52 - at));
});

test("whatever a definition names must be there, and the answer says what is", async () => {
  const user = await newUser(env);
  const tools = await fieldsOf(await create(user, { tools: ["list_tasks", "launch_rocket"] }));
  expect(tools["body.tools.1"]).toMatch(/^is no tool; there are: list_tasks, create_task,.*recall/);
  const model = await fieldsOf(await create(user, { model: "oracle-9" }));
  expect(model["body.model"]).toMatch(/^is not configured; there are: supervisor, worker, small, /);
  const stray = newId();
  expect(await fieldsOf(await create(user, { kind: "rag", collections: [stray] }))).toEqual({
    "body.collections.0": "is no collection of yours or shared with you",
  });
  expect(await fieldsOf(await create(user, { kind: "router", agents: [stray] }))).toEqual({
    "body.agents.0": "is no agent of yours or shared with you",
  });
  expect(
    await fieldsOf(await create(user, { kind: "extractor", schema: { type: "string" } })),
  ).toHaveProperty(["body.schema"]);
  expect((await create(user, { system_prompt: "x".repeat(16_001) })).status).toBe(422);
  expect((await create(user, { resource_limits: { max_tokens: 1 } })).status).toBe(422);
  expect((await create(user, { tools: ["recall", "recall"] })).status).toBe(422);
});

test("each kind is made with what it works with", async () => {
  const user = await newUser(env);
  const collection = await newCollection(user);
  const rag = await newAgent(user, { kind: "rag", collections: [collection.id] });
  const extractor = await newAgent(user, { kind: "extractor", schema: ROW });
  const router = await newAgent(user, { kind: "router", agents: [rag.id, extractor.id] });
  expect([rag.kind, extractor.kind, router.kind]).toEqual(["rag", "extractor", "router"]);
  expect(extractor.schema).toEqual(ROW);
});

test("routers may choose from routers, but not in a circle", async () => {
  const user = await newUser(env);
  const leaf = await newAgent(user);
  const inner = await newAgent(user, { kind: "router", agents: [leaf.id] });
  const outer = await newAgent(user, { kind: "router", agents: [inner.id] });
  const circle = await call("PATCH", pathOf(inner), { as: user, body: { agents: [leaf.id, outer.id] } });
  expect(await fieldsOf(circle)).toEqual({
    "body.agents.1": "leads back to this agent: routers must not form a circle",
  });
  const itself = await call("PATCH", pathOf(inner), { as: user, body: { agents: [inner.id] } });
  expect(await fieldsOf(itself)).toHaveProperty(["body.agents.0"]);
});

test("a restored version must still name what is there", async () => {
  const user = await newUser(env);
  const leaf = await newAgent(user);
  const router = await newAgent(user, { kind: "router", agents: [leaf.id] });
  const other = await newAgent(user);
  await callFor(Agent, "PATCH", `/agents/${router.id}`, { as: user, body: { agents: [other.id] } });
  await call("DELETE", pathOf(leaf), { as: user });
  const restored = await call("POST", `${pathOf(router)}/restore`, { as: user, body: { version: 1 } });
  expect(await fieldsOf(restored)).toEqual({ "body.agents.0": "is no agent of yours or shared with you" });
});

test("a person has room for 100 agents, 20 of them delegable", async () => {
  const user = await newUser(env);
  const made = await Promise.all(Array.from({ length: 20 }, () => newAgent(user, { delegable: true })));
  expect(await problemOf(await create(user, { delegable: true }))).toMatchObject({ code: "conflict" });
  const plain = await newAgent(user);
  const change = await call("PATCH", pathOf(plain), { as: user, body: { delegable: true } });
  expect((await problemOf(change)).detail).toMatch(/20 of them delegable/);
  await Promise.all(Array.from({ length: 79 }, () => newAgent(user)));
  expect(await problemOf(await create(user, {}))).toMatchObject({ code: "conflict" });
  await call("DELETE", pathOf(plain), { as: user });
  await newAgent(user);
  const back = await call("POST", `${pathOf(plain)}/restore`, { as: user, body: {} });
  expect(await problemOf(back)).toMatchObject({ code: "conflict" });
  expect(made).toHaveLength(20);
});

test("what another has made can be neither named nor chosen from, by a colleague either", async () => {
  const [owner, stranger] = [await newUser(env), await newUser(env)];
  const agent = await newAgent(owner);
  const collection = await newCollection(owner);
  expect(await fieldsOf(await create(stranger, { kind: "router", agents: [agent.id] }))).toHaveProperty([
    "body.agents.0",
  ]);
  expect(
    await fieldsOf(await create(stranger, { kind: "rag", collections: [collection.id] })),
  ).toHaveProperty(["body.collections.0"]);
});
