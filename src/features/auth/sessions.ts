import { desc, sql } from "drizzle-orm";
import { pgView, text, uuid } from "drizzle-orm/pg-core";
import { AppError } from "../../lib/errors.ts";
import { moment } from "../../platform/columns.ts";
import { type Ctx, userIdOf } from "../../platform/context.ts";
import type { Role, Tier } from "../../platform/db.ts";
import { auditedChange, userDataKey } from "../users/service.ts";
import { closeSockets } from "./close-sockets.ts";
import { allow } from "./policy.ts";
import type { Session } from "./schema.ts";
import { openClient } from "./session-row.ts";

/** More than a person has devices; a sign-in per minute for hours would be noticed elsewhere. */
const SESSIONS_MAX = 200;

/** What the application role sees of `sessions`: those of the person who asks. */
const ownSessions = pgView("own_sessions", {
  id: uuid("id").notNull(),
  ipAddress: text("ip_address"),
  userAgent: text("user_agent"),
  createdAt: moment("created_at").notNull(),
  lastUsedAt: moment("last_used_at").notNull(),
  expiresAt: moment("expires_at").notNull(),
}).existing();

/** The person's live sessions in this tenant, the newest first, at most 200. */
export async function listSessions(ctx: Ctx): Promise<Session[]> {
  const [rows] = await ctx.db.run(allow("sessions", "read"), (queries) => [
    queries
      .select()
      .from(ownSessions)
      .where(sql`${ownSessions.expiresAt} > now()`)
      .orderBy(desc(ownSessions.createdAt))
      .limit(SESSIONS_MAX),
  ]);
  const key = await userDataKey(ctx);
  const userId = userIdOf(ctx);
  const currentId = ctx.actor.kind === "user" ? ctx.actor.sessionId : null;
  return rows.map((row) => ({
    id: row.id,
    current: row.id === currentId,
    ip_address: openClient(key, "ip_address", row.ipAddress, { sessionId: row.id, userId }),
    user_agent: openClient(key, "user_agent", row.userAgent, { sessionId: row.id, userId }),
    created_at: row.createdAt.toISOString(),
    last_used_at: row.lastUsedAt.toISOString(),
    expires_at: row.expiresAt.toISOString(),
  }));
}

/** Ends one of the person's sessions and closes its sockets. Throws `not_found` for anybody else's. */
export async function revokeSession(ctx: Ctx, { id }: { id: string }): Promise<void> {
  const [ended] = await ctx.db.run(allow("sessions", "revoke"), (queries) => [
    auditedChange(
      queries,
      ctx,
      { event: "session.revoked", subjectId: id },
      sql`delete from own_sessions where id = ${id}::uuid returning id`,
    ),
  ]);
  if (ended.rows.length === 0) throw new AppError("not_found");
  await closeSockets(ctx, { tenantId: ctx.tenantId, userId: userIdOf(ctx), sessionId: id });
}

/** Ends all of the person's sessions in this tenant, the asking one included. */
export async function revokeAllSessions(ctx: Ctx): Promise<void> {
  await ctx.db.run(allow("sessions", "revoke"), (queries) => [
    auditedChange(
      queries,
      ctx,
      { event: "sessions.revoked", subjectId: userIdOf(ctx) },
      sql`delete from own_sessions returning id`,
    ),
  ]);
  await closeSockets(ctx, { tenantId: ctx.tenantId, userId: userIdOf(ctx) });
}

/** Ends the asking session. */
export async function logout(ctx: Ctx): Promise<void> {
  if (ctx.actor.kind !== "user")
    throw new AppError("forbidden", { detail: "Only a session can be logged out." });
  await revokeSession(ctx, { id: ctx.actor.sessionId });
}

export interface LiveSession {
  /** Unix ms. */
  expiresAt: number;
  role: Role;
  tier: Tier;
}

/**
 * Asks, in one round trip, whether the actor's session is alive: before a socket opens, a ticket is made, or anything
 * else that would outlive the answer. Throws `session_revoked`, `account_disabled` or `forbidden`.
 */
export async function liveSession(ctx: Ctx): Promise<LiveSession> {
  if (ctx.actor.kind !== "user") throw new AppError("forbidden", { detail: "Only a session can do this." });
  await ctx.db.run(allow("sessions", "check"), () => []);
  const { principal } = ctx.db;
  if (!principal?.role || principal.sessionExpiresAt === null) throw new AppError("session_revoked");
  return { expiresAt: principal.sessionExpiresAt, role: principal.role, tier: principal.tier };
}
