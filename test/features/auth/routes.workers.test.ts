import { createLocalJWKSet, jwtVerify } from "jose";
import { expect, test } from "vitest";
import { Account, JsonWebKeys, Sessions, Tokens } from "../../../src/features/auth/schema.ts";
import { newId } from "../../../src/lib/ids.ts";
import { call, callFor, problemOf } from "../../support/api.ts";

const password = "correct horse battery";

async function registered() {
  const email = `Ada.${newId()}@Example.com`;
  const tokens = await callFor(Tokens, "POST", "/auth/register", { body: { email, password } });
  return { email, tokens, as: { accessToken: tokens.access_token } };
}

test("a person registers, is who they say, and signs in again however they write their address", async () => {
  const { email, as } = await registered();
  const account = await callFor(Account, "GET", "/auth/me", { as });
  expect(account).toMatchObject({
    email: email.toLowerCase(),
    role: "owner",
    tier: "free",
    email_verified: false,
  });
  const again = await callFor(Tokens, "POST", "/auth/login", {
    body: { email: ` ${email.toUpperCase()} `, password },
  });
  const second = { accessToken: again.access_token };
  expect((await callFor(Account, "GET", "/auth/me", { as: second })).id).toBe(account.id);
  const { data } = await callFor(Sessions, "GET", "/auth/sessions", { as: second });
  expect(data.map(({ current }) => current)).toEqual([true, false]);
});

test("anybody can verify an access token with the published keys", async () => {
  const { tokens } = await registered();
  const response = await call("GET", "/.well-known/jwks.json");
  const keys = JsonWebKeys.parse(await response.json());
  const { payload } = await jwtVerify(tokens.access_token, createLocalJWKSet(keys), {
    issuer: "http://adjutant.test",
  });
  expect(new Date((payload.exp ?? 0) * 1000).getTime()).toBe(
    Math.floor(Date.parse(tokens.expires_at) / 1000) * 1000,
  );
  expect((payload.exp ?? 0) - (payload.iat ?? 0)).toBe(15 * 60);
});

test("a refreshed pair goes on, and logging out ends it", async () => {
  const { tokens } = await registered();
  const next = await callFor(Tokens, "POST", "/auth/refresh", {
    body: { refresh_token: tokens.refresh_token },
  });
  const as = { accessToken: next.access_token };
  expect((await call("POST", "/api/v1/auth/logout", { as })).status).toBe(204);
  const dead = await call("POST", "/api/v1/auth/refresh", { body: { refresh_token: next.refresh_token } });
  expect(await problemOf(dead)).toMatchObject({ status: 401, code: "refresh_token_invalid" });
  expect(await problemOf(await call("POST", "/api/v1/auth/logout", { as }))).toMatchObject({
    code: "session_revoked",
  });
});

test("ending all sessions is not taken for ending the session named all", async () => {
  const { as } = await registered();
  expect((await call("DELETE", "/api/v1/auth/sessions/all", { as })).status).toBe(204);
  const ended = await call("DELETE", `/api/v1/auth/sessions/${newId()}`, { as });
  expect(await problemOf(ended)).toMatchObject({ status: 401, code: "session_revoked" });
});

test("a taken address, a wrong password and a short one each have their answer", async () => {
  const { email } = await registered();
  const post = async (path: string, body: unknown) =>
    problemOf(await call("POST", `/api/v1/auth/${path}`, { body }));
  expect(await post("register", { email, password })).toMatchObject({ status: 409, code: "email_taken" });
  expect(await post("login", { email, password: "something else" })).toMatchObject({
    status: 401,
    code: "invalid_credentials",
  });
  expect(await post("register", { email: "ada", password: "short" })).toMatchObject({
    status: 422,
    errors: [{ path: "body.email" }, { path: "body.password" }],
  });
});
