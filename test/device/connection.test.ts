import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import { DeviceClient, type DeviceClientOptions } from "../../device/client.ts";
import type { ConnectionState } from "../../device/connection.ts";
import { type Credential, SignedOut } from "../../device/session.ts";
import { FakeHub, settle } from "./fake-hub.ts";

beforeEach(() => void vi.useFakeTimers());
afterEach(() => void vi.useRealTimers());

function connect(more: Partial<DeviceClientOptions> = {}) {
  const hub = new FakeHub();
  const asked: boolean[] = [];
  const states: ConnectionState[] = [];
  const client = new DeviceClient({
    url: "https://adjutant.example",
    deviceId: "device-1",
    credentials: {
      credential: async ({ rejected }) => {
        asked.push(rejected);
        return { token: `token-${asked.length}` };
      },
    },
    openSocket: hub.open,
    random: () => 0.5,
    ...more,
  });
  client.on("state", (state) => void states.push(state));
  client.connect();
  return { hub, client, asked, states };
}

describe("connecting", () => {
  it("offers the protocol and the token, and introduces a viewer as one", async () => {
    const { hub } = connect({ capabilities: { blocks: true } });
    await settle();
    const socket = hub.welcome();
    expect(socket.url).toBe("wss://adjutant.example/api/v1/ws/device");
    expect(socket.protocols).toEqual(["adjutant.v3", "bearer.token-1"]);
    expect(socket.sent[0]).toEqual({
      type: "device_hello",
      device_id: "device-1",
      agent_ids: [],
      protocol: 3,
      capabilities: { blocks: true, tools: false },
    });
  });

  it("presents a ticket in the address, and no token", async () => {
    const ticket = async (): Promise<Credential> => ({ ticket: "a b" });
    const { hub } = connect({ credentials: { credential: ticket } });
    await settle();
    expect(hub.socket.url).toBe("wss://adjutant.example/api/v1/ws/device?ticket=a%20b");
    expect(hub.socket.protocols).toEqual(["adjutant.v3"]);
  });

  it("is over when nobody is signed in any more", async () => {
    const { client, states } = connect({
      credentials: { credential: () => Promise.reject(new SignedOut("signed out")) },
    });
    await expect(client.online()).rejects.toThrow("signed_out");
    expect(states.at(-1)).toEqual({ state: "stopped", reason: "signed_out" });
  });

  it("gives up on a hub that does not say welcome, and tries again", async () => {
    const { hub } = connect();
    await settle();
    hub.socket.listeners.opened();
    await vi.advanceTimersByTimeAsync(15_000);
    expect(hub.sockets[0]?.closedWith).toBe(4408);
    await vi.advanceTimersByTimeAsync(500);
    expect(hub.sockets).toHaveLength(2);
  });
});

describe("the heartbeat", () => {
  it("is the exact text every 30 s, and a lost answer means a new socket", async () => {
    const { hub } = connect();
    await settle();
    const first = hub.welcome();
    await vi.advanceTimersByTimeAsync(30_000);
    expect(first.sent.at(-1)).toEqual({ type: "ping" });
    first.frame({ type: "pong" });
    await vi.advanceTimersByTimeAsync(30_000);
    expect(first.ofType("ping")).toHaveLength(2);
    await vi.advanceTimersByTimeAsync(10_000);
    expect(first.closedWith).toBe(4408);
    await vi.advanceTimersByTimeAsync(1000);
    expect(hub.sockets).toHaveLength(2);
  });

  it("answers the hub's own ping", async () => {
    const { hub } = connect();
    await settle();
    const socket = hub.welcome();
    socket.frame({ type: "ping" });
    expect(socket.sent.at(-1)).toEqual({ type: "pong" });
  });
});

describe("a socket that ends", () => {
  it("is replaced after a pause that doubles, and begins anew after a lasting connection", async () => {
    const { hub, states } = connect();
    const waits = () => states.flatMap((change) => (change.state === "waiting" ? [change.retryInMs] : []));
    await settle();
    for (let round = 0; round < 4; round++) {
      hub.socket.close(1006);
      await vi.advanceTimersByTimeAsync(waits().at(-1)!);
    }
    expect(waits()).toEqual([375, 750, 1500, 3000]);
    hub.welcome();
    await vi.advanceTimersByTimeAsync(30_000);
    hub.socket.close(1012);
    expect(waits().at(-1)).toBe(375);
  });

  it.each([4400, 4403, 4409])("with %i is the last one", async (code) => {
    const { hub, states } = connect();
    await settle();
    hub.welcome();
    hub.socket.close(code);
    await vi.advanceTimersByTimeAsync(3_600_000);
    expect(hub.sockets).toHaveLength(1);
    expect(states.at(-1)?.state).toBe("stopped");
  });

  it("with 4401 gets one more try with a fresh token", async () => {
    const { hub, asked, states } = connect();
    await settle();
    hub.welcome();
    hub.socket.close(4401);
    await vi.advanceTimersByTimeAsync(0);
    expect(asked).toEqual([false, true]);
    hub.socket.listeners.opened();
    hub.socket.close(4401);
    await vi.advanceTimersByTimeAsync(3_600_000);
    expect(hub.sockets).toHaveLength(2);
    expect(states.at(-1)).toEqual({ state: "stopped", reason: "session_ended" });
  });

  it("with 4429 is replaced only after half a minute", async () => {
    const { hub } = connect();
    await settle();
    hub.welcome();
    hub.socket.close(4429);
    await vi.advanceTimersByTimeAsync(29_000);
    expect(hub.sockets).toHaveLength(1);
    await vi.advanceTimersByTimeAsync(5000);
    expect(hub.sockets).toHaveLength(2);
  });

  it("is not listened to any more once it is given up", async () => {
    const { hub, client } = connect();
    const texts: string[] = [];
    client.on("event", ({ id }) => void texts.push(id));
    await settle();
    const first = hub.welcome();
    await vi.advanceTimersByTimeAsync(40_000 + 1000);
    hub.welcome();
    first.frame({ type: "event", id: "late", topic: "devices", data: {} });
    first.close(4403);
    hub.socket.frame({ type: "event", id: "live", topic: "devices", data: {} });
    expect(texts).toEqual(["live"]);
    expect(client.welcome).not.toBeNull();
  });
});

describe("the token of a live socket", () => {
  it("is renewed before it expires, and again before the next one does", async () => {
    const credentials = {
      calls: 0,
      async credential() {
        this.calls++;
        return { token: `token-${this.calls}`, expiresAtMs: Date.now() + 900_000 };
      },
    };
    const { hub } = connect({ credentials, times: { pongMs: 10_000_000 } });
    await settle();
    const socket = hub.welcome();
    await vi.advanceTimersByTimeAsync(900_000 - 45_000);
    expect(socket.ofType("auth_refresh")).toEqual([{ type: "auth_refresh", token: "token-2" }]);
    await vi.advanceTimersByTimeAsync(900_000 - 45_000);
    expect(socket.ofType("auth_refresh")).toHaveLength(2);
  });

  it("is left to run out when the source has nothing newer", async () => {
    const expiresAtMs = Date.now() + 60_000;
    let calls = 0;
    const credential = async () => {
      calls++;
      return { token: "the only one", expiresAtMs };
    };
    const { hub } = connect({ credentials: { credential }, times: { pongMs: 10_000_000 } });
    await settle();
    const socket = hub.welcome();
    await vi.advanceTimersByTimeAsync(600_000);
    expect(socket.ofType("auth_refresh")).toEqual([]);
    expect(calls).toBe(2);
  });
});

it("frames that do not fit are told apart and survived", async () => {
  const { hub, client } = connect();
  const bad: (string | undefined)[] = [];
  client.on("bad_frame", ({ type }) => void bad.push(type));
  await settle();
  const socket = hub.welcome();
  socket.listeners.received("{nonsense");
  socket.listeners.received("[1]");
  socket.frame({ type: "agent_run", run_id: "r" });
  socket.frame({ type: "stream_text", request_id: "t", gen: 1, seq: 0, chunk: "x" });
  expect(bad).toEqual([undefined, undefined, "agent_run", "stream_text"]);
  expect(client.welcome).not.toBeNull();
  expect(socket.sent).toHaveLength(1);
});
