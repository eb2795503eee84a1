/** The hub is torn down at every step of a turn with tool calls, and the turn ends as if nothing had happened. */
import { expect, test } from "vitest";
import { creates, type Errand, modelAsked, startErrand, uses } from "../../support/errand.ts";
import { crashHub, crashHubAt, type WritePoint } from "../../support/hub.ts";
import { breakModel, modelRequests } from "../../support/model.ts";

const TEXT = "Adding two.\n\nNow the bread.\n\nAll three are on your list.";

/** Adds two tasks, then one, then says so. A model that is asked the same a second time has other ideas. */
function prepare(): Promise<Errand> {
  const two = { type: "text" as const, text: "Adding two." };
  const bread = { type: "text" as const, text: "Now the bread." };
  const last = { type: "text" as const, chunks: ["All three ", "are on ", "your list."] };
  return startErrand([
    { when: { toolResult: "bread" }, reply: { content: [last] } },
    { when: { toolResult: "milk" }, reply: uses(bread, creates("Bread")), times: 1 },
    { when: { toolResult: "milk" }, reply: uses(bread, creates("Rye bread")) },
    { reply: uses(two, creates("Milk"), creates("Eggs")), times: 1 },
    { reply: uses(two, creates("Oat milk"), creates("Quail eggs")) },
  ]);
}

/** How often each step of the turn was asked of the model and answered in full. */
async function answeredSteps(word: string): Promise<number[]> {
  const steps = [0, 0, 0];
  for (const { outcome, request } of await modelRequests(word)) {
    const step = request?.messages.filter(({ role }) => role === "assistant").length ?? 0;
    if (outcome === "answered") steps[step]!++;
  }
  return steps;
}

/** The end came once, the words are whole, and every change happened once. */
async function expectOnce({ device }: Errand, turn: string): Promise<void> {
  const end = await device.end(turn);
  const watch = device.turn(turn);
  expect(watch.faults).toEqual([]);
  expect(watch.text).toBe(TEXT);
  expect(end).toMatchObject({ status: "done", usage: { model_calls: 3, tool_calls: 3 } });
  expect(device.disk.rows("tasks")).toHaveLength(3);
  expect(end.mutations.map(({ data }) => data["title"]).sort()).toEqual(device.disk.titles());
  expect(new Set(device.disk.effects).size).toBe(device.disk.effects.length);
  expect(device.all("stream_end").filter(({ request_id }) => request_id === turn)).toHaveLength(1);
  await device.until(() => device.disk.journal.size === 0, "the acknowledgement of all results");
}

const MOMENTS: [
  when: string,
  strike: (errand: Errand) => Promise<void>,
  begin?: (errand: Errand) => Promise<unknown>,
][] = [
  [
    "before the model has answered",
    async ({ user, word }) => {
      await modelAsked(word, 1);
      await crashHub(user);
    },
    ({ word }) => breakModel([{ kind: "hang", match: word }]),
  ],
  [
    "while the first words stream",
    async ({ user, device }) => {
      await device.frame("stream_text");
      await crashHub(user);
    },
    ({ word }) => breakModel([{ kind: "stall", afterChars: 4, match: word }]),
  ],
  [
    "after the calls were journaled and before the device heard of them",
    async ({ user, device }) => {
      await device.socket.frame("tool_call", 2);
      await crashHub(user);
      device.isDeaf = false;
    },
    async ({ device }) => {
      device.isDeaf = true;
    },
  ],
  [
    "after the device has committed and before its answers arrived",
    async ({ user, device }) => {
      await device.until(() => device.disk.effects.length === 2, "two effects");
      await crashHub(user);
      device.isMute = false;
    },
    async ({ device }) => {
      device.isMute = true;
    },
  ],
  [
    "after the results arrived and before they were committed",
    async ({ user, word }) => {
      await modelAsked(word, 2);
      await crashHub(user);
    },
    ({ word }) => breakModel([{ kind: "hang", match: word, skip: 1 }]),
  ],
  [
    "while the last words stream",
    async ({ user, device }) => {
      await device.until(
        () => device.all("stream_text").some(({ chunk }) => chunk.includes("All")),
        "last words",
      );
      await crashHub(user);
    },
    ({ word }) => breakModel([{ kind: "stall", afterChars: 4, match: word, skip: 2 }]),
  ],
];

test.each(MOMENTS)(
  "a turn whose hub dies %s goes on without hole or repeat",
  async (_when, strike, begin) => {
    const errand = await prepare();
    await begin?.(errand);
    const turn = errand.device.askTasks(`Add things ${errand.word}`);
    await strike(errand);
    await errand.device.reconnect();
    await expectOnce(errand, turn);
    expect(await answeredSteps(errand.word)).toEqual([1, 1, 1]);
  },
);

/** Every write of the turn, lost or kept, and how often the model then answered each step. */
const WRITES: [WritePoint, number[]][] = [
  [{ write: "commit", number: 1, fate: "lost" }, [1, 1, 1]],
  [{ write: "alarm", number: 1, fate: "lost" }, [1, 1, 1]],
  [{ write: "commit", number: 2, fate: "lost" }, [2, 1, 1]],
  [{ write: "commit", number: 2, fate: "kept" }, [1, 1, 1]],
  [{ write: "commit", number: 3, fate: "lost" }, [1, 2, 1]],
  [{ write: "commit", number: 3, fate: "kept" }, [1, 1, 1]],
  [{ write: "commit", number: 4, fate: "lost" }, [1, 1, 2]],
  [{ write: "commit", number: 4, fate: "kept" }, [1, 1, 1]],
];

test.each(WRITES)(
  "a turn whose hub dies at %j ends once, and asks the model nothing it knows",
  async (point, steps) => {
    const errand = await prepare();
    await crashHubAt(errand.user, point);
    const turn = errand.device.askTasks(`Add things ${errand.word}`);
    await errand.device.reconnect();
    await expectOnce(errand, turn);
    expect(await answeredSteps(errand.word)).toEqual(steps);
  },
);
