import { sql } from "drizzle-orm";
import { AppError } from "../../lib/errors.ts";
import { newId } from "../../lib/ids.ts";
import type { GuestCtx } from "../../platform/context.ts";
import { closeSockets } from "./close-sockets.ts";
import { issueTokens } from "./issue-tokens.ts";
import { clientHash, hashRefreshToken, newRefreshToken } from "./refresh-token.ts";
import type { RefreshRequest, Tokens } from "./schema.ts";

/** A client whose answer got lost, or whose two tabs refresh at once, comes back within seconds. */
const REPLAY_GRACE_S = 10;

interface Rotation extends Record<string, unknown> {
  outcome: "rotated" | "unknown" | "disabled" | "reused";
  session_id: string;
  user_id: string;
  tenant_id: string;
  expires_ms: string;
}

/**
 * Trades a refresh token for a new pair, and prolongs the session. A replay by the same client within 10 s gets a pair
 * of its own; any other replay ends the session and closes its sockets. Throws `refresh_token_invalid`,
 * `refresh_token_reused` or `account_disabled`.
 */
export async function refresh(ctx: GuestCtx, input: RefreshRequest): Promise<Tokens> {
  const { token, hash } = newRefreshToken();
  const rotation = await rotate(ctx, hashRefreshToken(input.refresh_token), hash);
  if (!rotation || rotation.outcome === "unknown") throw new AppError("refresh_token_invalid");
  const session = { tenantId: rotation.tenant_id, userId: rotation.user_id, sessionId: rotation.session_id };
  if (rotation.outcome === "disabled") throw new AppError("account_disabled");
  if (rotation.outcome === "reused") {
    ctx.log.warn({
      event: "refresh_token.reused",
      tenant_id: session.tenantId,
      session_id: session.sessionId,
    });
    await closeSockets(ctx, session);
    throw new AppError("refresh_token_reused");
  }
  return issueTokens(ctx, { ...session, refreshToken: token, expiresAt: Number(rotation.expires_ms) });
}

async function rotate(
  ctx: GuestCtx,
  presented: Uint8Array,
  successor: Uint8Array,
): Promise<Rotation | undefined> {
  const nowMs = ctx.clock.now();
  const now = new Date(nowMs).toISOString();
  const client = clientHash(ctx.config, ctx.client);
  const [result] = await ctx.identity.run((queries) => [
    queries.execute<Rotation>(sql`
      select outcome, session_id, user_id, tenant_id,
        (extract(epoch from session_expires_at) * 1000)::bigint as expires_ms
      from app.rotate_refresh_token(
        decode(${hex(presented)}, 'hex'), decode(${hex(successor)}, 'hex'), decode(${hex(client)}, 'hex'),
        ${now}::timestamptz, make_interval(secs => ${REPLAY_GRACE_S}), make_interval(days => ${ctx.config.auth.sessionDays}),
        ${newId(nowMs)}::uuid, ${ctx.requestId})`),
  ]);
  return result.rows[0];
}

function hex(bytes: Uint8Array): string {
  return Buffer.from(bytes).toString("hex");
}
