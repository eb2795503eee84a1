/** What hubs are told of changes elsewhere, so that the next turn knows of them without asking. */
import { env } from "cloudflare:workers";
import { and, eq, sql } from "drizzle-orm";
import { expect, test, vi } from "vitest";
import { EventPage } from "../../../src/features/hub/schema.ts";
import { tellDueHubs } from "../../../src/features/hub/service.ts";
import { hubNotices } from "../../../src/features/hub/tables.ts";
import { Share } from "../../../src/features/sharing/schema.ts";
import { shares } from "../../../src/features/sharing/tables.ts";
import { members, tenants, users } from "../../../src/features/users/tables.ts";
import { newId } from "../../../src/lib/ids.ts";
import { createLogger } from "../../../src/lib/logger.ts";
import { readEnv } from "../../../src/platform/env.ts";
import { openSchedulerDatabase } from "../../../src/platform/scheduler-db.ts";
import { call, callFor } from "../../support/api.ts";
import { newAgent } from "../../support/custom-agents.ts";
import { connectAs } from "../../support/database.ts";
import { watchRequests } from "../../support/database-trips.ts";
import { says, scriptWord, tool, uses } from "../../support/errand.ts";
import { inHub } from "../../support/hub.ts";
import { newColleague } from "../../support/intruders.ts";
import { newCollection } from "../../support/knowledge.ts";
import { modelRequests } from "../../support/model.ts";
import { connect, openSocket, type TestSocket } from "../../support/socket.ts";
import { newUser, type TestUser } from "../../support/users.ts";

const admin = () => connectAs(env, "postgres");
const scheduler = () => openSchedulerDatabase(readEnv(env).config.database);
const silent = createLogger({}, () => {});
/** As where every hub is out of reach. */
const UNREACHABLE = {
  userHub: { getByName: () => ({ publishEvent: gone, rightsChanged: gone }) },
};

function gone(): Promise<void> {
  return Promise.reject(new Error("the hub is out of reach"));
}

/** What is owed to hubs of this tenant is due, and told. */
async function tellDue({ tenantId }: TestUser, ports: { userHub: object } = readEnv(env)): Promise<void> {
  await admin()
    .update(hubNotices)
    .set({ dueAt: new Date(0) })
    .where(eq(hubNotices.tenantId, tenantId));
  await tellDueHubs(scheduler(), ports, silent);
}

function owed({ tenantId }: TestUser) {
  return admin().select().from(hubNotices).where(eq(hubNotices.tenantId, tenantId));
}

/** Ids of the agents that the hub would have its next turn ask. */
function heldBy(user: TestUser): Promise<string[]> {
  return inHub(user, ({ storage }) =>
    storage.sql
      .exec<{ agent_id: string }>("SELECT agent_id FROM agents WHERE current = 1")
      .toArray()
      .map((row) => row.agent_id),
  );
}

function share(
  owner: TestUser,
  kind: "agent" | "collection",
  id: string,
  to: TestUser | null,
): Promise<Share> {
  const body = { kind, resource_id: id, user_id: to?.userId ?? null, right: "read" };
  return callFor(Share, "POST", "/shares", { as: owner, body });
}

interface Scene {
  owner: TestUser;
  colleague: TestUser;
  /** Of the colleague, whose assistant delegates to a router that leads to the owner's agent. */
  device: TestSocket;
  farId: string;
  shareId: string;
}

async function arrange(isForAll = false): Promise<Scene> {
  const owner = await newUser(env);
  const colleague = await newColleague(owner);
  const far = await newAgent(owner, { name: "Far", system_prompt: "You are far away." });
  const { id: shareId } = await share(owner, "agent", far.id, isForAll ? null : colleague);
  await newAgent(colleague, { name: "Poet", kind: "router", agents: [far.id], delegable: true });
  const device = await connect(colleague);
  for (const kind of ["floating", "home"] as const) {
    expect(await askPoet(device, kind)).toContain("You are far away.");
  }
  expect(await heldBy(colleague)).toContain(far.id);
  return { owner, colleague, device, farId: far.id, shareId };
}

/** All that the model was told in a turn that delegates to the router. */
async function askPoet(device: TestSocket, kind: "home" | "floating" = "home"): Promise<string> {
  const word = await scriptWord((key) => [
    { when: { toolResult: "A RHYME" }, reply: says("Here it is.") },
    { when: { body: '"name":"choose"' }, reply: uses(tool("choose", { agent: "agent_1" })) },
    { when: { userText: "write" }, reply: says("A RHYME") },
    {
      when: { userText: "sing" },
      reply: uses(tool("task", { agent: "poet", instruction: `Please write ${key}` })),
      times: 1,
    },
    { reply: says("It cannot be had.") },
  ]);
  const request_id = newId();
  device.send({ type: `${kind}_request`, request_id, message: `Sing ${word}` });
  await device.end(request_id);
  return JSON.stringify(await modelRequests(word));
}

test.each([
  ["with a member", false],
  ["with all members", true],
])(
  "once a share %s has ended, the very next turn over a live socket has nothing of the agent",
  async (_, isForAll) => {
    const { owner, colleague, device, farId, shareId } = await arrange(isForAll);
    expect((await call("DELETE", `/api/v1/shares/${shareId}`, { as: owner })).status).toBe(204);
    expect(await heldBy(colleague)).not.toContain(farId);
    for (const kind of ["floating", "home"] as const) {
      expect(await askPoet(device, kind)).not.toContain("You are far away.");
    }
    const asked = watchRequests(colleague);
    await askPoet(device);
    expect(asked.tripsBeforeModel()).toBe(0);
    vi.restoreAllMocks();
  },
);

test("what the owner makes of a shared agent is what the next turn of those who have it asks, until it is deleted", async () => {
  const { owner, colleague, device, farId } = await arrange();
  const body = { system_prompt: "You are near." };
  expect((await call("PATCH", `/api/v1/agents/${farId}`, { as: owner, body })).status).toBe(200);
  const changed = await askPoet(device);
  expect(changed).toContain("You are near.");
  expect(changed).not.toContain("You are far away.");
  expect((await call("DELETE", `/api/v1/agents/${farId}`, { as: owner })).status).toBe(204);
  expect(await heldBy(colleague)).not.toContain(farId);
  expect(await askPoet(device)).not.toContain("You are near.");
});

test("a share that ends with a membership is told by the schedule, as often as it takes", async () => {
  const { owner, colleague, device, farId } = await arrange();
  await admin()
    .delete(members)
    .where(and(eq(members.tenantId, owner.tenantId), eq(members.userId, owner.userId)));
  expect(await admin().select().from(shares).where(eq(shares.tenantId, owner.tenantId))).toEqual([]);
  await tellDue(owner, UNREACHABLE);
  expect(await owed(owner)).not.toEqual([]);
  expect(await heldBy(colleague)).toContain(farId);
  await tellDue(owner);
  expect(await heldBy(colleague)).not.toContain(farId);
  expect(await askPoet(device)).not.toContain("You are far away.");
  await tellDue(owner);
  expect(await owed(owner)).toEqual([]);
});

test("of what is told to all members each is told, and who cannot be told is owed it alone", async () => {
  const owner = await newUser(env);
  const colleague = await newColleague(owner);
  const { cursor } = await events(colleague);
  await crowd(owner, 120);
  const agent = await newAgent(owner);
  const one = { ...readEnv(env), userHub: unreachableFor(colleague) };
  await admin().insert(shares).values({
    id: agent.id,
    tenantId: owner.tenantId,
    userId: owner.userId,
    kind: "agent",
    resourceId: agent.id,
    right: "read",
  });
  await tellDue(owner, one);
  expect((await owed(owner)).map(({ userId, topic }) => ({ userId, topic }))).toEqual([
    { userId: colleague.userId, topic: "shares" },
  ]);
  await tellDue(owner);
  expect(await owed(owner)).toEqual([]);
  const { data } = await events(colleague, cursor);
  expect(data.map((event) => [event.topic, event.data["change"]])).toEqual([["shares", "granted"]]);
});

test("of what is switched on and off for all members they are told a few times, and then once, of how it stayed", async () => {
  const owner = await newUser(env);
  const colleague = await newColleague(owner);
  const { cursor } = await events(colleague);
  const agent = await newAgent(owner);
  for (let round = 0; round < 5; round++) {
    const { id } = await share(owner, "agent", agent.id, null);
    expect((await call("DELETE", `/api/v1/shares/${id}`, { as: owner })).status).toBe(204);
  }
  await share(owner, "agent", agent.id, null);
  const changes = async () =>
    (await events(colleague, cursor)).data.map((event) => [event.topic, event.data["change"]]);
  const heard = ["granted", "ended", "granted"].map((change) => ["shares", change]);
  expect(await changes()).toEqual(heard);
  await tellDue(owner);
  expect(await changes()).toEqual([...heard, ["shares", "granted"]]);
  await tellDue(owner);
  expect(await owed(owner)).toEqual([]);
});

test("what all members were told at once the schedule tells none again, and is due when it was, however often it changes", async () => {
  const owner = await newUser(env);
  const colleague = await newColleague(owner);
  const { cursor } = await events(colleague);
  const { id } = await newCollection(owner);
  const forAll = async () => (await owed(owner)).find(({ userId }) => userId === null);
  await share(owner, "collection", id, null);
  const first = (await forAll())?.dueAt;
  expect(first).toBeDefined();
  const body = { kind: "collection", resource_id: id, user_id: null, right: "write" };
  await callFor(Share, "POST", "/shares", { as: owner, body });
  expect((await forAll())?.dueAt).toEqual(first);
  await vi.waitUntil(async () => (await forAll())?.toldTo);
  await tellDue(owner);
  expect(await owed(owner)).toEqual([]);
  const { data } = await events(colleague, cursor);
  expect(data.map((event) => event.data["change"])).toEqual(["granted", "changed"]);
});

test("a role that may only read is refused its next turn, and a better one is let", async () => {
  const { user, device } = await connected();
  await setRole(user, "readonly");
  await tellDue(user);
  const requestId = device.ask("Hello");
  expect(await device.frame("error")).toMatchObject({ code: "forbidden", in_reply_to: requestId });
  expect(device.closed).toBeUndefined();
  await setRole(user, "member");
  await tellDue(user);
  const word = await scriptWord([{ reply: says("Hello.") }]);
  expect(await device.end(device.ask(`Hello ${word}`))).toMatchObject({ status: "done" });
});

const ENDS: [
  how: string,
  end: (user: TestUser) => Promise<unknown>,
  mend?: (user: TestUser) => Promise<unknown>,
][] = [
  [
    "an account that is disabled",
    (user) => admin().update(users).set({ disabledAt: new Date() }).where(eq(users.id, user.userId)),
    (user) => admin().update(users).set({ disabledAt: null }).where(eq(users.id, user.userId)),
  ],
  [
    "a tenant that is disabled",
    (user) => admin().update(tenants).set({ disabledAt: new Date() }).where(eq(tenants.id, user.tenantId)),
    (user) => admin().update(tenants).set({ disabledAt: null }).where(eq(tenants.id, user.tenantId)),
  ],
  ["a membership that ends", (user) => admin().delete(members).where(eq(members.userId, user.userId))],
];

test.each(ENDS)(
  "%s closes its sockets and stops what runs, and nothing opens before it is mended",
  async (_, end, mend) => {
    const { user, device } = await connected();
    const word = await scriptWord([
      {
        reply: {
          content: [{ type: "text", chunks: Array.from({ length: 100 }, () => "la ") }],
          deltaDelayMs: 200,
        },
      },
    ]);
    const requestId = device.ask(`Sing ${word}`);
    await device.frame("stream_text");
    await end(user);
    await tellDue(user);
    await device.until(() => device.closed !== undefined, "the end of the socket");
    expect(device.closed?.code).toBe(4403);
    const statusOf = () =>
      inHub(user, ({ storage }) =>
        storage.sql.exec("SELECT status FROM turns WHERE request_id = ?", requestId).one(),
      );
    await vi.waitUntil(async () => (await statusOf())["status"] === "cancelled", { timeout: 20_000 });
    const refused = await openSocket(user);
    await refused.until(() => refused.closed !== undefined, "the refusal");
    expect(refused.closed?.code).toBe(4403);
    if (!mend) return;
    await mend(user);
    await tellDue(user);
    const back = await connect(user);
    const again = await scriptWord([{ reply: says("Hello.") }]);
    expect(await back.end(back.ask(`Hello ${again}`))).toMatchObject({ status: "done" });
  },
);

test("both sides of a share hear of it, with ids and no word of what is shared", async () => {
  const owner = await newUser(env);
  const [colleague, third] = [await newColleague(owner), await newColleague(owner)];
  const cursors = await Promise.all(
    [owner, colleague, third].map(async (user) => (await events(user)).cursor),
  );
  const collection = await newCollection(owner, { name: "Secret plans" });
  const { id } = await share(owner, "collection", collection.id, colleague);
  await call("PATCH", `/api/v1/rag/collections/${collection.id}`, {
    as: owner,
    body: { name: "Other plans" },
  });
  await call("DELETE", `/api/v1/shares/${id}`, { as: owner });
  const [own, theirs, none] = await Promise.all(
    [owner, colleague, third].map((user, at) => events(user, cursors[at])),
  );
  const changes = ({ data }: EventPage) => data.map(({ topic, data }) => [topic, data["change"]]);
  const heard = [
    ["shares", "granted"],
    ["collections", "updated"],
    ["shares", "ended"],
  ];
  expect(changes(own!)).toEqual([["collections", "created"], ...heard]);
  expect(changes(theirs!)).toEqual(heard);
  expect(none!.data).toEqual([]);
  expect(theirs!.data[0]?.data).toEqual({
    id,
    kind: "collection",
    resource_id: collection.id,
    owner_id: owner.userId,
    user_id: colleague.userId,
    right: "read",
    change: "granted",
  });
  expect(JSON.stringify([own, theirs])).not.toContain("plans");
});

async function connected(): Promise<{ user: TestUser; device: TestSocket }> {
  const user = await newUser(env);
  return { user, device: await connect(user) };
}

function setRole({ userId }: TestUser, role: "member" | "readonly") {
  return admin().update(members).set({ role }).where(eq(members.userId, userId));
}

function events(user: TestUser, cursor?: string): Promise<EventPage> {
  return callFor(EventPage, "GET", `/events/poll${cursor === undefined ? "" : `?cursor=${cursor}`}`, {
    as: user,
  });
}

/** More members than are told at once, who never connected; they come first in the order of ids. */
async function crowd({ tenantId }: TestUser, count: number): Promise<void> {
  const id = sql`('00000000-' || left(${tenantId}, 4) || '-7000-8000-' || lpad(number::text, 12, '0'))::uuid`;
  await admin().execute(sql`
    with people as (
      insert into users (id, email) select ${id}, ${id} || '@example.com' from generate_series(1, ${count}::integer) number
      returning id
    ) insert into members (tenant_id, user_id, role) select ${tenantId}::uuid, id, 'member' from people`);
}

/** The hubs, but for one that is out of reach. */
function unreachableFor({ tenantId, userId }: TestUser): object {
  const hubs = readEnv(env).userHub as DurableObjectNamespace;
  const name = `${tenantId}:${userId}`;
  return {
    getByName: (wanted: string) =>
      wanted === name ? UNREACHABLE.userHub.getByName() : hubs.getByName(wanted),
  };
}

test("what a person may do is told before all that others have due for longer", async () => {
  const [busy, member] = [await newUser(env), await newUser(env)];
  const due = (user: TestUser, topic: string, dueAt: Date) => ({
    tenantId: user.tenantId,
    userId: user.userId,
    topic,
    subjectId: newId(),
    dueAt,
  });
  const many = Array.from({ length: 600 }, () => due(busy, "collections", new Date(0)));
  await admin().insert(hubNotices).values(many);
  await admin()
    .insert(hubNotices)
    .values(due(member, "rights", new Date(1)));
  await tellDueHubs(scheduler(), UNREACHABLE, silent);
  expect(await owed(member)).toMatchObject([{ topic: "rights", tries: 1 }]);
  await admin().delete(hubNotices).where(eq(hubNotices.tenantId, busy.tenantId));
});
