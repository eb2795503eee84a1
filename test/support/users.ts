/** People for tests, made by the service itself, with a password that costs nothing to hash. */
import { eq } from "drizzle-orm";
// Loaded with the file of tests: within its first test, on a slow machine, it would take most of the time that one has.
import "../../src/features/auth/library.ts";
import { register, verifyAccessToken } from "../../src/features/auth/service.ts";
import { members, tenants } from "../../src/features/users/tables.ts";
import { newId } from "../../src/lib/ids.ts";
import { createLogger } from "../../src/lib/logger.ts";
import type { Actor } from "../../src/platform/actor.ts";
import {
  type Ctx,
  createCtx,
  createGuestCtx,
  type EndedSession,
  type GuestCtx,
} from "../../src/platform/context.ts";
import type { Role, Tier } from "../../src/platform/db.ts";
import { type RawEnv, readEnv } from "../../src/platform/env.ts";
import { portsOf } from "../../src/ports.ts";
import { connectAs } from "./database.ts";

export const PASSWORD = "correct horse battery";
/** Of `PASSWORD`, with N=16 instead of 2^15: verifies in no time. */
export const PASSWORD_HASH =
  "scrypt$16$8$1$MDEyMzQ1Njc4OWFiY2RlZg$LYtM8Mh-uD5qDLQWvjcUOTNEVL2STXzMHwI4lieKYvI";

export interface TestUser {
  userId: string;
  tenantId: string;
  sessionId: string;
  accessToken: string;
  refreshToken: string;
  email: string;
}

export interface TestUserOptions {
  /** In their personal tenant; owner unless told. */
  role?: Role;
  tier?: Tier;
}

/** Registers a person nobody else has and signs them in. */
export async function newUser(env: RawEnv, { role, tier }: TestUserOptions = {}): Promise<TestUser> {
  const email = `${newId()}@example.com`;
  const guest = guestCtx(env);
  const tokens = await register(guest, { email, password: PASSWORD }, { passwordHash: PASSWORD_HASH });
  const { userId, tenantId, sessionId } = await verifyAccessToken(guest.config, tokens.access_token);
  if (role) await connectAs(env, "postgres").update(members).set({ role }).where(eq(members.userId, userId));
  if (tier) await connectAs(env, "postgres").update(tenants).set({ tier }).where(eq(tenants.id, tenantId));
  return {
    userId,
    tenantId,
    sessionId,
    email,
    accessToken: tokens.access_token,
    refreshToken: tokens.refresh_token,
  };
}

export interface TestSurroundings {
  /** Filled with the sessions whose sockets were to be closed. */
  ended?: EndedSession[];
  client?: { ip: string; userAgent: string };
  nowMs?: number;
}

/** The context of somebody who has not signed in. */
export function guestCtx(env: RawEnv, around: TestSurroundings = {}): GuestCtx {
  return createGuestCtx(readEnv(env), surroundings(env, around));
}

/** The context of a person's own session, or of another actor in their tenant. */
export function userCtx(env: RawEnv, user: TestUser, around: TestSurroundings & { actor?: Actor } = {}): Ctx {
  const actor = around.actor ?? { kind: "user", userId: user.userId, sessionId: user.sessionId };
  return createCtx(readEnv(env), { ...surroundings(env, around), actor, tenantId: user.tenantId });
}

function surroundings(env: RawEnv, { ended = [], client, nowMs }: TestSurroundings) {
  return {
    requestId: newId(),
    log: createLogger({}, () => {}),
    ports: {
      ...portsOf(readEnv(env)),
      sessionEnded: async (session: EndedSession) => void ended.push(session),
    },
    client: client ?? { ip: "192.0.2.1", userAgent: "test" },
    clock: { now: () => nowMs ?? Date.now() },
    waitUntil: () => {},
  };
}
