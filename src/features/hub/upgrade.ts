/** The door of the device socket: finds the credential, asks the database once, and passes the upgrade to the hub. */
import { AppError } from "../../lib/errors.ts";
import { createCtx, type GuestCtx } from "../../platform/context.ts";
import { verifyAccessToken } from "../auth/service.ts";
import { admission, introductionOf } from "./admission.ts";
import { ADMISSION_HEADER, type HubOwner, hubOf, TICKET_HEADER } from "./client.ts";
import { CLOSE, SUBPROTOCOL } from "./protocol.ts";
import { readTicket } from "./ticket.ts";

const BEARER_PROTOCOL = "bearer.";

/**
 * Opens a device's socket. Throws `upgrade_required`, `unauthorized`, `token_expired`. A session that has ended, or a user
 * who may not connect, gets a socket that closes at once with 4401 or 4403: browsers cannot read a refused upgrade.
 */
export async function openDeviceSocket(ctx: GuestCtx, request: Request): Promise<Response> {
  if (request.headers.get("upgrade")?.toLowerCase() !== "websocket") throw new AppError("upgrade_required");
  const ticket = new URL(request.url).searchParams.get("ticket");
  if (ticket !== null) return redeem(ctx, request, ticket);
  const claims = await verifyAccessToken(ctx.config, credential(ctx, request), ctx.clock.now());
  const { userId, sessionId, tenantId } = claims;
  const { client, ...around } = ctx;
  const actor = { kind: "user", userId, sessionId } as const;
  const member = createCtx(ctx, { ...around, ...(client ? { client } : {}), actor, tenantId });
  try {
    const admitted = await admission(member);
    const introduction = introductionOf(admitted);
    return await pass(ctx, request, admitted.admission, ADMISSION_HEADER, introduction);
  } catch (error) {
    if (!(error instanceof AppError)) throw error;
    if (error.code === "session_revoked") return refuse(request, CLOSE.sessionEnded, "the session has ended");
    if (error.code === "forbidden" || error.code === "account_disabled") {
      return refuse(request, CLOSE.disabled, "the account is disabled");
    }
    throw error;
  }
}

async function redeem(ctx: GuestCtx, request: Request, ticket: string): Promise<Response> {
  const known = readTicket(ctx.config.auth, ticket);
  if (!known) throw badTicket();
  const response = await pass(ctx, request, known, TICKET_HEADER, known.secret);
  if (response.status === 401) throw badTicket();
  return response;
}

function badTicket(): AppError {
  return new AppError("unauthorized", { detail: "The ticket is unknown, used, or older than 30 seconds." });
}

/** Sub-protocol, header, and (where configured) the URL: in order of preference. */
function credential(ctx: GuestCtx, request: Request): string {
  const offered = offeredProtocols(request).find((each) => each.startsWith(BEARER_PROTOCOL));
  if (offered) return offered.slice(BEARER_PROTOCOL.length);
  const [scheme, token] = (request.headers.get("authorization") ?? "").split(" ");
  if (scheme?.toLowerCase() === "bearer" && token) return token;
  const inUrl = ctx.config.auth.allowQueryToken ? new URL(request.url).searchParams.get("token") : null;
  if (inUrl) return inUrl;
  throw new AppError("unauthorized", { detail: "Connect with a bearer token or a ticket." });
}

function offeredProtocols(request: Request): string[] {
  return (request.headers.get("sec-websocket-protocol") ?? "").split(",").map((each) => each.trim());
}

/** Only what the hub needs goes along: no credential, and nothing a client could have named like ours. */
function pass(
  ctx: GuestCtx,
  request: Request,
  owner: HubOwner,
  header: string,
  value: string,
): Promise<Response> {
  const headers = new Headers({ upgrade: "websocket", [header]: value });
  if (offeredProtocols(request).includes(SUBPROTOCOL)) headers.set("sec-websocket-protocol", SUBPROTOCOL);
  return hubOf(ctx.ports, owner).fetch("https://hub/socket", { headers });
}

function refuse(request: Request, code: number, reason: string): Response {
  const { 0: client, 1: server } = new WebSocketPair();
  server.accept();
  server.close(code, reason);
  const chosen = offeredProtocols(request).includes(SUBPROTOCOL)
    ? { "sec-websocket-protocol": SUBPROTOCOL }
    : {};
  return new Response(null, { status: 101, webSocket: client, headers: chosen });
}
