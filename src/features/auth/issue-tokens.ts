import type { GuestCtx } from "../../platform/context.ts";
import { signAccessToken } from "./access-token.ts";
import type { Tokens } from "./schema.ts";

export interface Grant {
  userId: string;
  tenantId: string;
  sessionId: string;
  refreshToken: string;
  /** When the session ends, Unix ms: no access token outlives it. */
  expiresAt: number;
}

export async function issueTokens({ config, clock }: GuestCtx, grant: Grant): Promise<Tokens> {
  const nowMs = clock.now();
  const expiresAt = Math.min(nowMs + config.auth.accessTokenMs, grant.expiresAt);
  const { userId, sessionId, tenantId } = grant;
  return {
    access_token: await signAccessToken(config, { userId, sessionId, tenantId, expiresAt }, nowMs),
    refresh_token: grant.refreshToken,
    expires_at: new Date(expiresAt).toISOString(),
  };
}
