import { env } from "cloudflare:workers";
import { eq } from "drizzle-orm";
import { expect, test } from "vitest";
import { DeviceInfo } from "../../../src/features/hub/schema.ts";
import { auditLogs } from "../../../src/features/users/tables.ts";
import { newId } from "../../../src/lib/ids.ts";
import { call, callFor, problemOf } from "../../support/api.ts";
import { connectAs } from "../../support/database.ts";
import { useSettings } from "../../support/settings.ts";
import { connect, type TestSocket } from "../../support/socket.ts";
import { newUser, type TestUser } from "../../support/users.ts";

/** Long enough for an answer on a busy machine; the silent device costs a test that long. */
useSettings({ TOOL_TIMEOUT_MS: "3000" });

const ABOUT = { name: "kitchen", platform: "linux" };

function answerQuestion(device: TestSocket, id: string, data: unknown): void {
  device.send({ type: "data_response", id, data });
}

async function recordedFor({ tenantId }: TestUser, event: string) {
  const rows = await connectAs(env, "postgres")
    .select()
    .from(auditLogs)
    .where(eq(auditLogs.tenantId, tenantId));
  return rows.filter((row) => row.event === event);
}

test("the removal of a device is recorded, and that of an unknown one is not", async () => {
  const user = await newUser(env);
  const device = await connect(user);
  expect((await call("DELETE", `/api/v1/devices/${device.deviceId}`, { as: user })).status).toBe(204);
  expect((await call("DELETE", `/api/v1/devices/${newId()}`, { as: user })).status).toBe(404);
  expect(await recordedFor(user, "device.removed")).toEqual([
    expect.objectContaining({ actorKind: "user", userId: user.userId, subjectId: device.deviceId }),
  ]);
});

test("a device stays, and nothing is recorded, when the caller may not remove it", async () => {
  const reader = await newUser(env, { role: "readonly" });
  const device = await connect(reader);
  const refused = await call("DELETE", `/api/v1/devices/${device.deviceId}`, { as: reader });
  expect(await problemOf(refused)).toMatchObject({ status: 403, code: "forbidden" });
  expect(await recordedFor(reader, "device.removed")).toEqual([]);
  device.send({ type: "ping " });
  await device.frame("error");
  expect(device.closed).toBeUndefined();
});

test("a connected device is asked what it is, and its own words are the answer", async () => {
  const user = await newUser(env);
  const device = await connect(user);
  const answer = callFor(DeviceInfo, "GET", `/devices/${device.deviceId}/info`, { as: user });
  const question = await device.frame("data_request");
  expect(question).toMatchObject({ kind: "device_info" });
  answerQuestion(device, question.id, ABOUT);
  expect(await answer).toEqual({ device_id: device.deviceId, info: ABOUT });
});

test("a device that has nothing to say of itself is no error", async () => {
  const user = await newUser(env);
  const viewer = await connect(user, { tools: false });
  const answer = callFor(DeviceInfo, "GET", `/devices/${viewer.deviceId}/info`, { as: user });
  answerQuestion(viewer, (await viewer.frame("data_request")).id, null);
  expect(await answer).toEqual({ device_id: viewer.deviceId, info: null });
});

test("an answer that is no object is refused, and the caller hears that the device does not answer", async () => {
  const user = await newUser(env);
  const device = await connect(user);
  const asked = call("GET", `/api/v1/devices/${device.deviceId}/info`, { as: user });
  answerQuestion(device, (await device.frame("data_request")).id, "a sentence");
  expect(await device.frame("error")).toMatchObject({ code: "bad_frame" });
  expect(await problemOf(await asked)).toMatchObject({ status: 504, code: "timeout" });
});

test("a device that is away, or leaves while it is asked, is offline; an unknown one is not found", async () => {
  const user = await newUser(env);
  const [away, leaving] = [await connect(user), await connect(user)];
  away.close();
  const ask = (deviceId: string) => call("GET", `/api/v1/devices/${deviceId}/info`, { as: user });
  const asked = ask(leaving.deviceId);
  await leaving.frame("data_request");
  leaving.close();
  for (const answer of [await asked, await ask(away.deviceId)]) {
    expect(await problemOf(answer)).toMatchObject({ status: 503, code: "device_offline" });
  }
  expect((await ask(newId())).status).toBe(404);
  const stranger = await newUser(env);
  const foreign = await call("GET", `/api/v1/devices/${leaving.deviceId}/info`, { as: stranger });
  expect(foreign.status).toBe(404);
});
