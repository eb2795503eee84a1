/** What a turn waits for: its durability barriers, and the database. Counted where they happen. */
import { env } from "cloudflare:workers";
import { afterEach, expect, test, vi } from "vitest";
import type { TurnFrame } from "../../../src/features/hub/protocol.ts";
import { call } from "../../support/api.ts";
import { watchRequests } from "../../support/database-trips.ts";
import { creates, MILK, says, scriptWord, startErrand, tool, uses } from "../../support/errand.ts";
import { evictHub, hubStub } from "../../support/hub.ts";
import { modelRequests } from "../../support/model.ts";
import { connect } from "../../support/socket.ts";
import { countOf, timeline } from "../../support/timeline.ts";
import { newUser } from "../../support/users.ts";

afterEach(() => {
  vi.restoreAllMocks();
});

test("a turn with one tool round has three barriers: admission, the response before its call, the end", async () => {
  const errand = await startErrand(MILK);
  const events = await timeline(errand.user);
  const turn = errand.device.askTasks(`Add milk ${errand.word}`);
  await errand.device.end(turn);
  await errand.device.frame("tool_ack");
  expect(events.filter((event) => event !== "stream_status")).toEqual([
    ...["alarm", "commit", "floating_domain", "stream_start"],
    ...["commit", "tool_call", "stream_text"],
    ...["commit", "tool_ack", "stream_end"],
  ]);
});

test("a delegated turn has one barrier more, and one after its end for the exchange that Postgres has got", async () => {
  const errand = await startErrand((word) => [
    { when: { toolResult: "on your list" }, reply: says("Done.") },
    { when: { toolResult: "Created" }, reply: says("Milk is on your list.") },
    { when: { userText: "as told" }, reply: uses(creates("Milk")) },
    { reply: uses(tool("task", { agent: "tasks", instruction: `Add milk as told ${word}` })) },
  ]);
  const events = await timeline(errand.user);
  const turn = errand.device.ask(`Add milk ${errand.word}`);
  await errand.device.end(turn);
  const end = events.indexOf("stream_end");
  expect(countOf(events.slice(0, end), "commit")).toBe(4);
  await errand.device.until(() => countOf(events.slice(end), "commit") === 1, "the saved exchange");
});

test("nothing is written between the first and the last word of an answer", async () => {
  const chunks = Array.from({ length: 12 }, (_, index) => `Word ${index}. `);
  const errand = await startErrand([{ reply: { content: [{ type: "text", chunks }], deltaDelayMs: 15 } }]);
  const events = await timeline(errand.user);
  const turn = errand.device.askTasks(`Talk ${errand.word}`);
  await errand.device.end(turn);
  expect(errand.device.all("stream_text").length).toBeGreaterThan(2);
  expect(events).toEqual([
    ...["alarm", "commit", "floating_domain", "stream_start"],
    ...["stream_text", "commit", "stream_end"],
  ]);
});

test("a warm hub and a woken one ask the database nothing before the model, though the chat has a history", async () => {
  const { user, device, word } = await startErrand([{ reply: says("Hello.") }]);
  const turn = device.ask(`Hello ${word}`);
  await device.end(turn);
  const chat_id = chatOf(device.turn(turn).frames);
  for (const wake of [async () => {}, evictHub]) {
    await wake(user);
    const asked = watchRequests(user);
    await device.end(device.ask(`Hello again ${word}`, { chat_id }));
    expect(asked.tripsBeforeModel()).toBe(0);
    expect((await modelRequests(word)).at(-1)?.request?.messages.length).toBeGreaterThan(1);
    vi.restoreAllMocks();
  }
});

test("the first turn ever asks the database once before the model: who connects", async () => {
  const user = await newUser(env);
  const word = await scriptWord([{ reply: says("Hello.") }]);
  const asked = watchRequests(user);
  const device = await connect(user);
  await device.end(device.ask(`Hello ${word}`));
  expect(asked.tripsBeforeModel()).toBe(1);
});

test("a turn in a chat that the hub does not hold asks the database once, for what was said there", async () => {
  const { user, device, word } = await startErrand([{ reply: says("Hello.") }]);
  const events = await timeline(user);
  const turn = device.ask(`Hello ${word}`);
  await device.end(turn);
  await device.until(() => events.lastIndexOf("commit") > events.indexOf("stream_end"), "the saved exchange");
  const chat_id = chatOf(device.turn(turn).frames);
  await hubStub(user).chatChanged(chat_id, "messages");
  const asked = watchRequests(user);
  await device.end(device.ask(`Hello again ${word}`, { chat_id }));
  expect(asked.tripsBeforeModel()).toBe(1);
});

test("a turn over REST asks the database once before the model, also the first ever", async () => {
  const user = await newUser(env);
  const word = await scriptWord([{ reply: says("Hello.") }]);
  for (let turn = 1; turn <= 2; turn++) {
    const asked = watchRequests(user);
    const answer = await call("POST", "/api/v1/chat", { as: user, body: { message: `Hello ${word}` } });
    expect(answer.status).toBe(200);
    expect(asked.tripsBeforeModel()).toBe(1);
    vi.restoreAllMocks();
  }
});

function chatOf(frames: TurnFrame[]): string {
  const start = frames.find((frame) => frame.type === "stream_start");
  if (!start?.chat_id) throw new Error("the turn belongs to no chat");
  return start.chat_id;
}
