/** A ticket is a secret that one hub knows, the way to that hub, and a seal by which the edge knows its own tickets. */
import { createHmac, timingSafeEqual } from "node:crypto";
import { isUuid } from "../../lib/ids.ts";
import type { AuthConfig } from "../../platform/env.ts";
import type { HubOwner } from "./client.ts";

interface TicketParts extends HubOwner {
  secret: string;
}

type TicketConfig = Pick<AuthConfig, "secret">;

export function sealTicket(config: TicketConfig, { tenantId, userId, secret }: TicketParts): string {
  const text = `${tenantId}.${userId}.${secret}`;
  return `${text}.${sealOf(config, text).toString("base64url")}`;
}

/** Null for what this service did not seal: a hub that somebody only names is neither woken nor made. */
export function readTicket(config: TicketConfig, ticket: string): TicketParts | null {
  const sealAt = ticket.lastIndexOf(".");
  const text = ticket.slice(0, Math.max(0, sealAt));
  const seal = Buffer.from(ticket.slice(sealAt + 1), "base64url");
  const expected = sealOf(config, text);
  if (seal.length !== expected.length || !timingSafeEqual(seal, expected)) return null;
  const [tenantId = "", userId = "", secret = ""] = text.split(".");
  return isUuid(tenantId) && isUuid(userId) && secret !== "" ? { tenantId, userId, secret } : null;
}

function sealOf({ secret }: TicketConfig, text: string): Buffer {
  return createHmac("sha256", secret).update(`ticket;${text}`).digest();
}
