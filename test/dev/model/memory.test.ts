/** The stand-in as the memory's model: asked as the product asks it. */
import { afterAll, beforeAll, beforeEach, describe, expect, it } from "vitest";
import { type ModelServer, startModelServer } from "../../../dev/model/server.ts";
import { extract } from "../../../src/features/memory/extract.ts";
import { merge } from "../../../src/features/memory/merge.ts";
import { derivePatterns } from "../../../src/features/memory/patterns.ts";
import type { MemoryItem } from "../../../src/features/memory/schema.ts";
import { newId } from "../../../src/lib/ids.ts";
import { createModelClient } from "../../../src/platform/model.ts";
import { episode, START_MS, statement } from "../../features/memory/items.ts";

const MODELS = { supervisor: "stand-in", worker: "stand-in", small: "stand-in" };
const DAY_MS = 86_400_000;
const { signal } = new AbortController();

let server: ModelServer;
beforeAll(async () => {
  server = await startModelServer();
});
beforeEach(() => server.reset());
afterAll(() => server.close());

const model = () => createModelClient({ baseUrl: server.url, models: MODELS, random: () => 0 });

/** What is remembered of a message: the model's notes after the rules of the memory. */
async function learnt(said: string, statements: MemoryItem[] = []) {
  const exchange = { requestId: "r1", at: START_MS, said, confirmed: [] };
  const known = { core: [], statements };
  const extraction = await extract(model(), exchange, known, { signal });
  const { changes } = merge(known, extraction, exchange, { now: START_MS, newId });
  return changes.map(({ kind, item }) => [kind, item.body] as const);
}

describe("what is said", () => {
  it.each([
    ["Hello, my name is Ada Lovelace.", "name", "Ada Lovelace"],
    ["Please call me Zoë.", "name", "Zoë"],
    ["By the way, my time zone is Asia/Tokyo.", "timezone", "Asia/Tokyo"],
    ["I live in New York now.", "city", "New York"],
  ])("%j teaches a fact", async (said, key, value) => {
    expect(await learnt(said)).toContainEqual(["insert", { tier: "core", key, value }]);
  });

  it.each([
    "My boss said I live in Berlin.",
    "Is it true that my name is Bob?",
    "If my name is Bob, tell me.",
    "What does he want?\n\nDear Anna,\nmy name is Bob",
    "Translate: my name is Bob",
  ])("%j teaches none, though the model takes it for one", async (said) => {
    expect((await learnt(said)).filter(([, { tier }]) => tier === "core")).toEqual([]);
  });

  it("a preference becomes a statement, and ends the one that it replaces", async () => {
    const tea = statement("The person prefers tea.");
    const changes = await learnt("I now prefer coffee.", [tea]);
    expect(changes).toContainEqual(["supersede", tea.body]);
    expect(changes).toContainEqual([
      "insert",
      { tier: "associative", statement: "The person prefers coffee." },
    ]);
  });

  it("a question teaches nothing, and a greeting not even an episode", async () => {
    expect((await learnt("What is my name?")).map(([, { tier }]) => tier)).toEqual(["episodic"]);
    expect(await learnt("Hello")).toEqual([]);
  });
});

it("what comes back on several days is a habit", async () => {
  const reports = [0, 7, 14].map((day) =>
    episode("The person said: show the weekly report", { createdAt: START_MS + day * DAY_MS }),
  );
  const about = { now: START_MS + 15 * DAY_MS, timezone: "UTC", signal };
  const [habit] = await derivePatterns(model(), reports, about);
  expect(habit?.pattern).toMatch(/weekly|report/);
  expect(await derivePatterns(model(), reports.slice(0, 2), about)).toEqual([]);
});

describe("scripts, faults and counts are for turns", () => {
  it("a strict script leaves the memory to the rules, unless an exchange is for it", async () => {
    const turn = { reply: { content: [{ type: "text" as const, text: "Hello." }] } };
    server.loadScript({ match: "Ada", strict: true, exchanges: [turn] });
    expect(await learnt("My name is Ada.")).toContainEqual([
      "insert",
      expect.objectContaining({ key: "name" }),
    ]);
    server.reset();
    const notes = { facts: [], statements: [], summary: "Ada, from the script" };
    const scripted = { content: [{ type: "tool_use" as const, name: "remember", input: notes }] };
    server.loadScript({
      match: "Ada",
      strict: true,
      exchanges: [turn, { when: { purpose: "memory" }, reply: scripted }],
    });
    expect(await learnt("My name is Ada.")).toEqual([
      ["insert", expect.objectContaining({ summary: "Ada, from the script" })],
    ]);
    expect(server.requests("Ada").map(({ purpose }) => purpose)).toEqual(["memory"]);
  });

  it("a fault waits for a turn, unless it is for the memory", async () => {
    server.addFaults({ kind: "refusal", match: "Ada" });
    expect(await learnt("My name is Ada.")).not.toEqual([]);
    server.addFaults({ kind: "refusal", match: "Ada", purpose: "memory" });
    await expect(learnt("My name is Ada.")).rejects.toMatchObject({ code: "model_unavailable" });
  });
});
