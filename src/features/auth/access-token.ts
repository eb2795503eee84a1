/** Access tokens: EdDSA JWTs that hold ids only. Role and tier come from the database, with the work itself. */
import {
  createLocalJWKSet,
  errors,
  importJWK,
  type JSONWebKeySet,
  type JWK,
  type JWTVerifyGetKey,
  jwtVerify,
  SignJWT,
} from "jose";
import { AppError } from "../../lib/errors.ts";
import { isUuid } from "../../lib/ids.ts";
import type { AuthConfig } from "../../platform/env.ts";
import type { JsonWebKeys } from "./schema.ts";

const ALGORITHM = "EdDSA";
/** Also keeps a token of another kind, signed with the same keys, from being taken for an access token. */
const AUDIENCE = "adjutant";

export interface AccessClaims {
  userId: string;
  sessionId: string;
  tenantId: string;
  /** Unix ms. */
  expiresAt: number;
}

/** The part of the configuration that tokens need. */
export interface TokenConfig {
  auth: Pick<AuthConfig, "issuer" | "jwtKeys">;
}

interface TokenKeys {
  sign: { key: CryptoKey | Uint8Array; kid: string };
  verify: JWTVerifyGetKey;
  published: JsonWebKeys;
}

/** Importing a key costs more than using it: once per isolate. */
const keysByConfig = new WeakMap<TokenConfig, Promise<TokenKeys>>();

export async function signAccessToken(
  config: TokenConfig,
  claims: AccessClaims,
  nowMs: number,
): Promise<string> {
  const { sign } = await keysOf(config);
  return new SignJWT({ sid: claims.sessionId, tid: claims.tenantId })
    .setProtectedHeader({ alg: ALGORITHM, kid: sign.kid, typ: "at+jwt" })
    .setSubject(claims.userId)
    .setIssuer(config.auth.issuer)
    .setAudience(AUDIENCE)
    .setIssuedAt(Math.floor(nowMs / 1000))
    .setExpirationTime(Math.floor(claims.expiresAt / 1000))
    .sign(sign.key);
}

/**
 * Checks signature, issuer, audience and age, without the database: a session that was revoked goes unnoticed here.
 * Throws `token_expired`, or `unauthorized` for everything else.
 */
export async function verifyAccessToken(
  config: TokenConfig,
  token: string,
  nowMs: number = Date.now(),
): Promise<AccessClaims> {
  const { verify } = await keysOf(config);
  try {
    const { payload } = await jwtVerify(token, verify, {
      algorithms: [ALGORITHM],
      issuer: config.auth.issuer,
      audience: AUDIENCE,
      typ: "at+jwt",
      requiredClaims: ["sub", "sid", "tid", "exp", "iat"],
      currentDate: new Date(nowMs),
    });
    return {
      userId: idClaim(payload.sub),
      sessionId: idClaim(payload["sid"]),
      tenantId: idClaim(payload["tid"]),
      expiresAt: (payload.exp ?? 0) * 1000,
    };
  } catch (error) {
    if (error instanceof errors.JWTExpired) throw new AppError("token_expired");
    if (error instanceof errors.JOSEError) {
      throw new AppError("unauthorized", { detail: "The access token is not valid." });
    }
    throw error;
  }
}

/** The public halves of all keys, for `/.well-known/jwks.json`. */
export async function publishedKeys(config: TokenConfig): Promise<JsonWebKeys> {
  return (await keysOf(config)).published;
}

function idClaim(claim: unknown): string {
  if (typeof claim === "string" && isUuid(claim)) return claim;
  throw new AppError("unauthorized", { detail: "The access token is not valid." });
}

function keysOf(config: TokenConfig): Promise<TokenKeys> {
  let keys = keysByConfig.get(config);
  if (!keys) {
    keys = importKeys(config.auth.jwtKeys);
    keysByConfig.set(config, keys);
  }
  return keys;
}

async function importKeys({ keys }: JSONWebKeySet): Promise<TokenKeys> {
  const [first] = keys;
  if (!first?.kid) throw misconfigured("the set is empty, or its first key has no kid");
  const published = { keys: keys.map(publicHalf) };
  const key = await importJWK(first, ALGORITHM);
  return { sign: { key, kid: first.kid }, verify: createLocalJWKSet(published), published };
}

/** Named field by field, so that no private one can slip through. */
function publicHalf({ kty, crv, x, kid }: JWK): JsonWebKeys["keys"][number] {
  if (kty !== "OKP" || crv !== "Ed25519" || !x || !kid)
    throw misconfigured("every key must be Ed25519, with a kid");
  return { kty: "OKP", crv: "Ed25519", x, kid, alg: ALGORITHM, use: "sig" };
}

function misconfigured(problem: string): AppError {
  return new AppError("misconfigured", { detail: `JWT_KEYS: ${problem}.` });
}
