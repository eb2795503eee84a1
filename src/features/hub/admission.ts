/** What a hub is told of the person before it opens a socket. */
import { AppError } from "../../lib/errors.ts";
import type { Ctx } from "../../platform/context.ts";
import type { Permission } from "../../platform/db.ts";
import { allow } from "../auth/policy.ts";
import { selectRemembered } from "../memory/service.ts";
import type { HubAdmission, HubSession } from "./client.ts";

export interface Admitted {
  admission: HubAdmission;
  session: HubSession;
}

/**
 * What the hub must know of the person before it opens a socket. One round trip; throws `session_revoked`,
 * `account_disabled` or `forbidden`.
 */
export async function admission(
  ctx: Ctx,
  permission: Permission = allow("devices", "connect"),
): Promise<Admitted> {
  if (ctx.actor.kind !== "user")
    throw new AppError("forbidden", { detail: "Only a session can open a socket." });
  const { userId, sessionId } = ctx.actor;
  const [remembered, agents] = await ctx.db.run(permission, (queries) => [
    selectRemembered(queries, ctx),
    ctx.ports.agentsMark.select(queries, userId),
  ]);
  const { principal } = ctx.db;
  if (!principal?.role || !principal.wrappedDataKey || principal.sessionExpiresAt === null) {
    throw new AppError("session_revoked");
  }
  const { role, tier, wrappedDataKey, sessionExpiresAt: expiresAt } = principal;
  return {
    admission: {
      tenantId: ctx.tenantId,
      userId,
      role,
      tier,
      wrappedDataKey,
      remembers: remembered.length > 0,
      agents: ctx.ports.agentsMark.read(agents),
    },
    session: { sessionId, expiresAt },
  };
}

/** The value of the header by which the edge introduces a connection. */
export function introductionOf({ admission: admitted, session }: Admitted): string {
  const wrappedDataKey = Buffer.from(admitted.wrappedDataKey).toString("base64");
  return JSON.stringify({ ...admitted, ...session, wrappedDataKey });
}
