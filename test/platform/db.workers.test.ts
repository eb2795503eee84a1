import { env } from "cloudflare:workers";
import { eq, sql } from "drizzle-orm";
import { afterEach, expect, test } from "vitest";
import { allow } from "../../src/features/auth/policy.ts";
import { audit } from "../../src/features/users/service.ts";
import { auditLogs, members, tenants, users } from "../../src/features/users/tables.ts";
import { newId } from "../../src/lib/ids.ts";
import { openDatabase } from "../../src/platform/db.ts";
import { readEnv } from "../../src/platform/env.ts";
import { connectAs, urlAs } from "../support/database.ts";
import { newUser, userCtx } from "../support/users.ts";

const { database } = readEnv(env).config;
const read = allow("account", "read");
const write = allow("chats", "create");

afterEach(() => {
  // Opening sets the driver's addresses: back to the living ones after a test that pointed them elsewhere.
  connectAs(env, "postgres");
});

test("permission, principal and queries are one round trip", async () => {
  const user = await newUser(env, { tier: "pro" });
  const ctx = userCtx(env, user);
  const [own, count] = await ctx.db.run(read, (queries) => [
    queries.select().from(members),
    queries.execute<{ total: string }>(sql`select count(*) as total from tenants`),
  ]);
  expect(own).toMatchObject([{ tenantId: user.tenantId, userId: user.userId, role: "owner" }]);
  expect(Number(count.rows[0]?.total)).toBe(1);
  expect(ctx.db.roundTrips).toBe(1);
  expect(ctx.db.principal).toMatchObject({
    tenantId: user.tenantId,
    userId: user.userId,
    role: "owner",
    tier: "pro",
    sessionExpiresAt: null,
  });
});

test("who is asking is known after the first round trip", async () => {
  const ctx = userCtx(env, await newUser(env));
  await ctx.db.run(read, () => []);
  const principal = await ctx.db.identify();
  expect(principal).toBe(ctx.db.principal);
  expect(ctx.db.roundTrips).toBe(1);
});

test("a role that the policy does not name is forbidden, and nothing is written", async () => {
  const user = await newUser(env, { role: "readonly" });
  const ctx = userCtx(env, user);
  const event = `test.${newId()}`;
  await expect(ctx.db.run(write, (queries) => [audit(queries, ctx, { event })])).rejects.toMatchObject({
    code: "forbidden",
  });
  expect(await entriesOf(event)).toEqual([]);
});

test("a tenant of which one is no member is forbidden", async () => {
  const [one, other] = [await newUser(env), await newUser(env)];
  const ctx = userCtx(env, { ...one, tenantId: other.tenantId });
  await expect(ctx.db.run(read, () => [])).rejects.toMatchObject({ code: "forbidden" });
});

test("a tenant that does not exist is forbidden", async () => {
  const ctx = userCtx(env, { ...(await newUser(env)), tenantId: newId() });
  await expect(ctx.db.run(read, () => [])).rejects.toMatchObject({ code: "forbidden" });
});

test("a disabled person can do nothing", async () => {
  const user = await newUser(env);
  await connectAs(env, "postgres")
    .update(users)
    .set({ disabledAt: new Date() })
    .where(eq(users.id, user.userId));
  await expect(userCtx(env, user).db.run(read, () => [])).rejects.toMatchObject({ code: "account_disabled" });
});

test("nobody can do anything in a disabled tenant", async () => {
  const user = await newUser(env);
  await connectAs(env, "postgres")
    .update(tenants)
    .set({ disabledAt: new Date() })
    .where(eq(tenants.id, user.tenantId));
  await expect(userCtx(env, user).db.run(read, () => [])).rejects.toMatchObject({ code: "account_disabled" });
});

test("the system does only what the policy grants it, and only for members", async () => {
  const user = await newUser(env);
  const actor = { kind: "system", job: "outbox.flush", userId: user.userId } as const;
  await userCtx(env, user, { actor }).db.run(allow("chats", "record"), () => []);
  await expect(userCtx(env, user, { actor }).db.run(write, () => [])).rejects.toMatchObject({
    code: "forbidden",
  });
  const stranger = { ...actor, userId: newId() };
  await expect(
    userCtx(env, user, { actor: stranger }).db.run(allow("chats", "record"), () => []),
  ).rejects.toMatchObject({ code: "forbidden" });
});

test("a reading verb cannot write", async () => {
  const ctx = userCtx(env, await newUser(env));
  const event = `test.${newId()}`;
  await expect(ctx.db.run(read, (queries) => [audit(queries, ctx, { event })])).rejects.toMatchObject({
    code: "25006",
  });
  expect(await entriesOf(event)).toEqual([]);
});

test("a change and its audit row happen together or not at all", async () => {
  const ctx = userCtx(env, await newUser(env));
  const event = `test.${newId()}`;
  const broken = ctx.db.run(write, (queries) => [
    audit(queries, ctx, { event }),
    queries.execute(sql`select 1 / 0`),
  ]);
  await expect(broken).rejects.toMatchObject({ name: "DatabaseError", code: "22012" });
  expect(await entriesOf(event)).toEqual([]);
  await ctx.db.run(write, (queries) => [audit(queries, ctx, { event })]);
  expect(await entriesOf(event)).toMatchObject([{ tenantId: ctx.tenantId, requestId: ctx.requestId }]);
});

test("what the database says about a row does not leave with the error", async () => {
  const ctx = userCtx(env, await newUser(env));
  const secret = newId();
  const failed: unknown = await ctx.db
    .run(write, (queries) => [queries.execute(sql`select ${secret}::integer`)])
    .catch((error: unknown) => error);
  expect(failed).toBeInstanceOf(Error);
  if (!(failed instanceof Error)) return;
  expect(`${failed.message} ${failed.stack} ${JSON.stringify(failed)} ${failed.cause}`).not.toContain(secret);
});

test("the tenant of one transaction is unknown to the next", async () => {
  const ctx = userCtx(env, await newUser(env));
  await ctx.db.run(read, () => []);
  const app = connectAs(env, "adjutant_app");
  expect((await app.execute(sql`select app.tenant_id() as tenant, app.user_id() as person`)).rows).toEqual([
    { tenant: null, person: null },
  ]);
  expect(await app.select().from(members)).toEqual([]);
});

test("a database role that could bypass isolation is refused, and its queries with it", async () => {
  const user = await newUser(env);
  const ctx = userCtx(env, user);
  const event = `test.${newId()}`;
  const superuser = openDatabase({ ...database, url: urlAs(database.url, "postgres") }, ctx);
  await expect(superuser.run(write, (queries) => [audit(queries, ctx, { event })])).rejects.toMatchObject({
    code: "misconfigured",
    detail: expect.stringContaining("row-level security"),
  });
  expect(await entriesOf(event)).toEqual([]);
});

test("a role that only has BYPASSRLS is refused as well", async () => {
  const user = await newUser(env);
  const admin = connectAs(env, "postgres");
  await admin.execute(sql`create role console_made login bypassrls in role adjutant_app`);
  const address = new URL(database.url);
  address.username = "console_made";
  try {
    const bypassing = openDatabase({ ...database, url: address.href }, userCtx(env, user));
    await expect(bypassing.run(read, () => [])).rejects.toMatchObject({ code: "misconfigured" });
  } finally {
    await admin.execute(sql`drop role console_made`);
  }
});

test("a database that cannot be reached is asked again for reads only", async () => {
  const user = await newUser(env);
  const ctx = userCtx(env, user);
  const away = openDatabase({ ...database, httpEndpoint: "http://127.0.0.1:9/sql" }, ctx);
  await expect(away.run(read, () => [])).rejects.toMatchObject({ code: "database_unavailable" });
  expect(away.roundTrips).toBe(3);
  await expect(away.run(write, () => [])).rejects.toMatchObject({ code: "database_unavailable" });
  expect(away.roundTrips).toBe(4);
});

function entriesOf(event: string) {
  return connectAs(env, "postgres").select().from(auditLogs).where(eq(auditLogs.event, event));
}
