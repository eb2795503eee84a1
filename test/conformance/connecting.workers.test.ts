import { env } from "cloudflare:workers";
import { describe, expect, test } from "vitest";
import { revokeAllSessions, revokeSession } from "../../src/features/auth/service.ts";
import { MAX_FRAME_BYTES, Welcome } from "../../src/features/hub/protocol.ts";
import { newId } from "../../src/lib/ids.ts";
import { readEnv } from "../../src/platform/env.ts";
import { portsOf } from "../../src/ports.ts";
import { call } from "../support/api.ts";
import { connect, openSocket, SOCKET_URL, TestSocket, upgrade } from "../support/socket.ts";
import { newUser, type TestUser, userCtx } from "../support/users.ts";

const hello = (deviceId: string, more: Record<string, unknown> = {}) => ({
  type: "device_hello",
  device_id: deviceId,
  agent_ids: [],
  protocol: 3,
  ...more,
});

async function mintTicket(user: TestUser): Promise<string> {
  const response = await call("POST", "/api/v1/ws/ticket", { as: user });
  expect(response.status).toBe(201);
  const { ticket } = (await response.json()) as { ticket: string };
  return ticket;
}

/** A context whose revocations reach the real hub. */
function connectedCtx(user: TestUser) {
  return { ...userCtx(env, user), ports: portsOf(readEnv(env)) };
}

describe("credentials", () => {
  test("the token may come as a sub-protocol, and only the protocol's name is answered", async () => {
    const user = await newUser(env);
    const response = await upgrade({ "sec-websocket-protocol": `adjutant.v3, bearer.${user.accessToken}` });
    expect(response.status).toBe(101);
    expect(response.headers.get("sec-websocket-protocol")).toBe("adjutant.v3");
    response.webSocket?.accept();
  });

  test("the token may come as a header", async () => {
    const user = await newUser(env);
    const response = await upgrade({ authorization: `Bearer ${user.accessToken}` });
    expect(response.status).toBe(101);
    response.webSocket?.accept();
  });

  test("a ticket opens one socket, once", async () => {
    const user = await newUser(env);
    const url = `${SOCKET_URL}?ticket=${encodeURIComponent(await mintTicket(user))}`;
    const first = await upgrade({}, url);
    expect(first.status).toBe(101);
    first.webSocket?.accept();
    expect((await upgrade({}, url)).status).toBe(401);
  });

  test("a made-up ticket, a broken token and no credential at all are refused", async () => {
    const user = await newUser(env);
    const forged = `${user.tenantId}.${user.userId}.AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA`;
    for (const attempt of [
      upgrade({}, `${SOCKET_URL}?ticket=${forged}`),
      upgrade({}, `${SOCKET_URL}?ticket=nonsense`),
      upgrade({ authorization: `Bearer ${user.accessToken.slice(0, -4)}AAAA` }),
      upgrade({}, `${SOCKET_URL}?token=${user.accessToken}`),
      upgrade({}),
    ]) {
      expect((await attempt).status).toBe(401);
    }
  });

  test("a plain request is told that the address speaks WebSocket only", async () => {
    const user = await newUser(env);
    expect((await call("GET", "/api/v1/ws/device", { as: user })).status).toBe(426);
  });

  test("a client cannot introduce itself as somebody else with the edge's own headers", async () => {
    const user = await newUser(env);
    const other = await newUser(env);
    const introduction = JSON.stringify({
      tenantId: other.tenantId,
      userId: other.userId,
      role: "owner",
      tier: "team",
    });
    const response = await upgrade({
      authorization: `Bearer ${user.accessToken}`,
      "x-adjutant-admission": introduction,
      "x-adjutant-ticket": "anything",
    });
    const socket = new TestSocket(response.webSocket!, newId());
    socket.send(hello(socket.deviceId));
    expect(await socket.frame("welcome")).toMatchObject({ user_id: user.userId, tenant_id: user.tenantId });
  });
});

describe("hello", () => {
  test("is answered with everything a device must know", async () => {
    const user = await newUser(env);
    const device = await connect(user);
    expect(Welcome.parse(device.welcome)).toMatchObject({
      device_id: device.deviceId,
      session_id: user.sessionId,
      user_id: user.userId,
      tenant_id: user.tenantId,
      epoch: 1,
      resumed: false,
      heartbeat_s: 30,
      limits: { max_frame_bytes: MAX_FRAME_BYTES, concurrent_turns: 4 },
    });
    expect(device.welcome.embedder.dimensions).toBeGreaterThan(0);
  });

  test("raises the epoch at each connection and says that the device is known", async () => {
    const user = await newUser(env);
    const first = await connect(user);
    first.close();
    const second = await connect(user, { deviceId: first.deviceId });
    expect(second.welcome).toMatchObject({ epoch: 2, resumed: true });
  });

  test("of the same device replaces the earlier connection", async () => {
    const user = await newUser(env);
    const first = await connect(user);
    const second = await connect(user, { deviceId: first.deviceId });
    await first.until(() => first.closed !== undefined, "the close");
    expect(first.closed?.code).toBe(4409);
    expect(second.closed).toBeUndefined();
  });

  test("twice on one connection is a bad frame", async () => {
    const device = await connect(await newUser(env));
    device.send(hello(device.deviceId));
    expect(await device.frame("error")).toMatchObject({ code: "bad_frame" });
    expect(device.closed).toBeUndefined();
  });

  test("must come before anything else", async () => {
    const socket = await openSocket(await newUser(env));
    socket.send({ type: "home_request", request_id: newId(), message: "hi" });
    expect(await socket.frame("error")).toMatchObject({ code: "bad_frame" });
  });

  test("with another protocol version is a bad frame", async () => {
    const socket = await openSocket(await newUser(env));
    socket.send({ ...hello("d"), protocol: 2 });
    expect(await socket.frame("error")).toMatchObject({ code: "bad_frame", in_reply_to: "d" });
  });
});

describe("bad frames", () => {
  test("are answered and leave the socket open", async () => {
    const device = await connect(await newUser(env));
    const bad = [
      "{",
      '"text"',
      "null",
      '{"type":"no_such_frame"}',
      '{"type":"cancel"}',
      '{"type":"resume","request_id":1}',
    ];
    for (const frame of bad) device.send(frame);
    await device.frame("error", bad.length);
    for (const error of device.all("error")) expect(error.code).toBe("bad_frame");
    device.send({ type: "ping", extra: "unknown fields are ignored" });
    await device.frame("pong");
  });

  test("close the socket with 4400 when there are more than 20 in a minute", async () => {
    const device = await connect(await newUser(env));
    for (let count = 0; count < 21; count++) device.send("not json");
    await device.until(() => device.closed !== undefined, "the close");
    expect(device.closed?.code).toBe(4400);
    expect(device.all("error")).toHaveLength(20);
  });

  test("over the frame limit close it with 1009", async () => {
    const device = await connect(await newUser(env));
    device.send("x".repeat(MAX_FRAME_BYTES + 1));
    await device.until(() => device.closed !== undefined, "the close");
    expect(device.closed?.code).toBe(1009);
  });
});

describe("sessions", () => {
  test("that are revoked lose their sockets at once, and only theirs", async () => {
    const user = await newUser(env);
    const device = await connect(user);
    const bystander = await connect(await newUser(env));
    await revokeSession(connectedCtx(user), { id: user.sessionId });
    await device.until(() => device.closed !== undefined, "the close");
    expect(device.closed?.code).toBe(4401);
    expect(bystander.closed).toBeUndefined();
  });

  test("that are revoked get no new socket, by token or by an older ticket", async () => {
    const user = await newUser(env);
    await connect(user);
    const ticket = await mintTicket(user);
    await revokeAllSessions(connectedCtx(user));
    const again = await openSocket(user);
    await again.until(() => again.closed !== undefined, "the close");
    expect(again.closed?.code).toBe(4401);
    expect((await upgrade({}, `${SOCKET_URL}?ticket=${ticket}`)).status).toBe(401);
  });

  test("are extended on the live socket by a fresh token of the same user, and by no other", async () => {
    const user = await newUser(env);
    const device = await connect(user);
    device.send({ type: "auth_refresh", token: user.accessToken });
    const { expires_at } = await device.frame("auth_ok");
    expect(Date.parse(expires_at)).toBeGreaterThan(Date.now());
    const other = await newUser(env);
    device.send({ type: "auth_refresh", token: other.accessToken });
    expect(await device.frame("error")).toMatchObject({ code: "unauthorized" });
    expect(device.closed).toBeUndefined();
  });
});

describe("devices over REST", () => {
  test("are listed with whether they are online, and forgotten on request", async () => {
    const user = await newUser(env);
    const online = await connect(user, { tools: false });
    const gone = await connect(user);
    gone.close();
    const list = async () => {
      const response = await call("GET", "/api/v1/devices", { as: user });
      return ((await response.json()) as { data: { device_id: string; online: boolean; tools: boolean }[] })
        .data;
    };
    await expect
      .poll(async () => (await list()).find((each) => each.device_id === gone.deviceId)?.online)
      .toBe(false);
    expect(await list()).toContainEqual(
      expect.objectContaining({ device_id: online.deviceId, online: true, tools: false }),
    );
    const removed = await call("DELETE", `/api/v1/devices/${online.deviceId}`, { as: user });
    expect(removed.status).toBe(204);
    await online.until(() => online.closed !== undefined, "the close");
    expect((await list()).map((each) => each.device_id)).toEqual([gone.deviceId]);
    const again = await call("DELETE", `/api/v1/devices/${online.deviceId}`, { as: user });
    expect(again.status).toBe(404);
  });

  test("of one user are invisible to another", async () => {
    const device = await connect(await newUser(env));
    const other = await newUser(env);
    const response = await call("GET", "/api/v1/devices", { as: other });
    expect(await response.json()).toMatchObject({ data: [] });
    expect((await call("DELETE", `/api/v1/devices/${device.deviceId}`, { as: other })).status).toBe(404);
    expect(device.closed).toBeUndefined();
  });
});
