import { env } from "cloudflare:workers";
import { Client } from "@neondatabase/serverless";
import { eq } from "drizzle-orm";
import { afterEach, expect, test, vi } from "vitest";
import { login, me, register, verifyAccessToken } from "../../../src/features/auth/service.ts";
import { accounts, refreshTokens, sessions } from "../../../src/features/auth/tables.ts";
import { auditLogs, dataKeys, members, tenants, users } from "../../../src/features/users/tables.ts";
import { newId } from "../../../src/lib/ids.ts";
import { readEnv } from "../../../src/platform/env.ts";
import { connectAs } from "../../support/database.ts";
import { guestCtx, newUser, PASSWORD, PASSWORD_HASH, userCtx } from "../../support/users.ts";

const admin = () => connectAs(env, "postgres");
const newEmail = () => `${newId()}@example.com`;
const fast = { passwordHash: PASSWORD_HASH };

afterEach(() => vi.restoreAllMocks());

test("registering makes a person, their tenant, their key and a session, and records both", async () => {
  const guest = guestCtx(env);
  const email = newEmail();
  const tokens = await register(guest, { email, password: PASSWORD });
  const { userId, tenantId, sessionId } = await verifyAccessToken(guest.config, tokens.access_token);

  expect(await admin().select().from(users).where(eq(users.id, userId))).toMatchObject([{ email, name: "" }]);
  expect(await admin().select().from(tenants).where(eq(tenants.id, tenantId))).toMatchObject([
    { kind: "personal", tier: "free" },
  ]);
  expect(await admin().select().from(members).where(eq(members.tenantId, tenantId))).toMatchObject([
    { userId, role: "owner" },
  ]);
  const [keyRow] = await admin().select().from(dataKeys).where(eq(dataKeys.userId, userId));
  const { keyring } = readEnv(env);
  expect(keyRow?.masterKeyId).toBe(keyring.currentId);
  expect(keyring.unwrap(keyRow?.wrapped ?? new Uint8Array(), { ownerId: userId }).id).toBeTruthy();
  expect(await admin().select().from(sessions).where(eq(sessions.userId, userId))).toMatchObject([
    { id: sessionId, tenantId },
  ]);
  const trail = await admin().select().from(auditLogs).where(eq(auditLogs.tenantId, tenantId));
  expect(trail.map(({ event }) => event).sort()).toEqual(["session.created", "user.registered"]);
  expect(trail.every(({ requestId }) => requestId === guest.requestId)).toBe(true);
});

test("a failure on the way leaves nothing of a registration", async () => {
  const guest = guestCtx(env);
  const email = newEmail();
  vi.spyOn(guest.keyring, "wrap").mockImplementationOnce(() => {
    throw new Error("the key store is on fire");
  });
  await expect(register(guest, { email, password: PASSWORD }, fast)).rejects.toThrow("on fire");
  expect(await admin().select().from(users).where(eq(users.email, email))).toEqual([]);
  await expect(register(guest, { email, password: PASSWORD }, fast)).resolves.toBeDefined();
});

test("an address is taken once, however it is written", async () => {
  const { email } = await newUser(env);
  await expect(register(guestCtx(env), { email, password: PASSWORD }, fast)).rejects.toMatchObject({
    code: "email_taken",
  });
});

test("of two who register one address at once, one gets it", async () => {
  const email = newEmail();
  const both = await Promise.allSettled(
    [1, 2].map(() => register(guestCtx(env), { email, password: PASSWORD }, fast)),
  );
  expect(both.map(({ status }) => status).sort()).toEqual(["fulfilled", "rejected"]);
  expect(both.find(({ status }) => status === "rejected")).toMatchObject({ reason: { code: "email_taken" } });
  expect(await admin().select().from(users).where(eq(users.email, email))).toHaveLength(1);
});

test("logging in starts a session of its own in the personal tenant", async () => {
  const user = await newUser(env);
  const guest = guestCtx(env);
  const tokens = await login(guest, { email: user.email, password: PASSWORD });
  const claims = await verifyAccessToken(guest.config, tokens.access_token);
  expect(claims).toMatchObject({ userId: user.userId, tenantId: user.tenantId });
  expect(claims.sessionId).not.toBe(user.sessionId);
  expect(await me(userCtx(env, { ...user, sessionId: claims.sessionId }))).toMatchObject({
    id: user.userId,
    email: user.email,
    role: "owner",
    tier: "free",
  });
});

test("a wrong password and an unknown address are told apart neither by the answer nor by the work", async () => {
  const { email } = await newUser(env);
  const wrong = await statementsOf(() => login(guestCtx(env), { email, password: "wrong horse battery" }));
  const unknown = await statementsOf(() => login(guestCtx(env), { email: newEmail(), password: PASSWORD }));
  expect(unknown).toBe(wrong);
});

test("a disabled person cannot log in, and learns why only with the right password", async () => {
  const user = await newUser(env);
  await admin().update(users).set({ disabledAt: new Date() }).where(eq(users.id, user.userId));
  const attempt = (password: string) => login(guestCtx(env), { email: user.email, password });
  await expect(attempt("wrong horse battery")).rejects.toMatchObject({ code: "invalid_credentials" });
  await expect(attempt(PASSWORD)).rejects.toMatchObject({ code: "account_disabled" });
  expect(await admin().select().from(sessions).where(eq(sessions.userId, user.userId))).toHaveLength(1);
});

test("nothing a client says of itself is stored in the clear", async () => {
  const client = { ip: "203.0.113.77", userAgent: `Canary/${newId()}` };
  const tokens = await register(guestCtx(env, { client }), { email: newEmail(), password: PASSWORD });
  const { userId } = await verifyAccessToken(readEnv(env).config, tokens.access_token);
  const stored = JSON.stringify([
    await admin().select().from(users).where(eq(users.id, userId)),
    await admin().select().from(accounts).where(eq(accounts.userId, userId)),
    await admin().select().from(sessions).where(eq(sessions.userId, userId)),
    await admin().select().from(refreshTokens),
  ]);
  for (const secret of [client.ip, client.userAgent, PASSWORD, tokens.refresh_token, tokens.access_token]) {
    expect(stored).not.toContain(secret);
    expect(stored).not.toContain(Buffer.from(secret).toString("base64").slice(0, -4));
  }
});

/** How many statements a failing sign-in sends to the database. */
async function statementsOf(attempt: () => Promise<unknown>): Promise<number> {
  const query = vi.spyOn(Client.prototype, "query");
  await expect(attempt()).rejects.toMatchObject({ code: "invalid_credentials" });
  const sent = query.mock.calls.length;
  query.mockRestore();
  expect(sent).toBeGreaterThan(2);
  return sent;
}
