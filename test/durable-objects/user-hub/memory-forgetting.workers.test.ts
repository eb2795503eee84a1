/** What a person deletes is gone from cache, vectors, outbox and Postgres before the answer, and never comes back. */
import { env } from "cloudflare:workers";
import { afterEach, expect, inject, test, vi } from "vitest";
import { episode, fact, statement } from "../../features/memory/items.ts";
import { call, problemOf } from "../../support/api.ts";
import { says, scriptWord, tool, uses } from "../../support/errand.ts";
import { crashHub, hubStub, inHub, ringAlarm } from "../../support/hub.ts";
import { JournalingDevice } from "../../support/journaling-device.ts";
import {
  command,
  inHubTables,
  inPostgres,
  leaveBehind,
  notes,
  promptOf,
  settled,
} from "../../support/memory.ts";
import { breakModel, modelRequests } from "../../support/model.ts";
import { useSettings } from "../../support/settings.ts";
import { newUser, type TestUser } from "../../support/users.ts";

useSettings({ MEMORY_EXTRACTION: "model" });

afterEach(() => {
  vi.restoreAllMocks();
});

const WAIT = { timeout: 10_000, interval: 20 };
const GONE = { memories: 0, memory_vectors: 0, owed_memories: 0, memory_jobs: 0, memory_questions: 0 };

/** A person of whom much is remembered, in a hub that holds all of it. */
async function remembered() {
  const user = await newUser(env);
  const secret = statement("The person hides the nightingale in the attic.");
  const others = [fact("pet", "a nightingale"), episode("Talked about the nightingale.")];
  await leaveBehind(user, secret, ...others);
  const device = await JournalingDevice.start(user);
  await ask(device, "Hello");
  await settled(user);
  await vi.waitUntil(async () => (await inHubTables(user))["memory_vectors"] === 2, WAIT);
  await settled(user);
  return { user, device, secret };
}

/** What the prompt and a search say about the nightingale. */
async function ask(device: JournalingDevice, message: string): Promise<string> {
  const word = await scriptWord([
    { when: { purpose: "memory" }, reply: notes({}) },
    { when: { toolResult: "-" }, reply: says("So I heard.") },
    { when: { toolResult: "Nothing" }, reply: says("I know nothing.") },
    { reply: uses(tool("recall", { query: "nightingale in the attic" })) },
  ]);
  expect(await device.end(device.ask(`${message} ${word}`))).toMatchObject({ status: "done" });
  const results = (await modelRequests(word)).flatMap(({ toolResults }) => toolResults);
  return [await promptOf(word), ...results].join("\n");
}

async function restart(user: TestUser, device: JournalingDevice): Promise<void> {
  await crashHub(user);
  await device.reconnect();
}

test("after all is forgotten nothing is recalled, in no store is anything left, and a restart brings nothing back", async () => {
  const { user, device } = await remembered();
  expect(await ask(device, "What about the nightingale?")).toContain("in the attic");
  await settled(user);
  expect(await command(user, { kind: "delete_all" })).toEqual({ kind: "done", item: null });
  expect(await inPostgres(user)).toEqual([]);
  expect(await inHubTables(user)).toEqual(GONE);
  const signs = await inHub(
    user,
    ({ storage }) => storage.sql.exec("SELECT 1 FROM memory_signs").toArray().length,
  );
  expect(signs).toBe(0);
  for (const before of [async () => {}, () => restart(user, device)]) {
    await before();
    expect(await ask(device, "What about it now?")).not.toContain("nightingale in");
    expect(await ask(device, "And in the attic?")).not.toContain("a nightingale");
  }
  expect(await inPostgres(user)).toEqual([]);
});

test("one item is forgotten at once, and the others stay", async () => {
  const { user, device, secret } = await remembered();
  expect(await command(user, { kind: "delete", tier: "associative", id: secret.id })).toMatchObject({
    kind: "done",
  });
  expect((await inPostgres(user)).map(({ id }) => id)).not.toContain(secret.id);
  expect(await inHubTables(user)).toMatchObject({ memories: 2, memory_vectors: 1, owed_memories: 0 });
  for (const before of [async () => {}, () => restart(user, device)]) {
    await before();
    const told = await ask(device, "Where is the nightingale?");
    expect(told).not.toContain("in the attic");
    expect(told).toContain("Talked about the nightingale.");
  }
});

test("what a turn said before is not learnt from after it was forgotten, though the model is being asked just then", async () => {
  const { user, device } = await remembered();
  const word = await scriptWord([
    {
      when: { purpose: "memory" },
      reply: {
        ...notes({ facts: [{ key: "name", value: "Ada", quote: "My name is Ada" }] }),
        deltaDelayMs: 400,
      },
    },
    { reply: says("Hello Ada.") },
  ]);
  await device.end(device.ask(`My name is Ada. ${word}`));
  await vi.waitUntil(async () => (await modelRequests(word, "memory")).length === 1, WAIT);
  expect(await command(user, { kind: "delete_all" })).toMatchObject({ kind: "done" });
  await vi.waitUntil(async () => (await modelRequests(word, "memory"))[0]?.outcome === "answered", WAIT);
  await ask(device, "Hello again");
  await settled(user);
  expect((await inPostgres(user)).map(({ body }) => body)).toEqual([]);
  expect(await inHubTables(user)).toEqual(GONE);
});

test("a fact that a turn has taken is not kept when everything is forgotten before the turn ends", async () => {
  const { user, device } = await remembered();
  const word = await scriptWord([
    { when: { purpose: "memory" }, reply: notes({}) },
    { when: { toolResult: "Remembered" }, reply: says("I will.") },
    { reply: uses(tool("update_core_memory", { key: "name", value: "Ada" })) },
  ]);
  await breakModel([{ kind: "slow", deltaDelayMs: 400, match: word, skip: 1 }]);
  const turn = device.ask(`My name is Ada. ${word}`);
  await vi.waitUntil(async () => (await modelRequests(word)).length === 2, WAIT);
  expect(await command(user, { kind: "delete_all" })).toMatchObject({ kind: "done" });
  expect(await device.end(turn)).toMatchObject({ status: "done" });
  await settled(user);
  expect(await inPostgres(user)).toEqual([]);
  expect(await inHubTables(user)).toEqual(GONE);
});

test("a deletion waits for a save that is under way, so that nothing is written after it", async () => {
  const user = await newUser(env);
  const device = await JournalingDevice.start(user);
  const saving = Promise.withResolvers<void>();
  const { fetch } = globalThis;
  let isSaving = false;
  vi.spyOn(globalThis, "fetch").mockImplementation(async (input, init) => {
    if (String(init?.body).includes('insert into \\"memories\\"')) {
      isSaving = true;
      await saving.promise;
    }
    return fetch(input, init);
  });
  const word = await scriptWord([
    { when: { purpose: "memory" }, reply: notes({ summary: "Spoke of the nightingale." }) },
    { reply: says("I see.") },
  ]);
  await device.end(device.ask(`I heard a nightingale. ${word}`));
  await vi.waitUntil(() => isSaving, WAIT);
  const forgotten = command(user, { kind: "delete_all" });
  await vi.waitUntil(async () => (await inHubTables(user))["memories"] === 0, WAIT);
  // A trip of its own: an erasure that did not wait would have been there before it.
  expect(await inPostgres(user)).toEqual([]);
  saving.resolve();
  expect(await forgotten).toEqual({ kind: "done", item: null });
  expect(await inPostgres(user)).toEqual([]);
  expect(await inHubTables(user)).toEqual(GONE);
});

test("a session that has ended changes nothing, though its token is still good", async () => {
  const { user } = await remembered();
  await hubStub(user).endSessions(user.sessionId);
  const response = await call("PUT", "/api/v1/memory/core/pet", { as: user, body: { value: "a cat" } });
  expect(await problemOf(response)).toMatchObject({ status: 401, code: "session_revoked" });
  expect((await inPostgres(user)).map(({ body }) => body)).toContainEqual(fact("pet", "a nightingale").body);
});

test("while Postgres cannot be had a deletion is not said to be done; it is owed, over a crash, until it is", async () => {
  const { user, device, secret } = await remembered();
  const { fetch } = globalThis;
  const database = inject("postgres").fetchEndpoint;
  const broken = vi.spyOn(globalThis, "fetch").mockImplementation((input, init) => {
    const url = input instanceof Request ? input.url : String(input);
    const isErasure = url.startsWith(database) && String(init?.body).includes("delete from");
    return isErasure ? Promise.reject(new TypeError("connection refused")) : fetch(input, init);
  });
  const forget = { kind: "delete", tier: "associative", id: secret.id } as const;
  expect(await command(user, forget)).toEqual({ kind: "postponed" });
  expect(await inHubTables(user)).toMatchObject({ memories: 2, memory_vectors: 1, owed_memories: 1 });
  broken.mockRestore();
  expect((await inPostgres(user)).map(({ id }) => id)).toContain(secret.id);
  await restart(user, device);
  await vi.waitUntil(
    async () => {
      await ringAlarm(user);
      return (await inHubTables(user))["owed_memories"] === 0;
    },
    { timeout: 10_000, interval: 200 },
  );
  expect((await inPostgres(user)).map(({ id }) => id)).not.toContain(secret.id);
});
