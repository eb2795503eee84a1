/** Changes that nobody answers in time: told as unknown, never made again, and settled by whatever the device says later. */
import { expect, test, vi } from "vitest";
import { newId } from "../../../src/lib/ids.ts";
import { type Errand, MILK, says, startErrand, tool, uses } from "../../support/errand.ts";
import { crashHub, inHub, ringAlarm } from "../../support/hub.ts";
import { breakModel, modelRequests } from "../../support/model.ts";
import { useSettings } from "../../support/settings.ts";
import { connect, type TestSocket } from "../../support/socket.ts";
import type { TestUser } from "../../support/users.ts";

useSettings({ TOOL_TIMEOUT_MS: "300", OFFLINE_GRACE_MS: "300" });

const EIGHT_DAYS_MS = 8 * 24 * 3_600_000;

/** A turn that adds one task, with another client of the same person watching. */
async function prepare(): Promise<Errand & { viewer: TestSocket }> {
  const errand = await startErrand(MILK);
  return { ...errand, viewer: await connect(errand.user, { tools: false }) };
}

function openRevokes(user: TestUser): Promise<number> {
  return inHub(
    user,
    ({ storage }) => storage.sql.exec<{ n: number }>("SELECT count(*) AS n FROM revokes").one().n,
  );
}

/** Waits for the end of the turn, whose model was told once that nobody knows. */
async function expectUnknown({ user, word }: Errand): Promise<void> {
  const hasEnded = async () => (await turnPhase(user)) === "ended";
  await vi.waitUntil(hasEnded, { timeout: 10_000, interval: 50 });
  expect(await openRevokes(user)).toBe(1);
  expect(await modelRequests(word)).toHaveLength(2);
}

function turnPhase(user: TestUser): Promise<string | undefined> {
  return inHub(
    user,
    ({ storage }) => storage.sql.exec<{ phase: string }>("SELECT phase FROM turns").toArray()[0]?.phase,
  );
}

test("a device that dies after its commit and stays away is heard when it is back: the change is told to all", async () => {
  const errand = await prepare();
  const { user, device, viewer, word } = errand;
  device.killPoint = "after_commit";
  const turn = device.askTasks(`Add milk ${word}`);
  await device.until(() => device.isDead, "the death of the device");
  await expectUnknown(errand);
  await device.connect();
  const id = device.disk.rows("tasks")[0]?.id;
  const told = { action: "insert", table: "tasks", id, source: "turn", device_id: device.deviceId };
  expect(await viewer.frame("mutation")).toMatchObject(told);
  expect(await device.frame("mutation")).toMatchObject(told);
  await device.until(() => device.disk.journal.size === 0, "the acknowledgement");
  expect(await openRevokes(user)).toBe(0);
  expect(device.disk.effects).toHaveLength(1);
  expect(await device.end(turn)).toMatchObject({ status: "done", mutations: [] });
  expect(device.turn(turn)).toMatchObject({ faults: [], text: "I cannot tell." });
});

test("a device that died before its commit is told not to make the change any more", async () => {
  const errand = await prepare();
  const { user, device, viewer, word } = errand;
  device.killPoint = "before_commit";
  device.askTasks(`Add milk ${word}`);
  await device.until(() => device.isDead, "the death of the device");
  await expectUnknown(errand);
  await device.connect();
  await device.frame("tool_ack");
  expect(device.all("tool_revoke")).toMatchObject([{ id: device.all("tool_call")[0]?.id }]);
  expect(await openRevokes(user)).toBe(0);
  expect(device.disk.effects).toEqual([]);
  expect(viewer.all("mutation")).toEqual([]);
});

test("an answer that comes after the model was told is recorded and told as a change", async () => {
  const errand = await prepare();
  const { user, device, viewer, word } = errand;
  device.isMute = true;
  const turn = device.askTasks(`Add milk ${word}`);
  await expectUnknown(errand);
  expect(await device.end(turn)).toMatchObject({ status: "done", mutations: [] });
  expect(device.turn(turn)).toMatchObject({ faults: [], text: "I cannot tell." });
  const { id } = await device.frame("tool_revoke");
  device.isMute = false;
  device.sendResult(id, { row: device.disk.rows("tasks")[0]! });
  expect(await viewer.frame("mutation")).toMatchObject({
    action: "insert",
    id: device.disk.rows("tasks")[0]?.id,
  });
  await device.frame("tool_ack");
  expect(await openRevokes(user)).toBe(0);
  // Said once more, it is acknowledged and told to nobody.
  device.sendResult(id, { row: device.disk.rows("tasks")[0]! });
  await device.frame("tool_ack", 2);
  expect(viewer.all("mutation")).toHaveLength(1);
});

test("a change that is never answered is asked for once, though the hub dies meanwhile", async () => {
  const errand = await prepare();
  const { user, device, word } = errand;
  device.isDeaf = true;
  await breakModel([{ kind: "hang", match: word, skip: 1 }]);
  const turn = device.askTasks(`Add milk ${word}`);
  await device.frame("tool_revoke");
  await crashHub(user);
  await device.reconnect();
  await device.end(turn);
  expect(device.turn(turn)).toMatchObject({ faults: [], text: "I cannot tell.", gen: 2 });
  expect(device.all("tool_call")).toHaveLength(1);
  expect(device.disk.effects).toEqual([]);
});

test("a change that may have reached the device before the hub died is unknown, not undone", async () => {
  const errand = await prepare();
  const { user, device, word } = errand;
  device.killPoint = "after_commit";
  const turn = device.askTasks(`Add milk ${word}`);
  await device.until(() => device.isDead, "the death of the device");
  await crashHub(user);
  await ringAlarm(user);
  await expectUnknown(errand);
  await device.connect();
  expect(await device.frame("mutation")).toMatchObject({ action: "insert" });
  expect(await device.end(turn)).toMatchObject({ status: "done", mutations: [] });
  expect(device.turn(turn)).toMatchObject({ faults: [], text: "I cannot tell." });
  expect(device.disk.titles()).toEqual(["Milk"]);
});

test("a question that is never answered is asked twice, under ids of their own, and then told as failed", async () => {
  const { user, device, word } = await startErrand([
    { when: { toolResult: "failed" }, reply: says("No answer.") },
    { reply: uses(tool("list_tasks")) },
  ]);
  device.isDeaf = true;
  const turn = device.askTasks(`List ${word}`);
  expect(await device.end(turn)).toMatchObject({ status: "done" });
  expect(device.turn(turn)).toMatchObject({ faults: [], text: "No answer." });
  expect(new Set(device.all("tool_call").map(({ id }) => id)).size).toBe(2);
  expect(await openRevokes(user)).toBe(0);
});

test("a call that was never sent is offline, and nothing is left to settle", async () => {
  const { user, device, viewer, word } = await prepare();
  await breakModel([{ kind: "slow", deltaDelayMs: 50, match: word }]);
  const turn = newId();
  viewer.send({
    type: "floating_request",
    request_id: turn,
    message: `Add milk ${word}`,
    scope: { type: "task" },
  });
  await viewer.frame("stream_start");
  device.die();
  expect(await viewer.end(turn)).toMatchObject({ status: "done", mutations: [] });
  expect(viewer.textOf(turn)).toBe("Your device is away.");
  expect(await openRevokes(user)).toBe(0);
  await device.connect();
  expect(device.all("tool_call")).toEqual([]);
});

test("a device that comes back after eight days settles what it did then", async () => {
  const errand = await prepare();
  const { user, device, word } = errand;
  device.killPoint = "after_commit";
  const turn = device.askTasks(`Add milk ${word}`);
  await device.until(() => device.isDead, "the death of the device");
  await expectUnknown(errand);
  await eightDaysPass(user);
  await device.connect();
  expect(await device.frame("mutation")).toMatchObject({
    action: "insert",
    id: device.disk.rows("tasks")[0]?.id,
  });
  await device.until(() => device.disk.journal.size === 0, "the acknowledgement");
  expect(await openRevokes(user)).toBe(0);
  expect(device.disk.titles()).toEqual(["Milk"]);
  // What the turn said is gone by now; that it was is not.
  expect(await device.frame("error")).toMatchObject({ code: "not_found", in_reply_to: turn });
  expect(await modelRequests(word)).toHaveLength(2);
});

/** Every time the hub has written down moves into the past, and the alarms of those days ring. */
async function eightDaysPass(user: TestUser): Promise<void> {
  await inHub(user, ({ storage: { sql } }) => {
    sql.exec(
      "UPDATE turns SET created_at = created_at - ?, due_at = due_at - ?",
      EIGHT_DAYS_MS,
      EIGHT_DAYS_MS,
    );
    sql.exec("UPDATE revokes SET created_at = created_at - ?", EIGHT_DAYS_MS);
    sql.exec(
      "UPDATE devices SET first_seen = first_seen - ?, last_seen = last_seen - ?",
      EIGHT_DAYS_MS,
      EIGHT_DAYS_MS,
    );
  });
  await crashHub(user);
  const isDropped = async () => {
    await ringAlarm(user);
    return inHub(user, ({ storage }) => storage.sql.exec("SELECT 1 FROM journal").toArray().length === 0);
  };
  await vi.waitUntil(isDropped, { timeout: 10_000, interval: 50 });
}
