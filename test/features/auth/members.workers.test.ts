/** Who manages a tenant sees its members, gives them roles and ends memberships; nobody else, and never without an owner. */
import { env } from "cloudflare:workers";
import { and, eq, sql } from "drizzle-orm";
import { expect, test } from "vitest";
import { Member, MemberPage } from "../../../src/features/auth/schema.ts";
import { sessions } from "../../../src/features/auth/tables.ts";
import { members } from "../../../src/features/users/tables.ts";
import type { Role } from "../../../src/platform/db.ts";
import { call, callFor, problemOf } from "../../support/api.ts";
import { newAgent } from "../../support/custom-agents.ts";
import { connectAs } from "../../support/database.ts";
import { newColleague } from "../../support/intruders.ts";
import { rawSql } from "../../support/raw-sql.ts";
import { connect } from "../../support/socket.ts";
import { newUser, type TestUser } from "../../support/users.ts";

const admin = () => connectAs(env, "postgres");

async function colleague(owner: TestUser, role: Role = "member"): Promise<TestUser> {
  const person = await newColleague(owner);
  await admin()
    .update(members)
    .set({ role })
    .where(and(eq(members.tenantId, owner.tenantId), eq(members.userId, person.userId)));
  return person;
}

const pathOf = ({ tenantId }: TestUser, { userId }: TestUser) =>
  `/api/v1/tenants/${tenantId}/members/${userId}`;

function setRole(as: TestUser, of: TestUser, role: Role): Promise<Response> {
  return call("PATCH", pathOf(as, of), { as, body: { role } });
}

async function roleOf({ tenantId, userId }: TestUser): Promise<string | undefined> {
  const [row] = await admin()
    .select()
    .from(members)
    .where(and(eq(members.tenantId, tenantId), eq(members.userId, userId)));
  return row?.role;
}

async function eventsOf({ userId }: TestUser): Promise<unknown[]> {
  const { rows } = await admin().execute<{ event: string; details: unknown }>(
    sql`select event, details from audit_logs where subject_id = ${userId} and event like 'member.%' order by at, id`,
  );
  return rows.map(({ event, details }) => [event, details]);
}

test("owners and admins see who belongs to the tenant, page by page; others do not, and of no other tenant", async () => {
  const owner = await newUser(env);
  const [manager, member] = [await colleague(owner, "admin"), await colleague(owner)];
  const path = `/tenants/${owner.tenantId}/members`;
  const everybody = [owner, manager, member].toSorted((a, b) => (a.userId < b.userId ? -1 : 1));
  for (const as of [owner, manager]) {
    const { data } = await callFor(MemberPage, "GET", path, { as });
    expect(data.map(({ user_id, email }) => [user_id, email])).toEqual(
      everybody.map(({ userId, email }) => [userId, email]),
    );
    expect(data.find(({ user_id }) => user_id === manager.userId)?.role).toBe("admin");
  }
  const first = await callFor(MemberPage, "GET", `${path}?limit=2`, { as: owner });
  const rest = await callFor(MemberPage, "GET", `${path}?limit=2&cursor=${first.next_cursor}`, { as: owner });
  expect([first.data.length, rest.data.length, rest.next_cursor]).toEqual([2, 1, null]);
  const refused = await call("GET", `/api/v1${path}`, { as: member });
  expect(await problemOf(refused)).toMatchObject({ status: 403 });
  const stranger = await newUser(env);
  expect((await call("GET", `/api/v1${path}`, { as: stranger })).status).toBe(404);
});

test("a role counts from the next request on, on a live socket too, and is on record", async () => {
  const owner = await newUser(env);
  const member = await colleague(owner);
  const device = await connect(member);
  const changed = Member.parse(await (await setRole(owner, member, "readonly")).json());
  expect(changed).toMatchObject({ user_id: member.userId, email: member.email, role: "readonly" });
  const create = await call("POST", "/api/v1/chats", { as: member, body: { title: "Mine" } });
  expect(create.status).toBe(403);
  const requestId = device.ask("Hello");
  expect(await device.frame("error")).toMatchObject({ code: "forbidden", in_reply_to: requestId });
  expect((await setRole(owner, member, "readonly")).status).toBe(200);
  expect(await eventsOf(member)).toEqual([["member.role_changed", { role: "readonly", count: 1 }]]);
});

test("only an owner decides on owners, and the last one stays", async () => {
  const owner = await newUser(env);
  const [manager, member] = [await colleague(owner, "admin"), await colleague(owner)];
  for (const refused of [
    await setRole(manager, owner, "member"),
    await setRole(manager, member, "owner"),
    await setRole(manager, manager, "owner"),
    await call("DELETE", pathOf(manager, owner), { as: manager }),
    await setRole(member, member, "admin"),
  ]) {
    expect(await problemOf(refused)).toMatchObject({ status: 403 });
  }
  expect((await setRole(manager, member, "admin")).status).toBe(200);
  expect(await problemOf(await setRole(owner, owner, "admin"))).toMatchObject({
    status: 409,
    code: "conflict",
  });
  expect((await setRole(owner, manager, "owner")).status).toBe(200);
  expect((await setRole(owner, owner, "member")).status).toBe(200);
  expect([await roleOf(owner), await roleOf(manager), await roleOf(member)]).toEqual([
    "member",
    "owner",
    "admin",
  ]);
});

test("a membership that is ended closes what is open before the answer, and what they share ends", async () => {
  const owner = await newUser(env);
  const member = await colleague(owner);
  const agent = await newAgent(member);
  const share = { kind: "agent", resource_id: agent.id, user_id: null, right: "read" };
  expect((await call("POST", "/api/v1/shares", { as: member, body: share })).status).toBe(201);
  expect((await call("GET", `/api/v1/agents/${agent.id}`, { as: owner })).status).toBe(200);
  const device = await connect(member);
  expect((await call("DELETE", pathOf(owner, member), { as: owner })).status).toBe(204);
  await device.until(() => device.closed !== undefined, "the end of the socket");
  expect(device.closed?.code).toBe(4403);
  expect((await call("GET", "/api/v1/auth/me", { as: member })).status).toBe(403);
  expect(await admin().select().from(sessions).where(eq(sessions.userId, member.userId))).toEqual([]);
  expect(await admin().select().from(sessions).where(eq(sessions.userId, owner.userId))).toHaveLength(1);
  expect((await call("GET", `/api/v1/agents/${agent.id}`, { as: owner })).status).toBe(404);
  expect((await call("DELETE", pathOf(owner, member), { as: owner })).status).toBe(404);
  expect(await eventsOf(member)).toEqual([["member.removed", { count: 1 }]]);
  const own = await call("DELETE", pathOf(owner, owner), { as: owner });
  expect(await problemOf(own)).toMatchObject({ status: 409 });
});

test("nobody of another tenant is reached, whichever tenant the path names", async () => {
  const [owner, other] = [await newUser(env), await newUser(env)];
  for (const path of [pathOf(owner, other), pathOf(other, other)]) {
    expect((await call("PATCH", path, { as: owner, body: { role: "readonly" } })).status).toBe(404);
    expect((await call("DELETE", path, { as: owner })).status).toBe(404);
  }
  expect(await roleOf(other)).toBe("owner");
});

test("no statement of a member's own makes them more than they are, nor shows them addresses", async () => {
  const owner = await newUser(env);
  const member = await colleague(owner);
  for (const attempt of [
    sql`update members set role = 'owner'`,
    sql`delete from members`,
    sql`insert into members (user_id, role) values (gen_random_uuid(), 'owner')`,
  ]) {
    expect(await rawSql(member, attempt)).toMatchObject({ code: "42501" });
  }
  for (const [person, role] of [
    [member.userId, "owner"],
    [owner.userId, "readonly"],
    [owner.userId, null],
  ] as const) {
    const { rows } = await rawSql(member, sql`select app.change_member(${person}::uuid, ${role}) as outcome`);
    expect(rows).toEqual([{ outcome: "not_allowed" }]);
  }
  const { rows: seen } = await rawSql(member, sql`select email from tenant_members`);
  expect(seen).toEqual([{ email: member.email }]);
  expect([await roleOf(owner), await roleOf(member)]).toEqual(["owner", "member"]);
});
