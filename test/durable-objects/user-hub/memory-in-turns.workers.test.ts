/** What is remembered of a person goes into their turns, from the hub's own storage. */
import { env } from "cloudflare:workers";
import { afterEach, expect, inject, test, vi } from "vitest";
import { CORE_BYTES_MAX } from "../../../src/features/memory/core-facts.ts";
import { newId } from "../../../src/lib/ids.ts";
import { episode, fact, pattern, statement } from "../../features/memory/items.ts";
import { call } from "../../support/api.ts";
import { says, scriptWord, startErrand, tool, uses } from "../../support/errand.ts";
import { crashHub, evictHub, inHub } from "../../support/hub.ts";
import { JournalingDevice } from "../../support/journaling-device.ts";
import {
  command,
  current,
  inHubTables,
  inPostgres,
  leaveBehind,
  notes,
  promptOf,
  settled,
} from "../../support/memory.ts";
import { modelRequests } from "../../support/model.ts";
import { useSettings } from "../../support/settings.ts";
import { newUser, type TestUser } from "../../support/users.ts";

useSettings({ MEMORY_EXTRACTION: "model" });

const WAIT = { timeout: 10_000, interval: 20 };

afterEach(() => {
  vi.restoreAllMocks();
});

/** Nothing is learnt: words of earlier turns in a prompt would call for their scripts. */
const FORGETS = { when: { purpose: "memory" as const }, reply: notes({}) };

/** A person whose earlier hub is gone, and their device. */
async function returning(...items: Parameters<typeof leaveBehind>[1][]) {
  const user = await newUser(env);
  await leaveBehind(user, ...items);
  return { user, device: await JournalingDevice.start(user) };
}

async function prompted(device: JournalingDevice, message = "What shall I do?", floating = false) {
  return promptedTo(device, "Rest a little.", message, floating);
}

async function promptedTo(
  device: JournalingDevice,
  answer: string,
  message = "What shall I do?",
  floating = false,
) {
  const word = await scriptWord([FORGETS, { reply: says(answer) }]);
  const ask = `${message} ${word}`;
  await device.end(floating ? device.askTasks(ask) : device.ask(ask));
  return promptOf(word);
}

function databaseTrips(): () => number {
  const { fetch } = globalThis;
  const database = inject("postgres").fetchEndpoint;
  let trips = 0;
  let beforeModel: number | undefined;
  vi.spyOn(globalThis, "fetch").mockImplementation((input, init) => {
    const url = input instanceof Request ? input.url : String(input);
    if (url.startsWith(database)) trips++;
    else if (url.startsWith(`${inject("modelUrl")}/v1/`)) beforeModel ??= trips;
    return fetch(input, init);
  });
  return () => beforeModel ?? Number.NaN;
}

test("what a person says of themselves is in the next turn's prompt, warm, woken and after a crash, without a database trip", async () => {
  const { user, device, word } = await startErrand([{ reply: says("Nice to meet you.") }]);
  await device.end(device.ask(`My name is Zoë. I prefer trains to planes. ${word}`));
  await settled(user);
  expect(await current(user, "core")).toEqual(["name: Zoë"]);
  const crash = async (owner: TestUser) => {
    await crashHub(owner);
    await device.reconnect();
  };
  for (const wake of [async () => {}, evictHub, crash]) {
    await wake(user);
    await settled(user);
    const tripsBeforeModel = databaseTrips();
    for (const floating of [false, true]) {
      const prompt = await prompted(device, "Shall I take trains or planes?", floating);
      expect(prompt).toContain('"name":"Zoë"');
      expect(prompt).toContain("prefers trains to planes");
    }
    expect(tripsBeforeModel()).toBe(0);
    vi.restoreAllMocks();
  }
});

test("a hub that never held the memory loads it once", async () => {
  const summary = "Planned the garden with Ada.";
  const { device } = await returning(
    fact("name", "Ines"),
    statement("Ines grows tomatoes."),
    episode(summary),
  );
  const first = databaseTrips();
  const prompt = await prompted(device, "What about my tomatoes?");
  expect(prompt).toContain('"name":"Ines"');
  expect(prompt).toContain(summary);
  expect(first()).toBe(1);
  vi.restoreAllMocks();
  const second = databaseTrips();
  await prompted(device);
  expect(second()).toBe(0);
});

test("what came without a vector is found once it has one, and what fits nothing stays out", async () => {
  const { user, device } = await returning(
    statement("The person's sister Marta keeps bees."),
    statement("Invoices of the bakery are due on the fifth."),
  );
  await prompted(device);
  await vi.waitUntil(async () => {
    const prompt = await prompted(device, "What honey does my sister with her bees make?");
    return prompt.includes("Marta keeps bees") && !prompt.includes("bakery");
  }, WAIT);
  expect(await current(user, "associative")).toHaveLength(2);
});

test("the time zone that a person names is the one of their turns, whatever their device says", async () => {
  const { device } = await returning(fact("timezone", "Asia/Tokyo"));
  expect(await prompted(device)).toContain("Asia/Tokyo");
  const { device: other } = await returning(fact("timezone", "Middle-earth/Shire"));
  expect(await prompted(other)).toContain("Europe/Berlin");
});

test("the last sessions go along, but not the one that is still going on", async () => {
  const chatId = newId();
  const inChat = (summary: string, hour: number) => {
    const at = Date.parse("2026-11-10T00:00:00Z") + hour * 3_600_000;
    const item = episode(summary, { createdAt: at, validFrom: at });
    return { ...item, body: { tier: "episodic" as const, summary, chatId } };
  };
  const others = Array.from({ length: 7 }, (_, at) =>
    episode(`Talked about topic number ${at}.`, {
      createdAt: 1_700_000_000_000 + at,
      validFrom: 1_700_000_000_000 + at,
    }),
  );
  const { device } = await returning(
    inChat("Asked for paint.", 1),
    inChat("Chose blue paint.", 2),
    ...others,
  );
  const prompt = await prompted(device, "Hello there");
  expect(prompt).toContain("2026-11-10: Asked for paint. Chose blue paint.");
  for (const shown of [3, 4, 5, 6]) expect(prompt).toContain(`topic number ${shown}`);
  for (const old of [0, 1, 2]) expect(prompt).not.toContain(`topic number ${old}`);
});

test("a habit is suggested in one answer a day, never in a popup, and not any more once it is dismissed", async () => {
  const sure = { confidence: 0.9 };
  const habit = pattern("Asks for the weekly report on Fridays", sure);
  const { user, device } = await returning(habit, pattern("Sometimes asks about soup", { confidence: 0.3 }));
  const suggests = (prompt: string) => prompt.includes("worth a suggestion");
  const popup = await prompted(device, "Hello", true);
  expect(suggests(popup)).toBe(false);
  expect(popup).toContain("weekly report");
  expect(popup).not.toContain("soup");
  const suggesting = "Rest a little. Shall I get the report ready? You can turn such suggestions off.";
  expect(suggests(await prompted(device))).toBe(true);
  expect(suggests(await promptedTo(device, suggesting))).toBe(true);
  expect(suggests(await promptedTo(device, suggesting))).toBe(false);
  await settled(user);
  const used = (await inPostgres(user)).filter(({ lastUsedAt }) => lastUsedAt !== null);
  expect(used.map(({ id }) => id)).toEqual([habit.id]);
  expect(await command(user, { kind: "dismiss", id: habit.id })).toMatchObject({ kind: "done" });
  expect(await prompted(device)).not.toContain("weekly report");
});

test("a turn that came to nothing leaves the day's suggestion to the next", async () => {
  const { device } = await returning(pattern("Asks for the weekly report on Fridays", { confidence: 0.9 }));
  const word = await scriptWord([{ reply: { content: [], stopReason: "refusal" } }]);
  expect(await device.end(device.ask(`Hello ${word}`))).toMatchObject({ status: "failed" });
  expect(await promptOf(word)).toContain("worth a suggestion");
  expect(await prompted(device)).toContain("worth a suggestion");
});

test("an agent can look back, and reads dated lines", async () => {
  const { device } = await returning(statement("The spare key lies under the blue pot."));
  await prompted(device);
  const script = (word: string) => [
    FORGETS,
    { when: { toolResult: "blue pot" }, reply: says("Under the blue pot.") },
    { when: { toolResult: "Nothing is remembered" }, reply: says("I do not know.") },
    { when: { body: word }, reply: uses(tool("recall", { query: "where is the spare key" })) },
  ];
  await vi.waitUntil(async () => {
    const word = await scriptWord(script);
    const turn = device.ask(`Where is it? ${word}`);
    await device.end(turn);
    return device.turn(turn).text === "Under the blue pot.";
  }, WAIT);
  const word = await scriptWord(script);
  expect(await device.end(device.ask(`And again? ${word}`))).toMatchObject({ status: "done" });
  const results = (await modelRequests(word)).flatMap(({ toolResults }) => toolResults).join("\n");
  expect(results).toContain("2026-11-01: The spare key lies under the blue pot.");
});

test("what has no place on the hub's shelf any more is looked up in the database, by those who look back", async () => {
  const { user, device } = await returning(statement("The spare key lies under the blue pot."));
  await prompted(device);
  await vi.waitUntil(async () => (await inHubTables(user))["memory_vectors"] === 1, WAIT);
  await settled(user);
  // As a full shelf lets its oldest go.
  await inHub(user, ({ storage }) => {
    storage.sql.exec("DELETE FROM memory_vectors");
    storage.sql.exec("DELETE FROM memory_signs");
    storage.sql.exec("INSERT INTO meta VALUES ('memory_overflow', '1')");
  });
  await crashHub(user);
  await device.reconnect();
  const word = await scriptWord([
    FORGETS,
    { when: { toolResult: "blue pot" }, reply: says("Under the blue pot.") },
    { when: { toolResult: "Nothing is remembered" }, reply: says("I do not know.") },
    { reply: uses(tool("recall", { query: "where is the spare key" })) },
  ]);
  const turn = device.ask(`Where is it? ${word}`);
  await device.end(turn);
  expect(device.turn(turn).text).toBe("Under the blue pot.");
  expect((await modelRequests(word)).flatMap(({ toolResults }) => toolResults).join("\n")).toContain(
    "2026-11-01: The spare key lies under the blue pot.",
  );
  expect(await promptOf(word)).not.toContain("blue pot");
});

test("facts that are more than fit into a turn go in by their strength", async () => {
  const facts = Array.from({ length: 12 }, (_, at) =>
    fact(`note_${at}`, `${at} ${"x".repeat(480)}`, { strength: (at + 1) / 12 }),
  );
  const { device } = await returning(...facts);
  const prompt = await prompted(device);
  expect(prompt).toContain('"note_11":');
  expect(prompt).not.toContain('"note_0":');
  expect(/^facts: (.*)$/m.exec(prompt)?.[1]?.length).toBeLessThan(CORE_BYTES_MAX);
});

test("what went into a turn is noted as used, and counts for more", async () => {
  const used = statement("The person's sister Marta keeps bees.");
  const other = statement("Invoices of the bakery are due on the fifth.");
  const { user, device } = await returning(used, other);
  const inDatabase = async ({ id }: { id: string }) =>
    (await inPostgres(user)).find((item) => item.id === id)!;
  await prompted(device);
  await vi.waitUntil(async () => {
    expect(await prompted(device, "What honey does my sister with her bees make?")).not.toContain("bakery");
    await settled(user);
    return (await inDatabase(used)).lastUsedAt !== null;
  }, WAIT);
  expect((await inDatabase(used)).strength).toBeGreaterThan(used.strength);
  expect(await inDatabase(other)).toMatchObject({ lastUsedAt: null, strength: other.strength });
});

test("a turn over REST is remembered and remembers like one on the socket", async () => {
  const user = await newUser(env);
  const ask = async (message: string) => {
    const word = await scriptWord([{ reply: says("Good.") }]);
    const answer = await call("POST", "/api/v1/chat", { as: user, body: { message: `${message} ${word}` } });
    expect(answer.status).toBe(200);
    return promptOf(word);
  };
  await ask("My name is Ruth.");
  await settled(user);
  expect(await ask("Hello again.")).toContain('"name":"Ruth"');
});

test("a database that cannot be had costs a turn its memory and not its answer", async () => {
  const { device } = await returning(fact("name", "Ines"));
  const { fetch } = globalThis;
  const database = inject("postgres").fetchEndpoint;
  vi.spyOn(globalThis, "fetch").mockImplementation((input, init) => {
    const url = input instanceof Request ? input.url : String(input);
    return url.startsWith(database)
      ? Promise.reject(new TypeError("connection refused"))
      : fetch(input, init);
  });
  expect(await prompted(device)).not.toContain("Ines");
  vi.restoreAllMocks();
  await vi.waitUntil(async () => (await prompted(device)).includes("Ines"), WAIT);
});
