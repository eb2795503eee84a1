/** Turns that are cancelled or run out of time, also while they wait for a person or a device. */
import { afterEach, expect, test, vi } from "vitest";
import {
  creates,
  type Errand,
  MILK,
  modelAsked,
  says,
  startErrand,
  tool,
  uses,
} from "../../support/errand.ts";
import { crashHub, evictHub, inHub, ringAlarm } from "../../support/hub.ts";
import { breakModel, type ModelReply, modelRequests } from "../../support/model.ts";
import type { TestUser } from "../../support/users.ts";

const MINUTES = 60_000;

function deletes(taskId: string): ModelReply["content"][number] {
  return tool("delete_task", { taskId });
}

async function prepare(...content: ModelReply["content"]): Promise<Errand> {
  const errand = await startErrand([
    { when: { toolResult: "Created" }, reply: says("Done.") },
    { when: { toolResult: "Deleted" }, reply: says("Done.") },
    { reply: uses(...content) },
  ]);
  for (const id of ["old", "older"]) errand.device.disk.put("tasks", { id, title: id });
  return errand;
}

function phasesOf(user: TestUser): Promise<string[]> {
  return inHub(user, ({ storage }) =>
    storage.sql
      .exec<{ phase: string }>("SELECT phase FROM turns")
      .toArray()
      .map(({ phase }) => phase),
  );
}

async function parked(user: TestUser): Promise<void> {
  const isParked = async () => (await phasesOf(user)).includes("parked");
  await vi.waitUntil(isParked, { timeout: 10_000, interval: 20 });
}

afterEach(() => {
  vi.useRealTimers();
});

test.each([
  ["in memory", async () => {}],
  ["evicted", evictHub],
])(
  "a turn that waits for a person ends as cancelled when the hub is %s, and nothing is done later",
  async (_where, evict) => {
    const { user, device, word } = await prepare(deletes("old"));
    const turn = device.askTasks(`Delete it ${word}`);
    const { approval_id } = await device.frame("approval_request");
    await parked(user);
    await evict(user);
    device.send({ type: "cancel", request_id: turn });
    expect(await device.end(turn)).toMatchObject({ status: "cancelled", mutations: [] });
    expect(device.turn(turn).faults).toEqual([]);
    device.send({ type: "approve", approval_id });
    expect(await device.frame("error")).toMatchObject({ code: "not_found", in_reply_to: approval_id });
    device.send({ type: "cancel", request_id: turn });
    expect(await device.frame("error", 2)).toMatchObject({ code: "not_found", in_reply_to: turn });
    expect(device.all("tool_call")).toEqual([]);
    expect(await modelRequests(word)).toHaveLength(1);
  },
);

test("a turn that waits for a person and a device at once is cancelled, not parked", async () => {
  const { user, device, word } = await prepare(deletes("old"), creates("Milk"));
  device.isMute = true;
  const turn = device.askTasks(`Change it all ${word}`);
  await Promise.all([device.frame("approval_request"), device.frame("tool_call")]);
  device.send({ type: "cancel", request_id: turn });
  expect(await device.end(turn)).toMatchObject({ status: "cancelled", mutations: [] });
  expect(await phasesOf(user)).toEqual(["ended"]);
  // The change that was under way is settled like any other whose answer nobody waited for.
  device.isMute = false;
  await device.frame("tool_revoke");
  device.sendResult(device.all("tool_call")[0]!.id, { row: { id: "m", title: "Milk" } });
  expect(await device.frame("mutation")).toMatchObject({ action: "insert", id: "m" });
});

test("a decision that comes while the other call is under way lets the turn go on at once", async () => {
  const { device, word } = await prepare(deletes("old"), creates("Milk"));
  device.isMute = true;
  const turn = device.askTasks(`Change it all ${word}`);
  const { approval_id } = await device.frame("approval_request");
  const { id } = await device.frame("tool_call");
  device.send({ type: "approve", approval_id });
  device.isMute = false;
  device.sendResult(id, { row: { id: "m", title: "Milk" } });
  const { status, mutations } = await device.end(turn);
  expect(status).toBe("done");
  expect(mutations.map((each) => each.id).sort()).toEqual(["m", "old"]);
  expect(device.turn(turn).faults).toEqual([]);
  expect(device.all("tool_call")).toHaveLength(2);
});

test("of two changes that ask, each is done or left as the person says", async () => {
  const { device, word } = await prepare(deletes("old"), deletes("older"));
  const turn = device.askTasks(`Delete both ${word}`);
  const first = await device.frame("approval_request");
  const second = await device.frame("approval_request", 2);
  device.send({ type: "reject", approval_id: first.approval_id });
  device.send({ type: "approve", approval_id: second.approval_id });
  const { mutations } = await device.end(turn);
  expect(mutations).toMatchObject([{ action: "delete", id: second.data["id"] }]);
  expect(device.disk.titles()).toEqual([first.data["id"]]);
  expect(device.all("approval_request")).toHaveLength(2);
  expect(device.disk.effects).toHaveLength(1);
});

test("the time a person takes does not count against the turn's own", async () => {
  const { user, device, word } = await prepare(deletes("old"));
  const turn = device.askTasks(`Delete it ${word}`);
  const { approval_id } = await device.frame("approval_request");
  await parked(user);
  vi.useFakeTimers({ toFake: ["Date"], now: Date.now() + 9 * MINUTES });
  await ringAlarm(user);
  device.send({ type: "approve", approval_id });
  expect(await device.end(turn)).toMatchObject({ status: "done", mutations: [{ id: "old" }] });
});

test("a turn that is taken up past its deadline ends as failed and changes nothing more", async () => {
  const { user, device, word } = await startErrand(MILK);
  await breakModel([{ kind: "hang", match: word }]);
  const turn = device.askTasks(`Add milk ${word}`);
  await modelAsked(word, 1);
  await crashHub(user);
  vi.useFakeTimers({ toFake: ["Date"], now: Date.now() + 6 * MINUTES });
  await device.reconnect();
  expect(await device.end(turn)).toMatchObject({
    status: "failed",
    error: { code: "timeout" },
    mutations: [],
  });
  expect(device.turn(turn).faults).toEqual([]);
  expect(device.all("tool_call")).toEqual([]);
});

test("a turn whose end could not be stored is cancelled before anything takes it up", async () => {
  const { user, device, word } = await startErrand(MILK);
  device.isMute = true;
  const turn = device.askTasks(`Add milk ${word}`);
  const { id } = await device.frame("tool_call");
  const mend = await breakStorage(user);
  device.sendResult(id, { row: { id: "m", title: "Milk" } });
  await mend();
  device.send({ type: "cancel", request_id: turn });
  expect(await device.end(turn)).toMatchObject({ status: "cancelled" });
  expect(device.turn(turn).faults).toEqual([]);
  expect(await modelRequests(word)).toHaveLength(2);
});

test("turns of who was shut out when the hub died are taken up to be ended, and do nothing more", async () => {
  const { user, device, word } = await startErrand(MILK);
  await breakModel([{ kind: "hang", match: word }]);
  const turn = device.askTasks(`Add milk ${word}`);
  await modelAsked(word, 1);
  await inHub(user, ({ storage }) => storage.sql.exec("INSERT INTO meta VALUES ('shut_out', '1')"));
  await crashHub(user);
  const statusOf = () =>
    inHub(user, ({ storage }) =>
      storage.sql.exec("SELECT status FROM turns WHERE request_id = ?", turn).one(),
    );
  await vi.waitUntil(async () => (await statusOf())["status"] !== null, { timeout: 10_000, interval: 20 });
  expect(await statusOf()).toEqual({ status: "cancelled" });
  expect(await modelRequests(word)).toHaveLength(1);
});

/** Nothing is stored any more, until the answer is called: it waits until something was to be. */
async function breakStorage(user: TestUser): Promise<() => Promise<void>> {
  let tried = 0;
  const transactionSync = await inHub(user, ({ storage }) => {
    const working = storage.transactionSync.bind(storage);
    storage.transactionSync = () => {
      tried++;
      throw new Error("the disk is full");
    };
    return working;
  });
  return async () => {
    await vi.waitUntil(() => tried > 0, { timeout: 10_000, interval: 20 });
    await inHub(user, ({ storage }) => {
      storage.transactionSync = transactionSync;
    });
  };
}
