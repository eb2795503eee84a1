/** The device's process dies at its first insert, between commit and answer or before the commit, and is started again. */
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import type { MutationNotice } from "../../src/features/hub/protocol.ts";
import { DeviceProcess } from "../support/device-process.ts";
import {
  ANSWERS,
  answeredSteps,
  expectAnswer,
  expectKept,
  GROCERIES,
  says,
  scriptGroceries,
  uses,
} from "../support/groceries.ts";
import type { Death } from "../support/mortal-device.ts";
import { PASSWORD, StackUser, until, type WatchedTurn } from "../support/stack-person.ts";
import { startTestStack, type TestStack } from "../support/test-stack.ts";

/** Time enough to start a device on a busy machine, and no more. */
const OFFLINE_GRACE_MS = 12_000;
const DEATHS: Death[] = ["after_commit", "before_commit"];

let stack: TestStack;
const cleanups: (() => Promise<void>)[] = [];

beforeAll(async () => {
  stack = await startTestStack({ vars: { OFFLINE_GRACE_MS: String(OFFLINE_GRACE_MS) } });
});
afterAll(async () => {
  for (const cleanUp of cleanups) await cleanUp();
  await stack.close();
});

interface Scene {
  viewer: StackUser;
  device: DeviceProcess;
  asked: WatchedTurn;
  /** Changes that the viewer was told of. */
  notices: MutationNotice[];
}

/** A viewer asks, the device takes the call and dies of it. */
async function begin(dies: Death, script: (word: string) => void): Promise<Scene> {
  const viewer = await StackUser.arrive(stack);
  const notices: MutationNotice[] = [];
  viewer.client.on("mutation", (notice) => notices.push(notice));
  const { folder, apiUrl: url } = stack;
  const device = await DeviceProcess.at({ url, folder, email: viewer.email });
  cleanups.push(
    () => viewer.leave(),
    () => device.stop(),
  );
  await device.start({ dies, password: PASSWORD });
  script(viewer.word);
  const asked = viewer.ask(GROCERIES.message);
  expect(await device.death()).toBe("SIGKILL");
  expect(device.file.titles()).toHaveLength(dies === "after_commit" ? 1 : 0);
  return { viewer, device, asked, notices };
}

describe.concurrent("a device that is killed at its first insert", () => {
  test.each(DEATHS)("and comes back in time (%s) makes every change once", async (dies) => {
    const { viewer, device, asked, notices } = await begin(dies, (word) => scriptGroceries(stack, word));
    await device.start();
    await expectAnswer(asked);
    expect(device.file.titles()).toEqual(GROCERIES.titles);
    expect(device.lines.filter((line) => line.includes("insert tasks repeated"))).toHaveLength(
      dies === "after_commit" ? 1 : 0,
    );
    expect(answeredSteps(stack, viewer.word)).toEqual(ANSWERS);
    await until("the acknowledgement of all results", () => device.file.journal().length === 0);
    expect(notices.map(({ data }) => data["title"]).toSorted()).toEqual(GROCERIES.titles);
    await expectKept(viewer, GROCERIES.message, GROCERIES.text);
  });

  test.each(DEATHS)("and stays away (%s) leaves an open outcome, settled when it is back", async (dies) => {
    const { viewer, device, asked, notices } = await begin(dies, scriptMilk);
    const result = await asked.turn.done;
    expect(result).toMatchObject({ status: "done", text: "I cannot tell.", mutations: [] });
    expect(notices).toEqual([]);
    await device.start();
    if (dies === "after_commit") {
      await until("the late word", () => notices.length > 0);
      await until("its acknowledgement", () => device.file.journal().length === 0);
      expect(notices.map(({ data }) => data)).toEqual([expect.objectContaining({ title: "Milk" })]);
      expect(device.file.titles()).toEqual(["Milk"]);
    } else {
      // It may be acknowledged, and dropped, before anybody sees it.
      await until("the tombstone", () => device.file.journaledEver() === 1);
      await until("its acknowledgement", () => device.file.journal().length === 0);
      expect(device.file.titles()).toEqual([]);
      expect(notices).toEqual([]);
    }
    expect(asked.watch.faults).toEqual([]);
    await expectKept(viewer, GROCERIES.message, "I cannot tell.");
  });
});

/** The specialist reports what the tool told it of the change, whose outcome nobody knows. */
function scriptMilk(word: string): void {
  stack.model.loadScript({
    match: word,
    strict: true,
    exchanges: [
      { when: { toolResult: "uncertain" }, reply: says("I cannot ", "tell.") },
      { when: { toolResult: "may have happened" }, reply: says("It is uncertain.") },
      { when: { userText: "add milk" }, reply: uses("create_task", { title: "Milk" }) },
      { when: { body: word }, reply: uses("task", { agent: "tasks", instruction: `Add milk. ${word}` }) },
    ],
  });
}
