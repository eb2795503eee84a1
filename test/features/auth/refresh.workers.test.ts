import { env } from "cloudflare:workers";
import { and, eq } from "drizzle-orm";
import { expect, test } from "vitest";
import { refresh, verifyAccessToken } from "../../../src/features/auth/service.ts";
import { sessions } from "../../../src/features/auth/tables.ts";
import { auditLogs, users } from "../../../src/features/users/tables.ts";
import type { EndedSession } from "../../../src/platform/context.ts";
import { readEnv } from "../../../src/platform/env.ts";
import { connectAs } from "../../support/database.ts";
import { guestCtx, newUser, type TestSurroundings } from "../../support/users.ts";

const DAY_MS = 86_400_000;
const elsewhere = { ip: "198.51.100.9", userAgent: "somebody else" };

function trade(refresh_token: string, around: TestSurroundings = {}) {
  return refresh(guestCtx(env, around), { refresh_token });
}

test("each refresh gives a new pair for the same session", async () => {
  const user = await newUser(env);
  const first = await trade(user.refreshToken);
  const second = await trade(first.refresh_token);
  expect(new Set([user.refreshToken, first.refresh_token, second.refresh_token]).size).toBe(3);
  const claims = await verifyAccessToken(readEnv(env).config, second.access_token);
  expect(claims).toMatchObject({ userId: user.userId, tenantId: user.tenantId, sessionId: user.sessionId });
});

test("a client whose answer got lost may repeat within ten seconds, and both pairs work", async () => {
  const user = await newUser(env);
  const nowMs = Date.now();
  const lost = await trade(user.refreshToken, { nowMs });
  const again = await trade(user.refreshToken, { nowMs: nowMs + 9_999 });
  await trade(lost.refresh_token, { nowMs: nowMs + 10_000 });
  await trade(again.refresh_token, { nowMs: nowMs + 10_000 });
});

test("ten tabs that refresh with one token at once all stay signed in", async () => {
  const user = await newUser(env);
  const pairs = await Promise.all(Array.from({ length: 10 }, () => trade(user.refreshToken)));
  expect(new Set(pairs.map(({ refresh_token }) => refresh_token)).size).toBe(10);
  for (const { refresh_token } of pairs) await trade(refresh_token);
});

test("a replay after ten seconds ends the session, its sockets and every token of it", async () => {
  const user = await newUser(env);
  const ended: EndedSession[] = [];
  const nowMs = Date.now();
  const successor = await trade(user.refreshToken, { nowMs });
  await expect(trade(user.refreshToken, { nowMs: nowMs + 10_000, ended })).rejects.toMatchObject({
    code: "refresh_token_reused",
  });
  expect(ended).toEqual([{ tenantId: user.tenantId, userId: user.userId, sessionId: user.sessionId }]);
  await expect(trade(successor.refresh_token)).rejects.toMatchObject({ code: "refresh_token_invalid" });
  const trail = await connectAs(env, "postgres")
    .select()
    .from(auditLogs)
    .where(and(eq(auditLogs.tenantId, user.tenantId), eq(auditLogs.event, "session.reuse_detected")));
  expect(trail).toMatchObject([{ subjectId: user.sessionId, userId: user.userId }]);
});

test("a replay by another client is never forgiven", async () => {
  const user = await newUser(env);
  const nowMs = Date.now();
  await trade(user.refreshToken, { nowMs });
  await expect(trade(user.refreshToken, { nowMs, client: elsewhere })).rejects.toMatchObject({
    code: "refresh_token_reused",
  });
});

test("one session's replay leaves a person's other sessions alone", async () => {
  const [victim, bystander] = [await newUser(env), await newUser(env)];
  const nowMs = Date.now();
  await trade(victim.refreshToken, { nowMs });
  await expect(trade(victim.refreshToken, { nowMs: nowMs + 60_000 })).rejects.toThrow();
  await expect(trade(bystander.refreshToken)).resolves.toBeDefined();
});

test("a first use from another address is no replay", async () => {
  const user = await newUser(env);
  await expect(trade(user.refreshToken, { client: elsewhere })).resolves.toBeDefined();
});

test("a refresh prolongs the session, and a session left alone ends", async () => {
  const user = await newUser(env);
  const { sessionDays } = readEnv(env).config.auth;
  const nowMs = Date.now();
  const kept = await trade(user.refreshToken, { nowMs: nowMs + (sessionDays - 1) * DAY_MS });
  const [row] = await connectAs(env, "postgres")
    .select()
    .from(sessions)
    .where(eq(sessions.id, user.sessionId));
  expect(row?.expiresAt.getTime()).toBe(nowMs + (2 * sessionDays - 1) * DAY_MS);
  await expect(trade(kept.refresh_token, { nowMs: nowMs + 2 * sessionDays * DAY_MS })).rejects.toMatchObject({
    code: "refresh_token_invalid",
  });
});

test("a disabled person gets no new tokens, and keeps their place for when they are enabled", async () => {
  const user = await newUser(env);
  const admin = connectAs(env, "postgres");
  const setDisabled = (disabledAt: Date | null) =>
    admin.update(users).set({ disabledAt }).where(eq(users.id, user.userId));
  await setDisabled(new Date());
  await expect(trade(user.refreshToken)).rejects.toMatchObject({ code: "account_disabled" });
  await setDisabled(null);
  await expect(trade(user.refreshToken)).resolves.toBeDefined();
});

test.each(["", "adjr_", `adjr_${"A".repeat(43)}`])(
  "a token nobody was given (%j) is not valid",
  async (token) => {
    await expect(trade(token)).rejects.toMatchObject({ code: "refresh_token_invalid" });
  },
);

test("a refresh is one round trip", async () => {
  const user = await newUser(env);
  const guest = guestCtx(env);
  await refresh(guest, { refresh_token: user.refreshToken });
  expect(guest.identity.roundTrips).toBe(1);
});
