import { createHash, createHmac, randomBytes } from "node:crypto";
import type { Client } from "../../platform/context.ts";
import type { Config } from "../../platform/env.ts";

const RANDOM_BYTES = 32;
/** Lets secret scanners and people tell what they have found. */
const PREFIX = "adjr_";

/** 256 random bits: the server keeps their hash alone. */
export function newRefreshToken(): { token: string; hash: Uint8Array } {
  const token = PREFIX + randomBytes(RANDOM_BYTES).toString("base64url");
  return { token, hash: hashRefreshToken(token) };
}

export function hashRefreshToken(token: string): Uint8Array {
  return createHash("sha256").update(token).digest();
}

/**
 * Tells the same client from another, by address and user agent. Keyed, since the hash of an address alone is found by
 * trying all addresses.
 */
export function clientHash(config: Config, client: Client | null): Uint8Array {
  const { ip, userAgent } = client ?? { ip: "", userAgent: "" };
  return createHmac("sha256", config.auth.secret).update(`${ip.length}:${ip};${userAgent}`).digest();
}
