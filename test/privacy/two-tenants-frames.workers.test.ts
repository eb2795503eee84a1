/** Every id of a person is sent by others in every place of every frame that takes one, and nothing comes of it. */
import { beforeAll, describe, expect, test } from "vitest";
import { z } from "zod";
import { ADMISSION_HEADER, TICKET_HEADER } from "../../src/features/hub/client.ts";
import { ClientFrame, type HubFrame } from "../../src/features/hub/protocol.ts";
import { isUuid, newId } from "../../src/lib/ids.ts";
import { callFor, problemOf } from "../support/api.ts";
import { belongingsOf } from "../support/belongings.ts";
import { expectUndisturbed, type Inhabitant, settleIn } from "../support/inhabitant.ts";
import { INTRUDERS } from "../support/intruders.ts";
import { useSettings } from "../support/settings.ts";
import { connect, helloFrame, SOCKET_URL, TestSocket, upgrade } from "../support/socket.ts";
import type { TestUser } from "../support/users.ts";

// The waiting turns wait until the last test, on however busy a machine.
useSettings({ TOOL_TIMEOUT_MS: "600000" });

let owner: Inhabitant;
let before: string[];

beforeAll(async () => {
  owner = await settleIn();
  before = await belongingsOf(owner.user);
});

type Type = Exclude<ClientFrame["type"], "ping" | "pong">;

/** Frames of a client with this id in every place that takes one. */
const FRAMES: Record<Type, (id: string) => Record<string, unknown>[]> = {
  resume: (id) => [{ request_id: id, gen: 1, after_seq: 0 }],
  cancel: (id) => [{ request_id: id }],
  approve: (id) => [{ approval_id: id }],
  reject: (id) => [{ approval_id: id, note: "no" }],
  tool_result: (id) => [{ id, epoch: owner.openCall.epoch, row: { id } }],
  data_response: (id) => [{ id, data: {} }],
  home_request: (id) => [
    { request_id: newId(), message: "Hello", chat_id: id },
    { request_id: id, message: "Hello" },
  ],
  floating_request: (id) => [
    { request_id: newId(), message: "Hello", chat_id: id },
    { request_id: newId(), message: "Hello", scope: { type: "task", id } },
    { request_id: id, message: "Hello" },
  ],
  device_hello: (id) => [{ device_id: id, protocol: 3 }],
  auth_refresh: () => [{ token: owner.user.accessToken }],
};
const TYPES = ClientFrame.options
  .map((frame) => frame.shape.type.value)
  .filter((type): type is Type => type in FRAMES);
/** What is answered with an error; the others are taken in silence or begin a turn of the intruder's own. */
const REFUSED: Partial<Record<Type, string>> = {
  resume: "not_found",
  cancel: "not_found",
  approve: "not_found",
  reject: "not_found",
  auth_refresh: "unauthorized",
  // It was said on this connection; others are opened below.
  device_hello: "bad_frame",
};

const NO_SUCH_CHAT = { type: "stream_end", status: "failed", error: { code: "not_found" } };
const NO_ID_OF_A_CHAT = { type: "error", code: "bad_frame" };

describe.each(INTRUDERS)("the socket of %s", (_who, arrive) => {
  test.each(TYPES)("gets nothing of the owner's by %s", async (type) => {
    const socket = await connect(await arrive(owner.user), { tools: false });
    for (const id of Object.values(owner.ids)) {
      for (const frame of FRAMES[type](id)) {
        const heard = await reactionTo(socket, { type, ...frame });
        expect(JSON.stringify(heard)).not.toContain(owner.canary);
        const code = REFUSED[type];
        if (code) expect(heard).toMatchObject([{ type: "error", code }]);
        if ("chat_id" in frame)
          expect(heard.at(-1)).toMatchObject(isUuid(id) ? NO_SUCH_CHAT : NO_ID_OF_A_CHAT);
      }
    }
  });

  test("is not the owner's device under its id, nor the owner by what it claims", async () => {
    const intruder = await arrive(owner.user);
    const twin = await connect(intruder, { deviceId: owner.device.deviceId });
    expect(twin.welcome).toMatchObject({ user_id: intruder.userId, resumed: false });
    const expiresAt = Date.now() + 600_000;
    const forged = await upgrade({
      authorization: `Bearer ${intruder.accessToken}`,
      [ADMISSION_HEADER]: JSON.stringify({ ...owner.user, role: "owner", expiresAt, wrappedDataKey: "" }),
      [TICKET_HEADER]: "any",
    });
    const impostor = new TestSocket(forged.webSocket!, newId());
    impostor.send(helloFrame(impostor.deviceId));
    expect(await impostor.frame("welcome")).toMatchObject({ user_id: intruder.userId });
    for (const each of [twin, impostor]) each.close();
  });

  test("does not open with a ticket that was made for another", async () => {
    const intruder = await arrive(owner.user);
    const secretOf = async (user: TestUser) => (await ticketOf(user)).split(".")[2];
    for (const [{ tenantId, userId }, secret] of [
      [owner.user, await secretOf(intruder)],
      [intruder, await secretOf(owner.user)],
    ] as const) {
      const refused = await upgrade({}, `${SOCKET_URL}?ticket=${tenantId}.${userId}.${secret}`);
      expect(await problemOf(refused)).toMatchObject({ status: 401, code: "unauthorized" });
    }
  });
});

async function ticketOf(user: TestUser): Promise<string> {
  const Ticket = z.object({ ticket: z.string() });
  return (await callFor(Ticket, "POST", "/ws/ticket", { as: user })).ticket;
}

/** Everything heard of a frame: to the end of a turn if it began one. */
async function reactionTo(socket: TestSocket, frame: Record<string, unknown>): Promise<HubFrame[]> {
  const from = socket.frames.length;
  const heard = () => socket.frames.slice(from);
  socket.send(frame);
  if ("message" in frame) {
    await socket.until(() => heard().some(({ type }) => type === "stream_end" || type === "error"), "an end");
  }
  // Frames are answered in order, so whatever was to come has come before this answer.
  const pongs = socket.all("pong").length;
  socket.send({ type: "ping", after: "the frame" });
  await socket.frame("pong", pongs + 1);
  expect(JSON.stringify(heard())).not.toContain(owner.canary);
  // What became of turns before is told in its own time.
  return heard().filter(({ type }) => type !== "pong" && type !== "event");
}

test("the owner's things are as they were, and the waiting turns end as if nobody had meddled", async () => {
  expect(await belongingsOf(owner.user)).toEqual(before);
  await expectUndisturbed(owner);
});
