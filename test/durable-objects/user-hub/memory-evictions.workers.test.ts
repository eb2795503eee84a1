/** The hub dies between a turn's end and Postgres's word that it has what the turn taught: it is learnt once, and not lost. */
import { afterEach, expect, inject, test, vi } from "vitest";
import { type Errand, says, startErrand } from "../../support/errand.ts";
import { crashHub, crashHubAt, inHub, ringAlarm, type WritePoint } from "../../support/hub.ts";
import { current, inHubTables, inPostgres } from "../../support/memory.ts";
import { breakModel, modelRequests } from "../../support/model.ts";
import { useSettings } from "../../support/settings.ts";

useSettings({ MEMORY_EXTRACTION: "model" });

afterEach(() => {
  vi.restoreAllMocks();
});

const WAIT = { timeout: 20_000, interval: 50 };
const TAUGHT = ["name: Zoë", "The person plays chess on Sundays."];

async function teach({ device, word }: Errand): Promise<string> {
  return device.ask(`My name is Zoë. I play chess on Sundays. ${word}`);
}

function prepare(): Promise<Errand> {
  return startErrand([{ reply: says("Nice.") }]);
}

/** Rings for what is due, as time would, until nothing is left to do. */
async function settle({ user }: Errand): Promise<void> {
  await vi.waitUntil(async () => {
    await ringAlarm(user);
    const { owed_memories, memory_jobs } = await inHubTables(user);
    return owed_memories === 0 && memory_jobs === 0;
  }, WAIT);
}

/** Each thing once, in its first form. */
async function expectOnce(errand: Errand): Promise<void> {
  await settle(errand);
  const items = await inPostgres(errand.user);
  const current = items.map(({ body }) => body.tier).toSorted();
  expect(current).toEqual(["associative", "core", "episodic"]);
  expect(items.map(({ version }) => version)).toEqual([1, 1, 1]);
  expect(await texts(errand)).toEqual(expect.arrayContaining(TAUGHT));
  expect(await inHubTables(errand.user)).toMatchObject({ memories: 3, memory_vectors: 2 });
}

const texts = ({ user }: Errand) => current(user);

/** Every write from the turn's end to the last acknowledgement, lost or kept. */
const WRITES: WritePoint[] = [2, 3, 4, 5].flatMap((number) => [
  { write: "commit" as const, number, fate: "lost" as const },
  { write: "commit" as const, number, fate: "kept" as const },
]);

test.each(WRITES)("a turn whose hub dies at %j teaches what it teaches once", async (point) => {
  const errand = await prepare();
  await crashHubAt(errand.user, point);
  const turn = await teach(errand);
  await vi.waitUntil(() => errand.device.socket.closed !== undefined || isQuiet(errand), WAIT);
  await errand.device.reconnect();
  expect(await errand.device.end(turn)).toMatchObject({ status: "done" });
  await expectOnce(errand);
});

/** The turn and what follows it made fewer writes than the point counts. A hub that crashes meanwhile cannot tell. */
async function isQuiet({ user, device }: Errand): Promise<boolean> {
  if (device.all("stream_end").length === 0) return false;
  const tables = await inHubTables(user).catch(() => undefined);
  return tables?.["owed_memories"] === 0 && tables["memory_jobs"] === 0;
}

test("a hub that dies while the model is asked what a turn teaches asks once more", async () => {
  const errand = await prepare();
  await breakModel([{ kind: "hang", match: errand.word, purpose: "memory" }]);
  await errand.device.end(await teach(errand));
  const asked = async (count: number) => (await modelRequests(errand.word, "memory")).length === count;
  await vi.waitUntil(() => asked(1), WAIT);
  await crashHub(errand.user);
  await errand.device.reconnect();
  await vi.waitUntil(() => asked(2), WAIT);
  await expectOnce(errand);
});

test("what Postgres does not take is owed over a crash, and then saved once", async () => {
  const errand = await prepare();
  const { fetch } = globalThis;
  const database = inject("postgres").fetchEndpoint;
  const broken = vi.spyOn(globalThis, "fetch").mockImplementation((input, init) => {
    const url = input instanceof Request ? input.url : String(input);
    const isSave = url.startsWith(database) && String(init?.body).includes('insert into \\"memories\\"');
    return isSave ? Promise.reject(new TypeError("connection refused")) : fetch(input, init);
  });
  await errand.device.end(await teach(errand));
  await vi.waitUntil(async () => (await inHubTables(errand.user))["owed_memories"] === 3, WAIT);
  expect(await inPostgres(errand.user)).toEqual([]);
  await crashHub(errand.user);
  await errand.device.reconnect();
  expect(await inHubTables(errand.user)).toMatchObject({ memories: 3, owed_memories: 3 });
  broken.mockRestore();
  await expectOnce(errand);
});

/** Its next try is due now, as after a minute, and the alarm rings. */
async function makeDue({ user }: Errand): Promise<void> {
  await inHub(user, ({ storage }) => {
    storage.sql.exec("UPDATE memory_jobs SET due_at = 0");
  });
  await ringAlarm(user);
}

test("a job that its hub does not survive is given up in the end, and leaves what the turn was about", async () => {
  const errand = await prepare();
  await breakModel([{ kind: "hang", match: errand.word, purpose: "memory", times: 10 }]);
  await errand.device.end(await teach(errand));
  for (let death = 1; death <= 4; death++) {
    await vi.waitUntil(async () => (await modelRequests(errand.word, "memory")).length >= death, WAIT);
    await crashHub(errand.user);
    await errand.device.reconnect();
    await makeDue(errand);
  }
  await settle(errand);
  expect((await inPostgres(errand.user)).map(({ body }) => body.tier)).toEqual(["episodic"]);
  expect((await modelRequests(errand.word, "memory")).length).toBeLessThanOrEqual(4);
});
