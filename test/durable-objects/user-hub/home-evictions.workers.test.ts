/** The hub is torn down at every write of a home turn that delegates twice at once, up to its exchange in Postgres. */
import { expect, test, vi } from "vitest";
import { MessagePage } from "../../../src/features/chat/schema.ts";
import { callFor } from "../../support/api.ts";
import { creates, type Errand, modelAsked, says, startErrand, tool, uses } from "../../support/errand.ts";
import { crashHub, crashHubAt, type WritePoint } from "../../support/hub.ts";
import { breakModel } from "../../support/model.ts";

const TEXT = "One moment.\n\nBoth are there.";

function prepare(): Promise<Errand> {
  return startErrand((word) => [
    { when: { toolResult: "on the list" }, reply: says("Both are there.") },
    { when: { toolResult: "Milk" }, reply: says("Milk is on the list.") },
    { when: { toolResult: "Eggs" }, reply: says("Eggs are on the list.") },
    { when: { userText: "add milk" }, reply: uses(creates("Milk")) },
    { when: { userText: "add eggs" }, reply: uses(creates("Eggs")) },
    {
      reply: uses(
        { type: "text", text: "One moment." },
        tool("task", { agent: "tasks", instruction: `Please add milk ${word}` }),
        tool("task", { agent: "tasks", instruction: `Please add eggs ${word}` }),
      ),
    },
  ]);
}

/** Each change happened once, the client has every word once, and the chat holds the exchange once. */
async function expectOnce({ user, device, word }: Errand, turn: string, message: string): Promise<void> {
  const end = await device.end(turn);
  expect(end).toMatchObject({ status: "done", usage: { tool_calls: 4 } });
  expect(end.mutations).toHaveLength(2);
  expect(device.turn(turn)).toMatchObject({ faults: [], text: TEXT });
  expect(device.disk.titles()).toEqual(["Eggs", "Milk"]);
  expect(device.disk.effects).toHaveLength(2);
  const [start] = device.turn(turn).frames;
  const chatId = start?.type === "stream_start" ? start.chat_id : undefined;
  const messages = () => callFor(MessagePage, "GET", `/chats/${chatId}/messages`, { as: user });
  await vi.waitFor(messages, { timeout: 10_000, interval: 50 });
  expect((await messages()).data).toMatchObject([
    { role: "user", content: message, request_id: turn },
    { role: "assistant", content: TEXT, request_id: turn, status: "done" },
  ]);
  expect(message).toContain(word);
}

/** Admission, the supervisor's response, those of the two specialists, the end, and the note that Postgres has it. */
const WRITES: WritePoint[] = [1, 2, 3, 4, 5, 6].flatMap((number) => [
  { write: "commit", number, fate: "lost" },
  { write: "commit", number, fate: "kept" },
]);

test.each(WRITES)(
  "a home turn whose hub dies at %j changes, says and keeps everything once",
  async (point) => {
    const errand = await prepare();
    await crashHubAt(errand.user, point);
    const message = `Shop ${errand.word}`;
    const turn = errand.device.ask(message);
    await errand.device.reconnect();
    await expectOnce(errand, turn, message);
  },
);

test("two specialists at work when the hub dies are both taken up where they were", async () => {
  const errand = await prepare();
  // One has its answer journaled and waits for the device; the other waits for the model.
  await breakModel([{ kind: "hang", match: `add eggs ${errand.word}` }]);
  errand.device.isDeaf = true;
  const message = `Shop ${errand.word}`;
  const turn = errand.device.ask(message);
  await errand.device.socket.frame("tool_call");
  await modelAsked(errand.word, 3);
  await crashHub(errand.user);
  errand.device.isDeaf = false;
  await errand.device.reconnect();
  await expectOnce(errand, turn, message);
  expect(errand.device.turn(turn).gen).toBe(2);
});
