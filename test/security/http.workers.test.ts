/** Requests that mean harm: each claim of docs/security.md about the HTTP side that no feature's own test proves. */
import { env, exports } from "cloudflare:workers";
import { expect, test } from "vitest";
import { newId } from "../../src/lib/ids.ts";
import { call, problemOf } from "../support/api.ts";
import { says, scriptWord } from "../support/errand.ts";
import { connect } from "../support/socket.ts";
import { newUser, type TestUser } from "../support/users.ts";

const ORIGIN = "http://adjutant.test";

function send(path: string, init: RequestInit, user?: TestUser): Promise<Response> {
  const headers = new Headers(init.headers);
  if (user) headers.set("authorization", `Bearer ${user.accessToken}`);
  return exports.default.fetch(new Request(ORIGIN + path, { ...init, headers }));
}

async function newChat(user: TestUser): Promise<string> {
  const response = await call("POST", "/api/v1/chats", { as: user, body: { title: "Plans" } });
  return ((await response.json()) as { id: string }).id;
}

test("a version that no database can hold is one that nobody has", async () => {
  const user = await newUser(env);
  const path = `/api/v1/chats/${await newChat(user)}`;
  for (const tag of ['"2147483648"', '"9999999999"', `"${"9".repeat(400)}"`, 'W/"1"', '"1', '"1" "1"']) {
    const response = await call("PUT", path, {
      as: user,
      body: { title: "B" },
      headers: { "if-match": tag },
    });
    expect(await problemOf(response), tag).toMatchObject({ code: "precondition_failed" });
  }
});

test("what a query cannot hold is the caller's mistake, never a failure of ours", async () => {
  const user = await newUser(env);
  const odd = ["%00", "%ed%a0%80", "a%0ab", "%F0%9F%92%A9", "x".repeat(300)];
  for (const value of odd) {
    for (const name of ["cursor", "q", "request_id", "chat_id", "limit", "deleted", "order", "__proto__"]) {
      for (const list of ["chats", "tool-executions"]) {
        const response = await call("GET", `/api/v1/${list}?${name}=${value}`, { as: user });
        expect(response.status, `${list} ${name}=${value}`).toBeLessThan(500);
        await response.body?.cancel();
      }
    }
  }
});

test("a cursor of somebody's own making reaches no further than the caller's own rows", async () => {
  const [user, other] = [await newUser(env), await newUser(env)];
  const theirs = await newChat(other);
  const cursor = (position: unknown) => Buffer.from(JSON.stringify(position)).toString("base64url");
  const forged = [
    cursor([253_402_300_799_999, "ffffffff-ffff-ffff-ffff-ffffffffffff"]),
    cursor([253_402_300_799_999, theirs]),
  ];
  for (const each of forged) {
    const response = await call("GET", `/api/v1/chats?cursor=${each}`, { as: user });
    expect(await response.json()).toEqual({ data: [], next_cursor: null });
  }
  for (const position of [[1e308, theirs], [0, "' or 1=1 --"], [{}, {}], { 0: 1 }, [0], []]) {
    const response = await call("GET", `/api/v1/chats?cursor=${cursor(position)}`, { as: user });
    expect(await problemOf(response)).toMatchObject({ code: "bad_request" });
  }
});

test("an id in capitals is the same id, in everything that is done with it", async () => {
  const user = await newUser(env);
  const device = await connect(user);
  const chat = await newChat(user);
  const word = await scriptWord([{ reply: says("Hello.") }]);
  const turn = device.ask(word, { chat_id: chat.toUpperCase() });
  expect(await device.end(turn)).toMatchObject({ status: "done" });
  expect(device.all("stream_start")).toMatchObject([{ chat_id: chat }]);
  const list = async (path: string) =>
    (await (await call("GET", `/api/v1/${path}`, { as: user })).json()) as { data: { id: string }[] };
  await expect.poll(async () => (await list(`chats/${chat}/messages`)).data.length).toBe(2);
  const [message] = (await list(`chats/${chat}/messages`)).data;
  const change = (path: string, body: object) => call("PUT", `/api/v1/${path}`, { as: user, body });
  expect((await change(`chats/${chat.toUpperCase()}`, { title: "B" })).status).toBe(200);
  expect((await change(`messages/${message?.id.toUpperCase()}`, { content: "C" })).status).toBe(200);
  expect(await list("chats")).toMatchObject({ data: [{ id: chat, title: "B" }] });
  expect(await list(`chats/${chat}/messages`)).toMatchObject({ data: [{ content: "C" }, {}] });
  const session = `/api/v1/auth/sessions/${user.sessionId.toUpperCase()}`;
  expect((await call("DELETE", session, { as: user })).status).toBe(204);
  await device.until(() => device.closed !== undefined, "the close");
  expect(device.closed?.code).toBe(4401);
});

test("a body that comes in chunks, without a length, is cut off at 1 MiB", async () => {
  const user = await newUser(env);
  let pulled = 0;
  const endless = new ReadableStream<Uint8Array>({
    pull(controller) {
      pulled++;
      controller.enqueue(new Uint8Array(64 * 1024).fill(0x20));
    },
  });
  const init = { method: "POST", headers: { "content-type": "application/json" }, body: endless };
  expect(await problemOf(await send("/api/v1/chats", init, user))).toMatchObject({
    code: "payload_too_large",
  });
  expect(pulled).toBeLessThan(64);
});

test("fields that a request has no business to name change nothing", async () => {
  const [user, other] = [await newUser(env), await newUser(env)];
  const body = `{"title":"Mine","id":"${newId()}","user_id":"${other.userId}","tenant_id":"${other.tenantId}",
    "version":99,"deleted_at":"2020-01-01T00:00:00Z","__proto__":{"agent":"evil"},
    "constructor":{"prototype":{"agent":"evil"}}}`;
  const init = { method: "POST", headers: { "content-type": "application/json" }, body };
  const made = await send("/api/v1/chats", init, user);
  expect(await made.json()).toMatchObject({ title: "Mine", agent: "home", version: 1, deleted_at: null });
  expect(Object.hasOwn(Object.prototype, "agent")).toBe(false);
  const theirs = await call("GET", "/api/v1/chats", { as: other });
  expect(await theirs.json()).toMatchObject({ data: [] });
});

test("one path leads to one route, however it is dressed up", async () => {
  const user = await newUser(env);
  const chat = await newChat(user);
  for (const path of [
    "//api/v1/chats",
    "/api/v1//chats",
    "/api/v1/chats/",
    "/API/v1/chats",
    `/api/v1/chats%2f${chat}`,
    "/api/v1/chats;/",
    "/docs/errors/__proto__",
    "/docs/errors/constructor",
  ]) {
    expect(await problemOf(await send(path, {}, user)), path).toMatchObject({ code: "not_found" });
  }
  for (const id of ["..%2f..%2fhealth", "%00", "%ff", "'%20or%20true"]) {
    expect(await problemOf(await send(`/api/v1/chats/${id}`, {}, user)), id).toMatchObject({ status: 422 });
  }
});

test("an origin that only looks like one of ours may read nothing, and none may send cookies", async () => {
  for (const origin of [
    "null",
    "http://localhost:3000.evil.example",
    "http://localhost:3000@evil.example",
    "http://localhost.evil.example:3000",
    "http://evil.example?http://localhost:3000",
    "https://localhost:3000",
    "http://localhost:",
    "APP://adjutant",
    "xapp://adjutant",
  ]) {
    const response = await call("GET", "/api/v1/health", { headers: { origin } });
    expect(response.headers.get("access-control-allow-origin"), origin).toBeNull();
    expect(response.headers.get("vary")).toBe("Origin");
  }
  const own = await call("GET", "/api/v1/health", { headers: { origin: "app://adjutant" } });
  expect(own.headers.get("access-control-allow-credentials")).toBeNull();
});

test("no answer to a person may be kept by a cache, failed ones included", async () => {
  const user = await newUser(env);
  const chat = await newChat(user);
  const answers = await Promise.all([
    call("GET", "/api/v1/auth/me", { as: user }),
    call("GET", "/api/v1/chats", { as: user }),
    call("GET", `/api/v1/chats/${chat}`, { as: user }),
    call("GET", `/api/v1/chats/${newId()}`, { as: user }),
    call("GET", "/api/v1/auth/sessions"),
    call("POST", "/api/v1/chat", { as: user, body: { message: "Hello" } }),
    call("POST", "/api/v1/chat", {
      as: user,
      body: { message: "Hi" },
      headers: { accept: "text/event-stream" },
    }),
    call("POST", "/api/v1/auth/refresh", { body: { refresh_token: user.refreshToken } }),
    call("POST", "/api/v1/ws/ticket", { as: user }),
  ]);
  for (const answer of answers) {
    expect(answer.headers.get("cache-control"), answer.url).toContain("no-store");
    await answer.text();
  }
});

test("a caller cannot write headers or events of their own into an answer", async () => {
  const user = await newUser(env);
  const evil = "Line\r\n\r\nevent: stream_end\ndata: {}\u2028\u0085\u0000";
  const response = await call("POST", "/api/v1/chat", {
    as: user,
    body: { message: evil, context: { conversation_history: [{ role: "assistant", content: evil }] } },
    headers: {
      accept: "text/event-stream",
      "last-event-id": "1.1 event: x",
      traceparent: `00-${"a".repeat(32)}-${"b".repeat(16)}-01-x`,
      "x-request-id": `${newId()}x`,
    },
  });
  expect(response.headers.get("traceparent")).toMatch(/^00-(?!a{32})[0-9a-f]{32}-[0-9a-f]{16}-01$/);
  for (const event of (await response.text()).trim().split("\n\n")) {
    expect(event).toMatch(/^(: keep-alive|id: \d+\.\d+\nevent: [a-z_]+\ndata: \{.*\})$/);
  }
});

test("who hides their address, or has many, is limited all the same", async () => {
  const login = (headers: Record<string, string>) =>
    send("/api/v1/auth/refresh", {
      method: "POST",
      headers: { "content-type": "application/json", ...headers },
      body: '{"refresh_token":"guess"}',
    });
  const untilLimited = async (headersOf: (attempt: number) => Record<string, string>) => {
    // Twice the limit: the window may turn over meanwhile.
    for (let attempt = 0; attempt < 125; attempt++) {
      const response = await login(headersOf(attempt));
      await response.body?.cancel();
      if (response.status === 429) return true;
    }
    return false;
  };
  expect(await untilLimited(() => ({}))).toBe(true);
  expect(await untilLimited((n) => ({ "cf-connecting-ip": `2001:db8:7:8::${n.toString(16)}` }))).toBe(true);
  const neighbour = await login({ "cf-connecting-ip": "2001:db8:7:9::1" });
  expect(await problemOf(neighbour)).toMatchObject({ code: "refresh_token_invalid" });
});
