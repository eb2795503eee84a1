/** What the application lends each request: its caller's context, limits and repetition. */
import type { Context } from "hono";
import { verifyAccessToken } from "./features/auth/service.ts";
import { answerOnce } from "./features/operations/service.ts";
import { networkOf } from "./lib/address.ts";
import { AppError } from "./lib/errors.ts";
import type { ShellVariables } from "./lib/http.ts";
import { newId } from "./lib/ids.ts";
import type { Host } from "./lib/routes.ts";
import { type Ctx, createCtx, createGuestCtx, type GuestCtx, type Surroundings } from "./platform/context.ts";
import { type Env, type RawEnv, readEnv } from "./platform/env.ts";
import { portsOf } from "./ports.ts";

export interface AppEnv {
  Bindings: RawEnv;
  Variables: ShellVariables;
}

/** As `[[ratelimits]]` in wrangler.toml has it: the binding says only yes or no. */
export const ANONYMOUS_LIMIT = { requests: 60, windowS: 60 };

export function hostOf(c: Context<AppEnv>): Host<Ctx, GuestCtx> {
  const env = readEnv(c.env);
  return {
    requestId: c.var.requestId,
    params: c.req.param(),
    newId: () => newId(),
    // A caller may use one id for several requests; ours is new each time.
    newTurnId: () => (c.req.header("x-request-id") === undefined ? c.var.requestId : newId()),
    member: () => memberOf(c, env),
    guest: async () => createGuestCtx(env, surroundings(c, env)),
    limitByAddress: () => limitByAddress(c, env),
    once: answerOnce,
    uploadLimit: async (ctx) => {
      const { tier } = await ctx.db.identify();
      return { bytesMax: env.config.uploads.bytesMax[tier], among: `in the tier ${tier}` };
    },
  };
}

/** Who asks, by the access token alone: the database is asked with the work itself. */
async function memberOf(c: Context<AppEnv>, env: Env): Promise<Ctx> {
  const [scheme, token] = (c.req.header("authorization") ?? "").split(" ");
  if (scheme?.toLowerCase() !== "bearer" || !token) throw new AppError("unauthorized");
  const { userId, sessionId, tenantId } = await verifyAccessToken(env.config, token);
  const ctx = createCtx(env, {
    ...surroundings(c, env),
    actor: { kind: "user", userId, sessionId },
    tenantId,
  });
  c.set("log", ctx.log);
  return ctx;
}

function surroundings(c: Context<AppEnv>, env: Env): Surroundings {
  return {
    ports: portsOf(env),
    requestId: c.var.requestId,
    log: c.var.log,
    client: { ip: addressOf(c) ?? "", userAgent: c.req.header("user-agent") ?? "" },
    waitUntil: (work) => c.executionCtx.waitUntil(work),
  };
}

/** Set by Cloudflare on every request from outside, whatever the caller sent. */
function addressOf(c: Context<AppEnv>): string | undefined {
  return c.req.header("cf-connecting-ip");
}

/** The edge names an address; whoever came past it shares one place with all others that did. */
const NO_ADDRESS = "none";

async function limitByAddress(c: Context<AppEnv>, env: Env): Promise<void> {
  const key = networkOf(addressOf(c) ?? NO_ADDRESS);
  const { requests, windowS } = ANONYMOUS_LIMIT;
  c.var.answerHeaders["ratelimit-policy"] = `"address";q=${requests};w=${windowS}`;
  const { success } = await env.authRateLimit.limit({ key });
  if (success) return;
  c.var.answerHeaders["ratelimit"] = `"address";r=0;t=${windowS}`;
  throw new AppError("rate_limited", { retryAfterS: windowS });
}
