import { afterEach, beforeEach, expect, it, vi } from "vitest";
import { DataRequests } from "../../../durable-objects/user-hub/data-requests.ts";
import type { DataRequest } from "../../../src/features/hub/protocol.ts";

const ANSWER_MS = 30_000;
const ABOUT = { name: "kitchen", platform: "linux" };

let sent: { deviceId: string; request: DataRequest }[];
let connected: Set<string>;
let questions: DataRequests;

beforeEach(() => {
  vi.useFakeTimers();
  sent = [];
  connected = new Set(["phone", "laptop"]);
  questions = new DataRequests({
    answerMs: ANSWER_MS,
    send: (deviceId, request) => {
      sent.push({ deviceId, request });
      return connected.has(deviceId);
    },
  });
});
afterEach(() => {
  vi.useRealTimers();
});

function reply(deviceId: string, data: Record<string, unknown> | null, number = 0): void {
  questions.take(deviceId, { type: "data_response", id: sent[number]?.request.id ?? "", data });
}

it("resolves with the device's answer, and forgets it", async () => {
  const answer = questions.ask("phone", "device_info");
  reply("phone", ABOUT);
  expect(await answer).toEqual({ kind: "answered", json: JSON.stringify(ABOUT) });
  expect(vi.getTimerCount()).toBe(0);
  void questions.ask("phone", "device_info");
  expect(sent).toHaveLength(2);
});

it("counts the first answer, and none from another device", async () => {
  const answer = questions.ask("phone", "device_info");
  reply("laptop", { name: "an impostor" });
  reply("phone", null);
  reply("phone", ABOUT);
  expect(await answer).toEqual({ kind: "answered", json: "null" });
});

it("asks once for all who want to know the same of one device", async () => {
  const answers = [questions.ask("phone", "device_info"), questions.ask("phone", "device_info")];
  const others = [questions.ask("phone", "schema"), questions.ask("laptop", "device_info")];
  expect(sent.map(({ deviceId, request }) => `${deviceId} ${request.kind}`)).toEqual([
    "phone device_info",
    "phone schema",
    "laptop device_info",
  ]);
  reply("phone", ABOUT);
  expect(await Promise.all(answers)).toEqual(
    answers.map(() => ({ kind: "answered", json: expect.any(String) })),
  );
  questions.deviceGone("phone");
  questions.deviceGone("laptop");
  expect(await Promise.all(others)).toEqual([{ kind: "offline" }, { kind: "offline" }]);
});

it("says at once that a device is away, and as soon as it leaves", async () => {
  connected.delete("phone");
  expect(await questions.ask("phone", "device_info")).toEqual({ kind: "offline" });
  const answer = questions.ask("laptop", "device_info");
  questions.deviceGone("laptop");
  expect(await answer).toEqual({ kind: "offline" });
  expect(vi.getTimerCount()).toBe(0);
});

it("gives up a device that does not answer in time; what it says later is dropped", async () => {
  const answer = questions.ask("phone", "device_info");
  vi.advanceTimersByTime(ANSWER_MS);
  reply("phone", ABOUT);
  expect(await answer).toEqual({ kind: "silent" });
});
