/** What an eviction leaves behind, and how the hub finds it again: by alarm, by any visitor, once, and for every turn. */
import { expect, test, vi } from "vitest";
import { type Errand, MILK, modelAsked, scriptWord, startErrand } from "../../support/errand.ts";
import { crashHub, evictHub, hubStub, inHub, ringAlarm } from "../../support/hub.ts";
import { breakModel, modelRequests } from "../../support/model.ts";
import type { TestUser } from "../../support/users.ts";

const DONE = "Milk is on your list.";

/** A turn that adds one task. The model is silent `hangs` times where its last words are due. */
async function prepare({ hangs = 0 } = {}): Promise<Errand> {
  const errand = await startErrand(MILK);
  if (hangs > 0) await breakModel([{ kind: "hang", match: errand.word, skip: 1, times: hangs }]);
  return errand;
}

function turnRow(user: TestUser, requestId: string) {
  return inHub(
    user,
    ({ storage }) =>
      storage.sql
        .exec<{ phase: string; status: string | null }>(
          "SELECT phase, status FROM turns WHERE request_id = ?",
          requestId,
        )
        .toArray()[0],
  );
}

test("a hub that dies again and again begins a generation each time and still ends the turn once", async () => {
  const errand = await prepare({ hangs: 3 });
  const turn = errand.device.askTasks(`Add milk ${errand.word}`);
  for (let crash = 1; crash <= 3; crash++) {
    await modelAsked(errand.word, 1 + crash);
    await crashHub(errand.user);
    await errand.device.reconnect();
  }
  expect(await errand.device.end(turn)).toMatchObject({ status: "done", gen: 4 });
  expect(errand.device.turn(turn)).toMatchObject({ faults: [], gen: 4, text: DONE });
  expect(errand.device.disk.titles()).toEqual(["Milk"]);
  expect(errand.device.disk.effects).toHaveLength(1);
  expect(await modelRequests(errand.word)).toHaveLength(1 + 3 + 1);
});

test("the alarm alone takes a turn up, and a client that comes later gets all of it", async () => {
  const { user, device, word } = await prepare({ hangs: 1 });
  const turn = device.askTasks(`Add milk ${word}`);
  await modelAsked(word, 2);
  await crashHub(user);
  // The device is on its way back when the alarm rings.
  const back = device.reconnect();
  expect(await ringAlarm(user)).toBe(true);
  await back;
  expect(await device.end(turn)).toMatchObject({ status: "done", gen: 2 });
  expect(device.turn(turn)).toMatchObject({ faults: [], text: DONE });
  expect(device.disk.titles()).toEqual(["Milk"]);
});

test("a turn without its alarm is taken up by whatever wakes the hub, which sets the alarm again", async () => {
  const { user, device, word } = await prepare({ hangs: 1 });
  const turn = device.askTasks(`Add milk ${word}`);
  await modelAsked(word, 2);
  await inHub(user, ({ storage }) => storage.deleteAlarm());
  await crashHub(user);
  expect(await hubStub(user).listDevices()).toMatchObject([{ device_id: device.deviceId, online: false }]);
  expect(await inHub(user, ({ storage }) => storage.getAlarm())).not.toBeNull();
  await device.reconnect();
  expect(await device.end(turn)).toMatchObject({ status: "done", mutations: [{ table: "tasks" }] });
  expect(device.turn(turn).faults).toEqual([]);
});

test("a repeated alarm starts no turn twice", async () => {
  const { user, device, word } = await prepare({ hangs: 1 });
  const turn = device.askTasks(`Add milk ${word}`);
  await modelAsked(word, 2);
  await crashHub(user);
  await device.reconnect();
  for (let ring = 1; ring <= 3; ring++) await ringAlarm(user);
  expect(await device.end(turn)).toMatchObject({ status: "done", gen: 2 });
  await ringAlarm(user);
  expect(device.all("stream_end")).toHaveLength(1);
  expect(await modelRequests(word)).toHaveLength(3);
});

test("a hub that has nothing to do sets its alarm for the next thing due, not sooner", async () => {
  const { user, device, word } = await prepare();
  const turn = device.askTasks(`Add milk ${word}`);
  await device.end(turn);
  await ringAlarm(user);
  const alarms = () =>
    inHub(user, async ({ storage }) => ({
      setFor: await storage.getAlarm(),
      nextDue: storage.sql.exec<{ at: number }>("SELECT min(due_at) AS at FROM turns").one().at,
    }));
  const isAtRest = async () => {
    const { setFor, nextDue } = await alarms();
    return setFor === nextDue;
  };
  await vi.waitUntil(isAtRest, { timeout: 10_000, interval: 50 });
  expect((await alarms()).nextDue).toBeGreaterThan(Date.now() + 500_000);
});

test("an evicted hub keeps its sockets, and the next turn on them finds everything it needs", async () => {
  const { user, device, word } = await prepare();
  await evictHub(user);
  const turn = device.askTasks(`Add milk ${word}`);
  expect(await device.end(turn)).toMatchObject({ status: "done", gen: 1 });
  expect(device.turn(turn)).toMatchObject({ faults: [], text: DONE });
  expect(device.all("welcome")).toHaveLength(1);
});

test("a turn whose journal cannot be read takes nothing else down and is given up in the end", async () => {
  const { user, device, word } = await prepare({ hangs: 1 });
  const broken = device.askTasks(`Add milk ${word}`);
  await modelAsked(word, 2);
  const otherWord = await scriptWord(MILK);
  await breakModel([{ kind: "hang", match: otherWord, skip: 1 }]);
  const whole = device.askTasks(`Add milk ${otherWord}`);
  await modelAsked(otherWord, 2);
  await inHub(user, ({ storage }) => {
    storage.sql.exec("UPDATE journal SET body = x'00' WHERE request_id = ?", broken);
  });
  await crashHub(user);
  await device.reconnect();
  expect(await device.end(whole)).toMatchObject({ status: "done" });
  for (let ring = 1; ring <= 8; ring++) await ringAlarm(user);
  expect(await turnRow(user, broken)).toEqual({ phase: "ended", status: "failed" });
});

test("what a turn could not write is still owed, so an answer that comes meanwhile is not acknowledged", async () => {
  const { user, device, word } = await prepare();
  // The end of the turn cannot be written.
  await inHub(user, ({ storage }) => {
    const write = storage.transactionSync.bind(storage);
    let left = 3;
    storage.transactionSync = (closure) => {
      if (--left === 0) throw new Error("the disk is full");
      return write(closure);
    };
  });
  const turn = device.askTasks(`Add milk ${word}`);
  await modelAsked(word, 2);
  await device.until(() => device.disk.effects.length === 1, "the effect");
  device.die();
  await device.connect();
  await ringAlarm(user);
  expect(await device.end(turn)).toMatchObject({ status: "done", mutations: [{ table: "tasks" }] });
  expect(device.disk.titles()).toEqual(["Milk"]);
  expect(device.disk.effects).toHaveLength(1);
});
