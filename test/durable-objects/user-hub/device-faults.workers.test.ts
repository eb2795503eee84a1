/** A device that fails and comes back in time: whatever it did or lost, the change happens once and the turn goes on. */
import { expect, test } from "vitest";
import { creates, type Errand, MILK, says, startErrand, tool, uses } from "../../support/errand.ts";
import { crashHub, inHub } from "../../support/hub.ts";
import { modelRequests } from "../../support/model.ts";
import { connect } from "../../support/socket.ts";
import type { TestUser } from "../../support/users.ts";

async function expectOneMilk({ device, word }: Errand, turn: string): Promise<void> {
  expect(await device.end(turn)).toMatchObject({
    status: "done",
    mutations: [{ action: "insert", table: "tasks", id: device.disk.rows("tasks")[0]?.id }],
  });
  expect(device.turn(turn)).toMatchObject({ faults: [], text: "Milk is on your list." });
  expect(device.disk.titles()).toEqual(["Milk"]);
  expect(device.disk.effects).toHaveLength(1);
  expect(await modelRequests(word)).toHaveLength(2);
  await device.until(() => device.disk.journal.size === 0, "the acknowledgement");
}

test.each(["after_commit", "before_commit"] as const)(
  "a device killed %s answers when it is back, from its journal or by doing it now",
  async (killPoint) => {
    const errand = await startErrand(MILK);
    const { device, word } = errand;
    device.killPoint = killPoint;
    const turn = device.askTasks(`Add milk ${word}`);
    await device.until(() => device.isDead, "the death of the device");
    expect(device.disk.effects).toHaveLength(killPoint === "after_commit" ? 1 : 0);
    await device.connect();
    await expectOneMilk(errand, turn);
    const [first, second] = device.all("tool_call");
    expect(second).toMatchObject({ id: first?.id, epoch: first!.epoch + 1 });
  },
);

test("the first answer of a call counts, and a second one changes nothing", async () => {
  const { user, device, word } = await startErrand(MILK);
  const viewer = await connect(user, { tools: false });
  device.answerWith = ({ id }) => {
    device.sendResult(id, { row: { id: "first", title: "Milk" } });
    return { row: { id: "second", title: "Milk" } };
  };
  const turn = device.askTasks(`Add milk ${word}`);
  expect(await device.end(turn)).toMatchObject({ status: "done", mutations: [{ id: "first" }] });
  await device.frame("tool_ack");
  device.sendResult(device.all("tool_call")[0]!.id, { row: { id: "third", title: "Milk" } });
  await device.frame("tool_ack", 2);
  expect(viewer.all("mutation")).toMatchObject([{ id: "first" }]);
});

test("an answer that cannot be read is refused, and the call goes on waiting for one that can", async () => {
  const { device, word } = await startErrand(MILK);
  device.answerWith = () => null;
  const turn = device.askTasks(`Add milk ${word}`);
  const { id, epoch } = await device.frame("tool_call");
  const garbage = [
    "{not json",
    JSON.stringify({ type: "tool_result", id, epoch }),
    JSON.stringify({ type: "tool_result", id, epoch, row: "a text" }),
    JSON.stringify({ type: "tool_result", id, epoch, rows: [], ok: true }),
    JSON.stringify({ type: "tool_result", id: 7, epoch, ok: true }),
  ];
  for (const text of garbage) device.socket.send(text);
  const refusal = await device.frame("error", garbage.length);
  expect(refusal.code).toBe("bad_frame");
  expect(device.socket.closed).toBeUndefined();
  expect(device.turn(turn).end).toBeUndefined();
  device.sendResult("no-call-of-ours", { ok: true });
  device.sendResult(id, { row: { id: "m", title: "Milk" } });
  expect(await device.end(turn)).toMatchObject({ status: "done", mutations: [{ id: "m" }] });
});

test.each([
  [{ rows: [] }, "I cannot tell."],
  [{ row: null }, "I cannot tell."],
  [{ error: "no such column" }, "That failed."],
])("a change answered with %j is told as what that means", async (answer, text) => {
  const { device, word } = await startErrand(MILK);
  device.answerWith = () => answer;
  const turn = device.askTasks(`Add milk ${word}`);
  expect(await device.end(turn)).toMatchObject({ status: "done", mutations: [] });
  expect(device.turn(turn).text).toBe(text);
});

test("an answer of 5 MB ends the connection, and the call is made again on the next one", async () => {
  const errand = await startErrand(MILK);
  const { device, word } = errand;
  let calls = 0;
  device.answerWith = ({ id }) => {
    device.answerWith = undefined;
    calls++;
    return { row: { id, content: "x".repeat(5 * 1024 * 1024) } };
  };
  const turn = device.askTasks(`Add milk ${word}`);
  await device.reconnect();
  await expectOneMilk(errand, turn);
  expect(calls).toBe(1);
  expect(device.all("tool_call")).toHaveLength(2);
});

test("several answers near the limit in one round are journaled in rows that fit, and read again after a crash", async () => {
  const list = tool("list_tasks");
  const { user, device, word } = await startErrand([
    { when: { toolResult: "milk" }, reply: says("Milk is on your list.") },
    { when: { toolResult: "long" }, reply: uses(creates("Milk")) },
    { reply: uses(list, list, list, list, list) },
  ]);
  device.answerWith = ({ id, action }) => {
    if (action === "select") return { rows: [{ id, title: "Long", description: "x".repeat(1_000_000) }] };
    // The device never gets to answer the call of the next round.
    return null;
  };
  const turn = device.askTasks(`Read it all, then add milk ${word}`);
  await device.until(() => device.all("tool_call").some(({ action }) => action === "insert"), "the insert");
  const sizes = await inHub(user, ({ storage }) =>
    storage.sql.exec<{ size: number }>("SELECT length(body) AS size FROM journal").toArray(),
  );
  expect(Math.max(...sizes.map(({ size }) => size))).toBeLessThan(2_000_000);
  await crashHub(user);
  device.answerWith = undefined;
  await device.reconnect();
  expect(await device.end(turn)).toMatchObject({ status: "done", gen: 2, mutations: [{ table: "tasks" }] });
  expect(device.turn(turn).faults).toEqual([]);
  expect(device.all("tool_call").filter(({ action }) => action === "select")).toHaveLength(5);
});

test("a device that comes back with a restored database executes nothing of before", async () => {
  const { user, device, word } = await startErrand(MILK);
  const backup = device.disk.copy();
  device.killPoint = "after_commit";
  const turn = device.askTasks(`Add milk ${word}`);
  await device.until(() => device.isDead, "the death of the device");
  device.disk.restore(backup);
  await device.connect();
  expect(await device.end(turn)).toMatchObject({ status: "done", mutations: [] });
  expect(device.turn(turn)).toMatchObject({ faults: [], text: "I cannot tell." });
  expect(device.disk.titles()).toEqual([]);
  expect(device.all("tool_call")).toHaveLength(1);
  // Nothing will ever be heard of the old database: the open outcome goes with the next hello.
  device.die();
  await device.connect();
  expect(await openRevokes(user)).toBe(0);
  expect(device.all("tool_revoke")).toEqual([]);
});

test("a question to a database that was restored meanwhile is told as not done", async () => {
  const { device, word } = await startErrand([
    { when: { toolResult: "not done" }, reply: says("That failed.") },
    { reply: uses(tool("list_tasks")) },
  ]);
  device.answerWith = () => null;
  const turn = device.askTasks(`List ${word}`);
  await device.frame("tool_call");
  device.die();
  device.disk.restore(device.disk.copy());
  await device.connect();
  expect(await device.end(turn)).toMatchObject({ status: "done" });
  expect(device.turn(turn).text).toBe("That failed.");
  expect(device.all("tool_call")).toHaveLength(1);
});

function openRevokes(user: TestUser): Promise<number> {
  return inHub(
    user,
    ({ storage }) => storage.sql.exec<{ n: number }>("SELECT count(*) AS n FROM revokes").one().n,
  );
}
