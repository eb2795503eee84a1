/** Several clients of one person: whose database a turn works on, and who hears of what. */
import { env } from "cloudflare:workers";
import { expect, test } from "vitest";
import { MILK, scriptWord } from "../../support/errand.ts";
import { JournalingDevice } from "../../support/journaling-device.ts";
import { breakModel } from "../../support/model.ts";
import { connect } from "../../support/socket.ts";
import { newUser } from "../../support/users.ts";

const SCOPE = { scope: { type: "task" } };

test("a turn works on the device that asked, and the others hear what changed", async () => {
  const user = await newUser(env);
  const phone = await JournalingDevice.start(user);
  const laptop = await JournalingDevice.start(user);
  const viewer = await connect(user, { tools: false });
  const word = await scriptWord(MILK);
  const turn = phone.askTasks(`Add milk ${word}`);
  const { mutations } = await phone.end(turn);
  const told = { type: "mutation", ...mutations[0], source: "turn", device_id: phone.deviceId };
  expect(await laptop.frame("mutation")).toEqual(told);
  expect(await viewer.frame("mutation")).toEqual(told);
  expect(phone.disk.titles()).toEqual(["Milk"]);
  expect(laptop.frames.map(({ type }) => type)).toEqual(["welcome", "mutation"]);
  expect(viewer.frames.map(({ type }) => type)).toEqual(["welcome", "mutation"]);
  expect(phone.all("mutation")).toEqual([]);
});

test("a viewer's turn is served by a device, which gets the calls and none of the words", async () => {
  const user = await newUser(env);
  const phone = await JournalingDevice.start(user);
  const viewer = await JournalingDevice.start(user, { tools: false });
  const word = await scriptWord(MILK);
  const turn = viewer.askTasks(`Add milk ${word}`);
  expect(await viewer.end(turn)).toMatchObject({ status: "done", mutations: [{ table: "tasks" }] });
  expect(viewer.turn(turn)).toMatchObject({ faults: [], text: "Milk is on your list." });
  expect(viewer.all("tool_call")).toEqual([]);
  expect(await viewer.frame("mutation")).toMatchObject({ device_id: phone.deviceId });
  await phone.frame("tool_ack");
  expect(phone.frames.map(({ type }) => type)).toEqual(["welcome", "tool_call", "tool_ack"]);
  expect(phone.disk.titles()).toEqual(["Milk"]);
});

test("a viewer's turn goes to the device that connected last", async () => {
  const user = await newUser(env);
  const first = await JournalingDevice.start(user);
  const second = await JournalingDevice.start(user);
  const viewer = await JournalingDevice.start(user, { tools: false });
  const word = await scriptWord(MILK);
  await viewer.end(viewer.askTasks(`Add milk ${word}`));
  expect([first.disk.titles(), second.disk.titles()]).toEqual([[], ["Milk"]]);
});

test("without any device with tools a turn says so, and calls nobody", async () => {
  const viewer = await JournalingDevice.start(await newUser(env), { tools: false });
  const word = await scriptWord(MILK);
  const turn = viewer.askTasks(`Add milk ${word}`);
  expect(await viewer.end(turn)).toMatchObject({ status: "done", mutations: [] });
  expect(viewer.turn(turn).text).toBe("Your device is away.");
  expect(viewer.all("tool_call")).toEqual([]);
});

test("a device replaced in the middle of a call gets it once more under the new epoch, and the old one hears 4409", async () => {
  const device = await JournalingDevice.start(await newUser(env));
  const word = await scriptWord(MILK);
  device.isDeaf = true;
  const turn = device.askTasks(`Add milk ${word}`);
  const first = await device.frame("tool_call");
  const old = device.socket;
  device.isDeaf = false;
  await device.connect();
  await old.until(() => old.closed !== undefined, "the end of the old connection");
  expect(old.closed).toEqual({ code: 4409, reason: "replaced by a newer connection" });
  expect(await device.end(turn)).toMatchObject({ status: "done", mutations: [{ table: "tasks" }] });
  expect(device.turn(turn)).toMatchObject({ faults: [], text: "Milk is on your list." });
  const calls = device.all("tool_call");
  expect(calls).toHaveLength(2);
  expect(calls[1]).toMatchObject({ id: first.id, epoch: first.epoch + 1, data: first.data });
  expect(device.disk.effects).toEqual([first.id]);
});

test("an answer under an older epoch, or from another device, is not the answer", async () => {
  const user = await newUser(env);
  const device = await JournalingDevice.start(user);
  const other = await JournalingDevice.start(user);
  const word = await scriptWord(MILK);
  device.answerWith = () => null;
  const turn = device.askTasks(`Add milk ${word}`);
  const { id, epoch } = await device.frame("tool_call");
  await device.connect();
  await device.frame("tool_call", 2);
  device.send({ type: "tool_result", id, epoch, row: { id: "stale", title: "Milk" } });
  other.sendResult(id, { row: { id: "foreign", title: "Milk" } });
  // Both have arrived when these are answered.
  device.send({ type: "ping " });
  other.send({ type: "ping " });
  await Promise.all([device.frame("error"), other.frame("error")]);
  device.sendResult(id, { row: { id: "right", title: "Milk" } });
  expect(await device.end(turn)).toMatchObject({ status: "done", mutations: [{ id: "right" }] });
});

test("a call waits for its own device, whoever else is there", async () => {
  const user = await newUser(env);
  const phone = await JournalingDevice.start(user);
  const laptop = await JournalingDevice.start(user);
  const word = await scriptWord(MILK);
  phone.killPoint = "before_commit";
  const turn = phone.askTasks(`Add milk ${word}`);
  await phone.until(() => phone.isDead, "the death of the phone");
  laptop.die();
  await laptop.connect();
  await phone.connect();
  expect(await phone.end(turn)).toMatchObject({ status: "done", mutations: [{ table: "tasks" }] });
  expect(phone.disk.titles()).toEqual(["Milk"]);
  expect(laptop.all("tool_call")).toEqual([]);
});

test("another client that resumes a running turn gets all of it, from the first frame to the end", async () => {
  const user = await newUser(env);
  const phone = await JournalingDevice.start(user);
  const laptop = await JournalingDevice.start(user);
  const word = await scriptWord(MILK);
  await breakModel([{ kind: "slow", deltaDelayMs: 30, match: word, skip: 1 }]);
  const turn = phone.askTasks(`Add milk ${word}`);
  await phone.frame("tool_call");
  laptop.follow(turn);
  const ends = [await phone.end(turn), await laptop.end(turn)];
  expect(ends[0]).toEqual(ends[1]);
  expect(laptop.turn(turn)).toMatchObject({ faults: [], frames: phone.turn(turn).frames });
});

test("a turn asked for twice is one turn, and both connections follow it to its end", async () => {
  const user = await newUser(env);
  const phone = await JournalingDevice.start(user);
  const viewer = await connect(user, { tools: false });
  const word = await scriptWord(MILK);
  const turn = phone.askTasks(`Add milk ${word}`);
  await phone.frame("stream_start");
  viewer.send({ type: "floating_request", request_id: turn, message: "Something else", ...SCOPE });
  expect(await viewer.end(turn)).toEqual(await phone.end(turn));
  expect(viewer.textOf(turn)).toBe("Milk is on your list.");
  expect(phone.disk.effects).toHaveLength(1);
});
