import { exportJWK, generateKeyPair, importJWK, type JWK, SignJWT } from "jose";
import { beforeAll, expect, test } from "vitest";
import {
  publishedKeys,
  signAccessToken,
  type TokenConfig,
  verifyAccessToken,
} from "../../../src/features/auth/access-token.ts";
import { newId } from "../../../src/lib/ids.ts";

const NOW = 1_795_000_000_000;
const claims = () => ({ userId: newId(), sessionId: newId(), tenantId: newId(), expiresAt: NOW + 900_000 });

let oldKey: JWK;
let newKey: JWK;

async function signingKey(kid: string): Promise<JWK> {
  const { privateKey } = await generateKeyPair("EdDSA", { crv: "Ed25519", extractable: true });
  return { ...(await exportJWK(privateKey)), kid };
}

function configWith(...keys: JWK[]): TokenConfig {
  return { auth: { issuer: "https://adjutant.example", jwtKeys: { keys } } };
}

beforeAll(async () => {
  oldKey = await signingKey("old");
  newKey = await signingKey("new");
});

test("a signed token gives back its ids and its end", async () => {
  const config = configWith(newKey);
  const given = claims();
  const token = await signAccessToken(config, given, NOW);
  expect(await verifyAccessToken(config, token, NOW + 1000)).toEqual(given);
});

test("a token says nothing of role, tier or address", async () => {
  const token = await signAccessToken(configWith(newKey), claims(), NOW);
  const payload = JSON.parse(Buffer.from(token.split(".")[1] ?? "", "base64url").toString());
  expect(Object.keys(payload).sort()).toEqual(["aud", "exp", "iat", "iss", "sid", "sub", "tid"]);
});

test("a token past its end is expired", async () => {
  const config = configWith(newKey);
  const token = await signAccessToken(config, claims(), NOW);
  await expect(verifyAccessToken(config, token, NOW + 900_000)).rejects.toMatchObject({
    code: "token_expired",
  });
});

test("tokens of the previous key stay good while it is in the set", async () => {
  const token = await signAccessToken(configWith(oldKey), claims(), NOW);
  await expect(verifyAccessToken(configWith(newKey, oldKey), token, NOW)).resolves.toBeDefined();
  await expect(verifyAccessToken(configWith(newKey), token, NOW)).rejects.toMatchObject({
    code: "unauthorized",
  });
});

test.each(["", "x", "a.b.c", "eyJhbGciOiJub25lIn0.e30."])(
  "what is no token (%j) is refused",
  async (token) => {
    await expect(verifyAccessToken(configWith(newKey), token, NOW)).rejects.toMatchObject({
      code: "unauthorized",
    });
  },
);

test("claims under the signature of other claims are refused", async () => {
  const config = configWith(newKey);
  const [header, , signature] = (await signAccessToken(config, claims(), NOW)).split(".");
  const [, payload] = (await signAccessToken(config, claims(), NOW)).split(".");
  await expect(verifyAccessToken(config, `${header}.${payload}.${signature}`, NOW)).rejects.toMatchObject({
    code: "unauthorized",
  });
});

test("a token for another audience, issuer or purpose is refused, though our key signed it", async () => {
  const config = configWith(newKey);
  const { userId, sessionId, tenantId } = claims();
  const key = await importJWK(newKey, "EdDSA");
  const forge = (aud: string, iss: string, typ: string) =>
    new SignJWT({ sid: sessionId, tid: tenantId })
      .setProtectedHeader({ alg: "EdDSA", kid: "new", typ })
      .setSubject(userId)
      .setAudience(aud)
      .setIssuer(iss)
      .setIssuedAt(NOW / 1000)
      .setExpirationTime(NOW / 1000 + 60)
      .sign(key);
  const issuer = config.auth.issuer;
  await expect(
    verifyAccessToken(config, await forge("adjutant", issuer, "at+jwt"), NOW),
  ).resolves.toBeDefined();
  for (const token of [
    await forge("someone", issuer, "at+jwt"),
    await forge("adjutant", "https://else.example", "at+jwt"),
    await forge("adjutant", issuer, "JWT"),
  ]) {
    await expect(verifyAccessToken(config, token, NOW)).rejects.toMatchObject({ code: "unauthorized" });
  }
});

test("the published set holds public halves only", async () => {
  const { keys } = await publishedKeys(configWith(newKey, oldKey));
  expect(keys.map(({ kid }) => kid)).toEqual(["new", "old"]);
  for (const key of keys) expect(Object.keys(key).sort()).toEqual(["alg", "crv", "kid", "kty", "use", "x"]);
});

test("a set without a usable key is a wrong configuration", async () => {
  const { kid: _, ...nameless } = newKey;
  for (const keys of [[], [nameless], [newKey, { kty: "oct", k: "AAAA", kid: "secret" }]]) {
    await expect(publishedKeys(configWith(...keys))).rejects.toMatchObject({ code: "misconfigured" });
  }
});
