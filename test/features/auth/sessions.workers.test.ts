import { env } from "cloudflare:workers";
import { and, eq } from "drizzle-orm";
import { expect, test } from "vitest";
import {
  listSessions,
  liveSession,
  login,
  logout,
  me,
  refresh,
  revokeAllSessions,
  revokeSession,
  verifyAccessToken,
} from "../../../src/features/auth/service.ts";
import { sessions } from "../../../src/features/auth/tables.ts";
import { auditLogs } from "../../../src/features/users/tables.ts";
import { newId } from "../../../src/lib/ids.ts";
import type { EndedSession } from "../../../src/platform/context.ts";
import { readEnv } from "../../../src/platform/env.ts";
import { connectAs } from "../../support/database.ts";
import { guestCtx, newUser, PASSWORD, type TestUser, userCtx } from "../../support/users.ts";

/** The same person, signed in once more. */
async function signedInAgain(user: TestUser, client?: { ip: string; userAgent: string }): Promise<TestUser> {
  const guest = guestCtx(env, client ? { client } : {});
  const tokens = await login(guest, { email: user.email, password: PASSWORD });
  const { sessionId } = await verifyAccessToken(guest.config, tokens.access_token);
  return { ...user, sessionId, accessToken: tokens.access_token, refreshToken: tokens.refresh_token };
}

test("a person sees their sessions, the newest first, and which one is asking", async () => {
  const first = await newUser(env);
  const second = await signedInAgain(first, { ip: "203.0.113.5", userAgent: "Adjutant/1 (kitchen)" });
  const listed = await listSessions(userCtx(env, second));
  expect(listed.map(({ id, current }) => ({ id, current }))).toEqual([
    { id: second.sessionId, current: true },
    { id: first.sessionId, current: false },
  ]);
  expect(listed[0]).toMatchObject({ ip_address: "203.0.113.5", user_agent: "Adjutant/1 (kitchen)" });
});

test("nobody sees or ends another person's session", async () => {
  const [one, other] = [await newUser(env), await newUser(env)];
  const listed = await listSessions(userCtx(env, one));
  expect(listed.map(({ id }) => id)).toEqual([one.sessionId]);
  await expect(revokeSession(userCtx(env, one), { id: other.sessionId })).rejects.toMatchObject({
    code: "not_found",
  });
  await expect(liveSession(userCtx(env, other))).resolves.toBeDefined();
});

test("a session that is ended is over at once: sockets, refresh and sensitive verbs", async () => {
  const first = await newUser(env);
  const second = await signedInAgain(first);
  const ended: EndedSession[] = [];
  await revokeSession(userCtx(env, first, { ended }), { id: second.sessionId });
  expect(ended).toEqual([{ tenantId: first.tenantId, userId: first.userId, sessionId: second.sessionId }]);
  await expect(liveSession(userCtx(env, second))).rejects.toMatchObject({ code: "session_revoked" });
  await expect(refresh(guestCtx(env), { refresh_token: second.refreshToken })).rejects.toMatchObject({
    code: "refresh_token_invalid",
  });
  await expect(revokeSession(userCtx(env, second), { id: first.sessionId })).rejects.toMatchObject({
    code: "session_revoked",
  });
  // Ordinary reads go on until the access token expires.
  await expect(me(userCtx(env, second))).resolves.toMatchObject({ id: first.userId });
  await expect(liveSession(userCtx(env, first))).resolves.toBeDefined();
});

test("ending a session is recorded with its ending, and nothing is recorded when nothing ended", async () => {
  const user = await newUser(env);
  const other = await signedInAgain(user);
  const ctx = userCtx(env, user);
  await revokeSession(ctx, { id: other.sessionId });
  await expect(revokeSession(ctx, { id: other.sessionId })).rejects.toMatchObject({ code: "not_found" });
  const trail = await connectAs(env, "postgres")
    .select()
    .from(auditLogs)
    .where(and(eq(auditLogs.tenantId, user.tenantId), eq(auditLogs.event, "session.revoked")));
  expect(trail).toMatchObject([{ subjectId: other.sessionId, actorId: user.userId, details: { count: 1 } }]);
});

test("logging out ends the asking session only", async () => {
  const first = await newUser(env);
  const second = await signedInAgain(first);
  await logout(userCtx(env, second));
  await expect(logout(userCtx(env, second))).rejects.toMatchObject({ code: "session_revoked" });
  await expect(liveSession(userCtx(env, first))).resolves.toBeDefined();
});

test("ending all sessions ends the asking one too", async () => {
  const first = await newUser(env);
  const second = await signedInAgain(first);
  const ended: EndedSession[] = [];
  await revokeAllSessions(userCtx(env, first, { ended }));
  expect(ended).toEqual([{ tenantId: first.tenantId, userId: first.userId }]);
  for (const user of [first, second]) {
    await expect(liveSession(userCtx(env, user))).rejects.toMatchObject({ code: "session_revoked" });
  }
});

test("a live session tells its end, role and tier in one round trip", async () => {
  const user = await newUser(env, { role: "admin", tier: "power" });
  const ctx = userCtx(env, user);
  const live = await liveSession(ctx);
  expect(live).toMatchObject({ role: "admin", tier: "power" });
  const days = (live.expiresAt - Date.now()) / 86_400_000;
  expect(Math.round(days)).toBe(readEnv(env).config.auth.sessionDays);
  expect(ctx.db.roundTrips).toBe(1);
});

test("a session past its end is not alive", async () => {
  const user = await newUser(env);
  await connectAs(env, "postgres")
    .update(sessions)
    .set({ expiresAt: new Date(Date.now() - 1000) })
    .where(eq(sessions.id, user.sessionId));
  await expect(liveSession(userCtx(env, user))).rejects.toMatchObject({ code: "session_revoked" });
  expect(await listSessions(userCtx(env, user))).toEqual([]);
});

test("a session is alive in its own tenant only", async () => {
  const [one, other] = [await newUser(env), await newUser(env)];
  await expect(liveSession(userCtx(env, { ...one, sessionId: other.sessionId }))).rejects.toMatchObject({
    code: "session_revoked",
  });
});

test("sockets that cannot be closed do not undo the end of a session", async () => {
  const user = await newUser(env);
  const ctx = userCtx(env, user);
  let asked = 0;
  const ports = {
    ...ctx.ports,
    sessionEnded: async () => {
      asked++;
      throw new Error("the hub is away");
    },
  };
  await logout({ ...ctx, ports });
  expect(asked).toBe(3);
  await expect(liveSession(userCtx(env, user))).rejects.toMatchObject({ code: "session_revoked" });
});

test("only a session can log out", async () => {
  const user = await newUser(env);
  const actor = { kind: "automation", userId: user.userId, automationId: newId() } as const;
  await expect(logout(userCtx(env, user, { actor }))).rejects.toMatchObject({ code: "forbidden" });
});
