/** Heartbeats, hello deadline, expiry: how the hub knows that a socket is alive, and how little it does for an idle one. */
import { env } from "cloudflare:workers";
import { expect, test } from "vitest";
import { PING_TEXT } from "../../src/features/hub/protocol.ts";
import { newId } from "../../src/lib/ids.ts";
import { evictHub, inHub } from "../support/hub.ts";
import { scriptModel } from "../support/model.ts";
import { useSettings } from "../support/settings.ts";
import { connect, openSocket, SOCKET_URL, upgrade } from "../support/socket.ts";
import { newUser, type TestUser } from "../support/users.ts";

useSettings({ HELLO_TIMEOUT_MS: "300", PONG_TIMEOUT_MS: "300", ALLOW_QUERY_TOKEN: "true" });

/** Makes every socket of the user look as if it had been silent for so long, to a hub that has just woken. */
async function ageSockets(user: TestUser, change: { openedAt?: number; expiresAt?: number }): Promise<void> {
  await inHub(user, (state) => {
    for (const socket of state.getWebSockets()) {
      socket.serializeAttachment({ ...socket.deserializeAttachment(), ...change });
    }
  });
  await evictHub(user);
}

async function delegateRead(word: string): Promise<void> {
  await scriptModel(word, [
    { content: [{ type: "tool_use", name: "task", input: { agent: "tasks", instruction: word } }] },
    { content: [{ type: "tool_use", name: "list_tasks", input: {} }] },
    { content: [{ type: "text", text: "none" }] },
    { content: [{ type: "text", text: "None." }] },
  ]);
}

test("a socket without hello is closed with 4408", async () => {
  const socket = await openSocket(await newUser(env));
  await socket.until(() => socket.closed !== undefined, "the close");
  expect(socket.closed?.code).toBe(4408);
});

test("the heartbeat is answered by the runtime, not by the hub", async () => {
  const user = await newUser(env);
  const device = await connect(user);
  await evictHub(user);
  device.send(PING_TEXT);
  await device.frame("pong");
  const answeredByRuntime = await inHub(user, (state) =>
    state.getWebSockets().map((socket) => state.getWebSocketAutoResponseTimestamp(socket) !== null),
  );
  expect(answeredByRuntime).toEqual([true]);
});

test("a device silent for long is asked for a sign of life before it is relied on, and closed when none comes", async () => {
  const user = await newUser(env);
  const device = await connect(user);
  const viewer = await connect(user, { tools: false });
  const word = newId();
  await delegateRead(word);
  await ageSockets(user, { openedAt: Date.now() - 60_000 });
  const turn = viewer.ask(word);
  await device.frame("ping");
  // The call goes out with the question: a living device loses no time.
  await device.frame("tool_call");
  await device.until(() => device.closed !== undefined, "the close");
  expect(device.closed?.code).toBe(4408);
  const again = await connect(user, { deviceId: device.deviceId });
  const call = await again.frame("tool_call");
  again.send({ type: "tool_result", id: call.id, epoch: call.epoch, rows: [] });
  expect(await viewer.end(turn)).toMatchObject({ status: "done" });
});

test("a silent device that answers the question stays connected", async () => {
  const user = await newUser(env);
  const device = await connect(user);
  const viewer = await connect(user, { tools: false });
  const word = newId();
  await delegateRead(word);
  await ageSockets(user, { openedAt: Date.now() - 60_000 });
  const turn = viewer.ask(word);
  await device.frame("ping");
  device.send({ type: "pong" });
  const call = await device.frame("tool_call");
  await new Promise((resolve) => setTimeout(resolve, 400));
  device.send({ type: "tool_result", id: call.id, epoch: call.epoch, rows: [] });
  expect(await viewer.end(turn)).toMatchObject({ status: "done" });
  expect(device.closed).toBeUndefined();
});

test("a socket whose session has run out is closed with 4401 when it is used", async () => {
  const user = await newUser(env);
  const device = await connect(user);
  await ageSockets(user, { expiresAt: Date.now() - 1 });
  expect(device.closed).toBeUndefined();
  device.ask("anything");
  await device.until(() => device.closed !== undefined, "the close");
  expect(device.closed?.code).toBe(4401);
});

test("a token in the URL opens a socket where that is configured", async () => {
  const user = await newUser(env);
  const response = await upgrade({}, `${SOCKET_URL}?token=${user.accessToken}`);
  expect(response.status).toBe(101);
  response.webSocket?.accept();
});
