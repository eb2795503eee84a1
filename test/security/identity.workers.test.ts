/** Forged credentials and odd ones, at every door that takes them. */

import { listDurableObjectIds } from "cloudflare:test";
import { env } from "cloudflare:workers";
import { createHmac, createPrivateKey, generateKeyPairSync, sign } from "node:crypto";
import { expect, test } from "vitest";
import { newId } from "../../src/lib/ids.ts";
import { readEnv } from "../../src/platform/env.ts";
import { call, problemOf } from "../support/api.ts";
import { connect, SOCKET_URL, upgrade } from "../support/socket.ts";
import { newUser, PASSWORD, type TestUser } from "../support/users.ts";

type Json = Record<string, unknown>;

const encoded = (value: Json | string) =>
  Buffer.from(typeof value === "string" ? value : JSON.stringify(value)).toString("base64url");

/** What the person's own token claims, as a forger would write it anew. */
function claimsOf(user: TestUser, changes: Json = {}): Json {
  const claims = JSON.parse(Buffer.from(user.accessToken.split(".")[1] ?? "", "base64url").toString());
  return { ...claims, ...changes };
}

function forged(header: Json, claims: Json, signature: (text: string) => Buffer): string {
  const text = `${encoded(header)}.${encoded(claims)}`;
  return `${text}.${signature(text).toString("base64url")}`;
}

async function forgeries(user: TestUser): Promise<Record<string, string>> {
  const { auth } = readEnv(env).config;
  const published = (await (await call("GET", "/.well-known/jwks.json")).json()) as { keys: Json[] };
  const [publicJwk = {}] = published.keys;
  const { kid } = publicJwk;
  const own = generateKeyPairSync("ed25519");
  const ownJwk = own.publicKey.export({ format: "jwk" });
  const byOwn = (text: string) => sign(null, Buffer.from(text), own.privateKey);
  const byOurs = (text: string) =>
    sign(null, Buffer.from(text), createPrivateKey({ key: { ...auth.jwtKeys.keys[0] }, format: "jwk" }));
  const byHmac = (secret: string | Buffer) => (text: string) =>
    createHmac("sha256", secret).update(text).digest();
  const header = { alg: "EdDSA", typ: "at+jwt", kid };
  const claims = claimsOf(user);
  const { exp: _, ...endless } = claims;
  return {
    "no algorithm": forged({ ...header, alg: "none" }, claims, () => Buffer.alloc(0)),
    "no algorithm, in capitals": forged({ ...header, alg: "NONE" }, claims, () => Buffer.alloc(0)),
    "the public key as a shared secret": forged(
      { ...header, alg: "HS256" },
      claims,
      byHmac(Buffer.from(String(publicJwk["x"]), "base64url")),
    ),
    "the published set as a shared secret": forged(
      { ...header, alg: "HS256" },
      claims,
      byHmac(JSON.stringify(publicJwk)),
    ),
    "a key of the forger's": forged(header, claims, byOwn),
    "a key that the token brings along": forged({ ...header, jwk: ownJwk }, claims, byOwn),
    "a key at an address that the token names": forged(
      { ...header, jku: "https://evil.example/jwks.json", x5u: "https://evil.example/x" },
      claims,
      byOwn,
    ),
    "a key id that is a path": forged({ ...header, kid: "../../../dev/null" }, claims, byOwn),
    "a key id that is SQL": forged({ ...header, kid: "' union select '" }, claims, byOwn),
    "a key id that is no text": forged({ ...header, kid: { toString: "x" } }, claims, byOwn),
    "an extension that we do not know": forged({ ...header, crit: ["x"], x: 1 }, claims, byOurs),
    "no end": forged(header, endless, byOurs),
    "an end that is a text": forged(header, { ...claims, exp: "9999999999" }, byOurs),
    "a person who is no id": forged(header, { ...claims, sub: "' or true --" }, byOurs),
    "a tenant that is a list": forged(header, { ...claims, tid: [claims["tid"]] }, byOurs),
    "a refresh token": user.refreshToken,
    "the same token with spaces": `${user.accessToken} ${user.accessToken}`.replaceAll(".", ". "),
  };
}

test("no forged token opens any door, and the true one is none the worse for it", async () => {
  const user = await newUser(env);
  const device = await connect(user);
  let refused = 0;
  for (const [what, token] of Object.entries(await forgeries(user))) {
    const response = await call("GET", "/api/v1/auth/me", { as: { accessToken: token } });
    expect(await problemOf(response), what).toMatchObject({ status: 401, code: "unauthorized" });
    const socket = await upgrade({ authorization: `Bearer ${token}` });
    expect(socket.status, what).toBe(401);
    device.send({ type: "auth_refresh", token });
    expect(await device.frame("error", ++refused), what).toMatchObject({ code: "unauthorized" });
  }
  expect((await call("GET", "/api/v1/auth/me", { as: user })).status).toBe(200);
  expect(device.closed).toBeUndefined();
});

test("a credential counts only where it belongs", async () => {
  const user = await newUser(env);
  const url = (query: string) => `/api/v1/auth/me?${query}`;
  for (const response of [
    await call("GET", url(`token=${user.accessToken}`)),
    await call("GET", url(`access_token=${user.accessToken}`)),
    await call("GET", url(""), { headers: { cookie: `token=${user.accessToken}` } }),
    await call("GET", url(""), { headers: { "x-api-key": user.accessToken } }),
    await call("GET", url(""), { headers: { authorization: user.accessToken } }),
  ]) {
    expect(await problemOf(response)).toMatchObject({ status: 401 });
  }
  expect((await upgrade({}, `${SOCKET_URL}?token=${user.accessToken}`)).status).toBe(401);
  const minted = await call("POST", "/api/v1/ws/ticket", { as: user });
  const { ticket } = (await minted.json()) as { ticket: string };
  const asToken = await call("GET", url(""), { as: { accessToken: ticket } });
  expect(await problemOf(asToken)).toMatchObject({ status: 401 });
});

test("a ticket that this service did not seal reaches no hub, whoever it names", async () => {
  const user = await newUser(env);
  const minted = await call("POST", "/api/v1/ws/ticket", { as: user });
  const { ticket } = (await minted.json()) as { ticket: string };
  const [tenantId, userId, secret, seal] = ticket.split(".");
  const other = await newUser(env);
  const stranger = { tenantId: newId(), userId: newId() };
  for (const forgedTicket of [
    `${stranger.tenantId}.${stranger.userId}.${secret}.${seal}`,
    `${stranger.tenantId}.${stranger.userId}.${secret}`,
    `${other.tenantId}.${other.userId}.${secret}.${seal}`,
    `${tenantId}.${userId}.${"A".repeat(32)}.${seal}`,
    `${tenantId}.${userId}.${secret}.`,
    `${tenantId}.${userId}.${secret}`,
    ".",
    "",
    "%00",
  ]) {
    expect((await upgrade({}, `${SOCKET_URL}?ticket=${forgedTicket}`)).status, forgedTicket).toBe(401);
  }
  const hubs = readEnv(env).userHub;
  const made = new Set((await listDurableObjectIds(hubs)).map(String));
  for (const { tenantId: tenant, userId: person } of [stranger, other]) {
    expect(made).not.toContain(hubs.idFromName(`${tenant}:${person}`).toString());
  }
  expect((await upgrade({}, `${SOCKET_URL}?ticket=${ticket}`)).status).toBe(101);
});

test("nobody registers as more than a new person is", async () => {
  const email = `${newId()}@example.com`;
  const registered = await call("POST", "/api/v1/auth/register", {
    body: {
      email,
      password: PASSWORD,
      name: "Ada",
      role: "admin",
      tier: "team",
      emailVerified: true,
      email_verified: true,
      id: newId(),
      tenantId: newId(),
      image: "https://evil.example/pixel",
      callbackURL: "https://evil.example",
      __proto__: { tier: "team" },
    },
  });
  const { access_token: accessToken } = (await registered.json()) as { access_token: string };
  const me = await call("GET", "/api/v1/auth/me", { as: { accessToken } });
  expect(await me.json()).toMatchObject({ email, email_verified: false, role: "owner", tier: "free" });
});

test("an address that is none, or only looks like one, is bad input", async () => {
  for (const email of [
    "ada@example.com\u0000",
    "ada\n@example.com",
    "\uff41da@example.com",
    "аda@example.com",
    "ada@exämple.com",
    "<script>@example.com",
    `${"a".repeat(250)}@example.com`,
    "ada@localhost",
    '"a b"@example.com',
    ["ada@example.com"],
    { email: "ada@example.com" },
  ]) {
    for (const verb of ["register", "login"]) {
      const response = await call("POST", `/api/v1/auth/${verb}`, { body: { email, password: PASSWORD } });
      expect(await problemOf(response), JSON.stringify(email)).toMatchObject({ status: 422 });
    }
  }
});

test("a password counts to its last character, and one that is too long is refused before any work", async () => {
  const email = `${newId()}@example.com`;
  const password = `\u0000pass\u0000wörd 🔑${"\ufdfa".repeat(240)}`;
  const attempt = async (verb: string, word: string) =>
    (await call("POST", `/api/v1/auth/${verb}`, { body: { email, password: word } })).status;
  expect(password.length).toBeLessThanOrEqual(256);
  expect(await attempt("register", password)).toBe(201);
  expect(await attempt("login", password.normalize("NFD"))).toBe(200);
  expect(await attempt("login", password.slice(0, -1))).toBe(401);
  expect(await attempt("login", "\u0000pass")).toBe(401);
  expect(await attempt("login", "x".repeat(257))).toBe(422);
  expect(await attempt("login", "x".repeat(900_000))).toBe(422);
});

test("a session that has ended starts no turn with its token, though it never had a socket", async () => {
  const user = await newUser(env);
  expect((await call("DELETE", "/api/v1/auth/sessions/all", { as: user })).status).toBe(204);
  const response = await call("POST", "/api/v1/chat", { as: user, body: { message: "Delete everything" } });
  expect(await problemOf(response)).toMatchObject({ status: 401, code: "session_revoked" });
});
