/**
 * Privacy rule 1 for what is remembered: canaries go through everything that learns, keeps and finds memories, and every
 * store and log line is searched for them, while a turn waits to be learnt from, while Postgres lacks it, and afterwards.
 */
import { env } from "cloudflare:workers";
import { afterAll, beforeAll, expect, inject, test, vi } from "vitest";
import { Memory, MemoryPage } from "../../src/features/memory/schema.ts";
import { pattern, START_MS } from "../features/memory/items.ts";
import { call, callFor } from "../support/api.ts";
import { disguised, findCanaries, newCanary, type Resting } from "../support/canary.ts";
import { says, scriptWord, tool, uses } from "../support/errand.ts";
import { crashHub, inHub } from "../support/hub.ts";
import { JournalingDevice } from "../support/journaling-device.ts";
import { inHubTables, leaveBehind, notes, promptOf, settled } from "../support/memory.ts";
import { breakModel, modelRequests } from "../support/model.ts";
import { useSettings } from "../support/settings.ts";
import { allStores } from "../support/stores.ts";
import { newUser } from "../support/users.ts";

useSettings({ MEMORY_EXTRACTION: "model" });

const NAMES = [
  "fact learnt",
  "statement learnt",
  "summary",
  "fact taken",
  "fact in doubt",
  "fact by hand",
  "edited statement",
  "searched words",
  "recalled words",
  "deleted habit",
] as const;
const canaries = Object.fromEntries(NAMES.map((name) => [name, newCanary()]));
const word = (name: (typeof NAMES)[number]) => canaries[name] ?? "";
const WAIT = { timeout: 10_000, interval: 20 };

const lines: Resting[] = [];

beforeAll(() => {
  for (const level of ["log", "info", "warn", "error", "debug"] as const) {
    vi.spyOn(console, level).mockImplementation((...parts) => {
      const text = parts.map(String).join(" ");
      lines.push({ place: `log line ${text.slice(0, 300)}`, bytes: Buffer.from(text) });
    });
  }
});

afterAll(() => vi.restoreAllMocks());

async function expectNothingAtRest(): Promise<void> {
  expect(findCanaries(canaries, await allStores())).toEqual([]);
  expect(findCanaries(canaries, lines)).toEqual([]);
}

/** What a turn's model is told of the person, and what the person reads. */
async function promptFor(device: JournalingDevice): Promise<{ prompt: string; answer: string }> {
  const asking = await scriptWord([
    { when: { purpose: "memory" }, reply: notes({}) },
    { reply: says("Well.") },
  ]);
  const turn = device.ask(`What is it that I keep in the shed? ${asking}`);
  await device.end(turn);
  return { prompt: await promptOf(asking), answer: device.turn(turn).text };
}

test("nothing that is remembered is at rest in the clear, in any store or log line, at any step of its way", async () => {
  const user = await newUser(env);
  const device = await JournalingDevice.start(user);
  const message = [
    `My pet is called ${word("fact learnt")}.`,
    `I keep ${word("statement learnt")} in the shed.`,
    `My favourite colour is ${word("fact taken")}.`,
    disguised(word("summary")),
  ].join(" ");
  const teaching = await scriptWord([
    {
      when: { purpose: "memory" },
      reply: notes({
        facts: [{ key: "pet", value: word("fact learnt"), quote: `My pet is called ${word("fact learnt")}` }],
        statements: [
          {
            statement: `The person keeps ${word("statement learnt")} in the shed.`,
            quote: `I keep ${word("statement learnt")} in the shed`,
          },
        ],
        summary: `About ${word("summary")}`,
      }),
    },
    { when: { toolResult: "Not stored" }, reply: says("Good.") },
    {
      reply: uses(
        tool("update_core_memory", { key: "colour", value: word("fact taken") }),
        tool("update_core_memory", { key: "city", value: word("fact in doubt") }),
        tool("recall", { query: word("recalled words") }),
      ),
    },
  ]);

  // A turn that waits to be learnt from.
  await breakModel([{ kind: "hang", match: teaching, purpose: "memory" }]);
  await device.end(device.ask(`${message} ${teaching}`));
  await vi.waitUntil(async () => (await modelRequests(teaching, "memory")).length === 1, WAIT);
  expect(await inHubTables(user)).toMatchObject({ memory_jobs: 1, memory_questions: 1 });
  await expectNothingAtRest();

  // What was learnt, and Postgres lacks.
  const { fetch } = globalThis;
  const broken = vi.spyOn(globalThis, "fetch").mockImplementation((input, init) => {
    const url = input instanceof Request ? input.url : String(input);
    const isSave =
      url.startsWith(inject("postgres").fetchEndpoint) && String(init?.body).includes("insert into");
    return isSave ? Promise.reject(new TypeError("connection refused")) : fetch(input, init);
  });
  await crashHub(user);
  await vi.waitUntil(async () => ((await inHubTables(user))["owed_memories"] ?? 0) >= 4, WAIT);
  await expectNothingAtRest();
  broken.mockRestore();

  await device.reconnect();
  await settled(user);
  const put = { as: user, body: { value: disguised(word("fact by hand")) } };
  await callFor(Memory, "PUT", "/memory/core/motto", put);
  const told = await promptFor(device);
  expect(told.prompt).toContain(word("summary"));
  expect(told.answer).toContain(word("fact in doubt"));
  await expectNothingAtRest();
  // The correction takes the summary of that turn along.
  const list = (query: string) => callFor(MemoryPage, "GET", `/memory?${query}`, { as: user });
  const [statement] = (await list(`tier=associative&q=${word("statement learnt")}`)).data;
  expect(statement?.text).toContain(word("statement learnt"));
  await callFor(Memory, "PATCH", `/memory/associative/${statement?.id}`, {
    as: user,
    body: { text: `I keep ${word("edited statement")} in the shed instead.` },
    headers: { "if-match": "*" },
  });
  await list(`q=${word("searched words")}`);
  await call("PUT", `/api/v1/memory/core/${word("searched words")}`, { as: user, body: { value: 7 } });
  const { prompt } = await promptFor(device);
  for (const name of ["fact learnt", "fact taken", "fact by hand", "edited statement"] as const) {
    expect(prompt, name).toContain(word(name));
  }
  expect(prompt).not.toContain(word("summary"));
  await settled(user);
  await expectNothingAtRest();
  expect(lines.length).toBeGreaterThan(0);
});

test("what a deleted habit leaves, so that it is not found again, says nothing of it", async () => {
  const user = await newUser(env);
  const habit = pattern(`Asks about ${word("deleted habit")}`, { dismissedAt: START_MS });
  await leaveBehind(user, habit);
  const path = `/api/v1/memory/proactive/${habit.id}`;
  expect((await call("DELETE", path, { as: user })).status).toBe(204);
  const kept = await inHub(user, ({ storage }) =>
    storage.sql.exec("SELECT value FROM meta WHERE name = 'memory_deleted_habits'").toArray(),
  );
  expect(JSON.stringify(kept)).toContain("subject");
  await expectNothingAtRest();
});
