import { env, exports } from "cloudflare:workers";
import { expect, test } from "vitest";
import { isUuid, newId } from "../src/lib/ids.ts";
import { call, problemOf } from "./support/api.ts";
import { newUser } from "./support/users.ts";

test("an answer names the request and carries the headers a browser enforces", async () => {
  const response = await call("GET", "/api/v1/health");
  expect(response.status).toBe(200);
  expect(await response.json()).toEqual({ status: "ok", version: "dev" });
  expect(isUuid(response.headers.get("x-request-id") ?? "")).toBe(true);
  expect(response.headers.get("strict-transport-security")).toContain("max-age=63072000");
  expect(response.headers.get("content-security-policy")).toBe("default-src 'none'; frame-ancestors 'none'");
  expect(response.headers.get("x-content-type-options")).toBe("nosniff");
  expect(response.headers.get("x-frame-options")).toBe("DENY");
  expect(response.headers.get("referrer-policy")).toBe("no-referrer");
});

test("a caller's request id comes back, and anything that is not one is replaced", async () => {
  const id = newId();
  const kept = await call("GET", "/api/v1/health", { headers: { "x-request-id": id } });
  expect(kept.headers.get("x-request-id")).toBe(id);
  const replaced = await call("GET", "/api/v1/health", { headers: { "x-request-id": "my diary of today" } });
  expect(isUuid(replaced.headers.get("x-request-id") ?? "")).toBe(true);
});

test("a caller's trace goes on", async () => {
  const trace = "4bf92f3577b34da6a3ce929d0e0e4736";
  const traceparent = `00-${trace}-00f067aa0ba902b7-01`;
  const response = await call("GET", "/api/v1/health", { headers: { traceparent } });
  expect(response.headers.get("traceparent")).toMatch(new RegExp(`^00-${trace}-[0-9a-f]{16}-01$`));
  expect(response.headers.get("traceparent")).not.toBe(traceparent);
});

test("a path without a route and a method without a route are problems of their own", async () => {
  const missing = await call("GET", "/api/v1/nothing/here");
  expect(await problemOf(missing)).toMatchObject({
    status: 404,
    code: "not_found",
    type: "/docs/errors/not_found",
    instance: "/api/v1/nothing/here",
    request_id: missing.headers.get("x-request-id"),
  });
  const wrong = await call("DELETE", "/api/v1/health");
  expect(await problemOf(wrong)).toMatchObject({ status: 405, code: "method_not_allowed" });
  expect(wrong.headers.get("allow")).toBe("GET");
});

test("a request without a token, with a broken one and with another's key is refused with 401", async () => {
  const without = await call("GET", "/api/v1/chats");
  expect(await problemOf(without)).toMatchObject({ status: 401, code: "unauthorized" });
  expect(without.headers.get("www-authenticate")).toBe('Bearer realm="adjutant"');
  const broken = await call("GET", "/api/v1/chats", { as: { accessToken: "e30.e30.e30" } });
  expect(await problemOf(broken)).toMatchObject({ status: 401, code: "unauthorized" });
  const basic = await call("GET", "/api/v1/chats", { headers: { authorization: "Basic YTpi" } });
  expect(await problemOf(basic)).toMatchObject({ status: 401, code: "unauthorized" });
});

test("a body over 1 MiB is refused by its declared length", async () => {
  const user = await newUser(env);
  const response = await call("POST", "/api/v1/chats", {
    as: user,
    body: { title: "x".repeat(1024 * 1024) },
  });
  expect(await problemOf(response)).toMatchObject({ status: 413, code: "payload_too_large" });
});

test("bad input names every field that is wrong", async () => {
  const user = await newUser(env);
  const response = await call("POST", "/api/v1/chats", { as: user, body: { title: 7, agent: "nobody" } });
  const problem = await problemOf(response);
  expect(problem).toMatchObject({ status: 422, code: "validation_failed" });
  expect(problem.errors?.map(({ path }) => path)).toEqual(["body.title", "body.agent"]);
});

test("a body that is not JSON, not UTF-8 or of another type is refused", async () => {
  const user = await newUser(env);
  const send = (body: BodyInit, type: string) =>
    exports.default.fetch(
      new Request("http://adjutant.test/api/v1/chats", {
        method: "POST",
        headers: { authorization: `Bearer ${user.accessToken}`, "content-type": type },
        body,
      }),
    );
  expect(await problemOf(await send("{", "application/json"))).toMatchObject({ code: "bad_request" });
  const latin = Uint8Array.of(0x22, 0xe9, 0x22);
  expect(await problemOf(await send(latin, "application/json"))).toMatchObject({ code: "bad_request" });
  expect(await problemOf(await send("title=x", "text/plain"))).toMatchObject({
    code: "unsupported_media_type",
  });
});

test("configured origins may read answers, others may not", async () => {
  const preflight = (origin: string) =>
    call("OPTIONS", "/api/v1/chats", {
      headers: {
        origin,
        "access-control-request-method": "POST",
        "access-control-request-headers": "if-match",
      },
    });
  const app = await preflight("app://adjutant");
  expect(app.status).toBe(204);
  expect(app.headers.get("access-control-allow-origin")).toBe("app://adjutant");
  expect(app.headers.get("access-control-allow-headers")).toContain("idempotency-key");
  const local = await call("GET", "/api/v1/health", { headers: { origin: "http://localhost:5173" } });
  expect(local.headers.get("access-control-allow-origin")).toBe("http://localhost:5173");
  expect(local.headers.get("access-control-expose-headers")).toContain("x-request-id");
  const stranger = await call("GET", "/api/v1/health", { headers: { origin: "https://evil.example" } });
  expect(stranger.headers.get("access-control-allow-origin")).toBeNull();
});

test("anonymous routes are limited by address", async () => {
  const headers = { "cf-connecting-ip": "203.0.113.77" };
  const body = { email: "nobody@example.com", password: "" };
  const first = await call("POST", "/api/v1/auth/login", { headers, body });
  expect(first.status).toBe(422);
  expect(first.headers.get("ratelimit-policy")).toBe('"address";q=60;w=60');
  let last = first;
  // Twice the limit: the window may turn over meanwhile.
  for (let sent = 1; sent < 125 && last.status !== 429; sent++) {
    last = await call("POST", "/api/v1/auth/login", { headers, body });
  }
  expect(await problemOf(last)).toMatchObject({ status: 429, code: "rate_limited" });
  expect(last.headers.get("retry-after")).toBe("60");
  expect(last.headers.get("ratelimit")).toBe('"address";r=0;t=60');
});
