/** Turns that wait for a person: nothing is done before they agree, once when they do, whatever happens to the hub meanwhile. */
import { afterEach, expect, test, vi } from "vitest";
import { creates, type Errand, says, startErrand, tool, uses } from "../../support/errand.ts";
import { crashHubAt, evictHub, inHub, ringAlarm, type WritePoint } from "../../support/hub.ts";
import { JournalingDevice } from "../../support/journaling-device.ts";
import { type ModelReply, modelRequests } from "../../support/model.ts";
import type { SocketOptions } from "../../support/socket.ts";
import type { TestUser } from "../../support/users.ts";

/** A turn that does this in its one round, on a device that holds two tasks. */
async function prepare(content: ModelReply["content"], options: SocketOptions = {}): Promise<Errand> {
  const errand = await startErrand(
    [
      { when: { toolResult: "too dear" }, reply: says("You found it too dear.") },
      { when: { toolResult: "declined" }, reply: says("You said no.") },
      { when: { toolResult: "in time" }, reply: says("You did not answer.") },
      { when: { toolResult: "Deleted" }, reply: says("Done.") },
      { when: { toolResult: "Created" }, reply: says("Done.") },
      { reply: uses(...content) },
    ],
    options,
  );
  for (const id of ["old", "older"]) errand.device.disk.put("tasks", { id, title: id });
  return errand;
}

function deletes(taskId: string): ModelReply["content"][number] {
  return tool("delete_task", { taskId });
}

function phaseOf(user: TestUser): Promise<string> {
  return inHub(
    user,
    ({ storage }) => storage.sql.exec<{ phase: string }>("SELECT phase FROM turns").one().phase,
  );
}

async function parked(user: TestUser): Promise<void> {
  await vi.waitUntil(async () => (await phaseOf(user)) === "parked", { timeout: 10_000, interval: 20 });
}

/** The one task was deleted once, and the turn said so in one piece. */
async function expectDeleted({ device, word }: Errand, turn: string, requests = 2): Promise<void> {
  expect(await device.end(turn)).toMatchObject({
    status: "done",
    mutations: [{ action: "delete", table: "tasks", id: "old", data: { id: "old" } }],
  });
  expect(device.turn(turn)).toMatchObject({ faults: [], text: "Done." });
  expect(device.turn(turn).frames.filter(({ type }) => type === "approval_request")).toHaveLength(1);
  expect(device.disk.titles()).toEqual(["older"]);
  expect(device.disk.effects).toHaveLength(1);
  expect(await modelRequests(word)).toHaveLength(requests);
}

afterEach(() => {
  vi.useRealTimers();
});

test("a deletion asks first, and is done once when the person agrees", async () => {
  const errand = await prepare([deletes("old")]);
  const { user, device, word } = errand;
  const turn = device.askTasks(`Delete it ${word}`);
  const ask = await device.frame("approval_request");
  expect(ask).toMatchObject({ action: "delete", table: "tasks", data: { id: "old" } });
  expect(ask.summary).toContain("Delete");
  await parked(user);
  expect(device.all("tool_call")).toEqual([]);
  device.send({ type: "approve", approval_id: ask.approval_id });
  await expectDeleted(errand, turn);
  device.send({ type: "approve", approval_id: ask.approval_id });
  expect(await device.frame("error")).toMatchObject({ code: "not_found", in_reply_to: ask.approval_id });
});

test.each([
  [{}, "You said no."],
  [{ note: "That is too dear to me" }, "You found it too dear."],
])("a deletion that the person rejects with %j is not done, and the model hears why", async (note, text) => {
  const { device, word } = await prepare([deletes("old")]);
  const turn = device.askTasks(`Delete it ${word}`);
  const { approval_id } = await device.frame("approval_request");
  device.send({ type: "reject", approval_id, ...note });
  expect(await device.end(turn)).toMatchObject({ status: "done", mutations: [] });
  expect(device.turn(turn)).toMatchObject({ faults: [], text });
  expect(device.all("tool_call")).toEqual([]);
});

test("an approval that nobody gives expires with the alarm", async () => {
  const { user, device, word } = await prepare([deletes("old")]);
  const turn = device.askTasks(`Delete it ${word}`);
  const { approval_id } = await device.frame("approval_request");
  await parked(user);
  const [alarmAt, expiresAt] = await inHub(user, async ({ storage }) => [
    await storage.getAlarm(),
    storage.sql.exec<{ at: number }>("SELECT expires_at AS at FROM approvals").one().at,
  ]);
  expect(alarmAt).toBeLessThanOrEqual(expiresAt!);
  await ringAlarm(user);
  expect(await phaseOf(user)).toBe("parked");
  vi.useFakeTimers({ toFake: ["Date"], now: expiresAt! });
  await ringAlarm(user);
  expect(await device.end(turn)).toMatchObject({ status: "done", mutations: [] });
  expect(device.turn(turn)).toMatchObject({ faults: [], text: "You did not answer." });
  device.send({ type: "approve", approval_id });
  expect(await device.frame("error")).toMatchObject({ code: "not_found" });
  expect(device.disk.titles()).toEqual(["old", "older"]);
});

test("a hub evicted while the turn waits goes on when the person agrees, on the same connection", async () => {
  const errand = await prepare([deletes("old")]);
  const { user, device, word } = errand;
  const turn = device.askTasks(`Delete it ${word}`);
  const { approval_id } = await device.frame("approval_request");
  await parked(user);
  await evictHub(user);
  device.send({ type: "approve", approval_id });
  await expectDeleted(errand, turn);
  expect(device.turn(turn).gen).toBe(1);
  expect(device.all("welcome")).toHaveLength(1);
});

/**
 * Opening the approval and parking the turn, which are lost together with the response that asks; then the decision and
 * waking the turn. With the model's requests in all.
 */
const WRITES: [WritePoint, number][] = [
  [{ write: "commit", number: 3, fate: "lost" }, 3],
  [{ write: "commit", number: 3, fate: "kept" }, 2],
  [{ write: "commit", number: 4, fate: "lost" }, 3],
  [{ write: "commit", number: 4, fate: "kept" }, 2],
  [{ write: "commit", number: 5, fate: "lost" }, 2],
  [{ write: "commit", number: 5, fate: "kept" }, 2],
  [{ write: "commit", number: 6, fate: "lost" }, 2],
  [{ write: "commit", number: 6, fate: "kept" }, 2],
];

test.each(WRITES)("a hub that dies at %j asks the person once and deletes once", async (point, requests) => {
  const errand = await prepare([deletes("old")]);
  const { user, device, word } = errand;
  await crashHubAt(user, point);
  const turn = device.askTasks(`Delete it ${word}`);
  if (point.number < 5) await device.reconnect();
  const { approval_id } = await device.frame("approval_request");
  device.send({ type: "approve", approval_id });
  if (point.number >= 5) {
    await device.reconnect();
    // A client repeats a decision of which it saw no effect.
    device.send({ type: "approve", approval_id });
  }
  await expectDeleted(errand, turn, requests);
});

test("any client of the person may decide", async () => {
  const errand = await prepare([deletes("old")]);
  const { user, device, word } = errand;
  const turn = device.askTasks(`Delete it ${word}`);
  await device.frame("approval_request");
  await parked(user);
  const viewer = await JournalingDevice.start(user, { tools: false });
  viewer.follow(turn);
  const { approval_id } = await viewer.frame("approval_request");
  viewer.send({ type: "approve", approval_id });
  await expectDeleted(errand, turn);
  expect(await viewer.end(turn)).toEqual(await device.end(turn));
  expect(viewer.turn(turn).faults).toEqual([]);
});

test("a client that answers for its person is not asked", async () => {
  const { device, word } = await prepare([deletes("old")], { autoApprove: true });
  const turn = device.askTasks(`Delete it ${word}`);
  expect(await device.end(turn)).toMatchObject({ status: "done", mutations: [{ id: "old" }] });
  expect(device.all("approval_request")).toEqual([]);
});

test("ten changes of a turn pass, and the eleventh asks", async () => {
  const titles = Array.from({ length: 11 }, (_, index) => `Task ${index + 10}`);
  const { user, device, word } = await prepare(titles.map(creates));
  const turn = device.askTasks(`Add them ${word}`);
  const { approval_id } = await device.frame("approval_request");
  await parked(user);
  expect(device.disk.effects).toHaveLength(10);
  device.send({ type: "approve", approval_id });
  expect((await device.end(turn)).mutations).toHaveLength(11);
  expect(device.disk.titles()).toEqual([...titles, "old", "older"]);
  expect(device.disk.effects).toHaveLength(11);
});
