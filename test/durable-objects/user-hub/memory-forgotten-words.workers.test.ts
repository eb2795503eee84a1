/** Who deletes or corrects what was learnt deletes its words: no summary, quote or history of theirs gets into a later turn. */
import { env } from "cloudflare:workers";
import { expect, test, vi } from "vitest";
import { Memory } from "../../../src/features/memory/schema.ts";
import { episode, statement } from "../../features/memory/items.ts";
import { call, callFor } from "../../support/api.ts";
import { says, scriptWord } from "../../support/errand.ts";
import { expectForgotten, isSent, type Rememberer, tell } from "../../support/forgetting.ts";
import { hubStub } from "../../support/hub.ts";
import { JournalingDevice } from "../../support/journaling-device.ts";
import { command, current, inPostgres, leaveBehind, notes, settled } from "../../support/memory.ts";
import { breakModel, modelRequests } from "../../support/model.ts";
import { useSettings } from "../../support/settings.ts";
import { newUser } from "../../support/users.ts";

useSettings({ MEMORY_EXTRACTION: "model" });

const DAY_MS = 86_400_000;
const WAIT = { timeout: 10_000, interval: 20 };
const NAME = { message: "Who am I?", query: "first name of the person", words: /wilhelmina/i };
const TEA = { message: "What do I drink?", query: "drink in the afternoon", words: /oolong/i };

async function arrive(): Promise<Rememberer> {
  const user = await newUser(env);
  return { user, device: await JournalingDevice.start(user) };
}

/** A name that is known from three turns, in all forms that learning gives it, and other things beside it. */
async function introduced(): Promise<Rememberer> {
  const who = await arrive();
  const fact = { key: "name", value: "Wilhelmina", quote: "my name is Wilhelmina" };
  await tell(who, "Hello, my name is Wilhelmina and I prefer oolong.", {
    facts: [fact],
    statements: [
      { statement: "The person is called Wilhelmina.", quote: "name is Wilhelmina" },
      { statement: "The person prefers oolong.", quote: "my name is Wilhelmina and I prefer oolong" },
    ],
    summary: "Wilhelmina introduced herself.",
  });
  await tell(who, "Once more: my name is Wilhelmina.", {
    facts: [fact],
    summary: "Told their name again.",
  });
  await tell(who, "Write Wilhelmina below the letter.", { summary: "Signs letters as Wilhelmina." });
  await tell(who, "I play chess on Sundays.", { summary: "Plays chess on Sundays." });
  return who;
}

test("after a fact is deleted no request of a later turn, list, search or export has its words, nor after a restart", async () => {
  const who = await introduced();
  expect(await isSent(who, NAME)).toBe(true);
  expect((await call("DELETE", "/api/v1/memory/core/name", { as: who.user })).status).toBe(204);
  expect(await current(who.user)).toEqual(["Plays chess on Sundays.", "The person prefers oolong."]);
  await expectForgotten(who, NAME);
});

test("a deleted statement takes along what it took the place of, and the summaries of both turns", async () => {
  const who = await arrive();
  await tell(who, "I prefer oolong.", {
    statements: [{ statement: "The person prefers oolong.", quote: "I prefer oolong" }],
    summary: "Spoke of oolong.",
  });
  await tell(who, "I prefer sencha by now.", {
    statements: [{ statement: "The person prefers sencha.", quote: "I prefer sencha by now", replaces: 1 }],
    summary: "Would rather have sencha.",
  });
  expect(await isSent(who, TEA)).toBe(true);
  const known = (await inPostgres(who.user)).filter(({ body }) => body.tier === "associative");
  expect(known.map(({ validTo }) => validTo === null).toSorted()).toEqual([false, true]);
  const id = known.find(({ validTo }) => validTo === null)?.id;
  expect((await call("DELETE", `/api/v1/memory/associative/${id}`, { as: who.user })).status).toBe(204);
  expect(await inPostgres(who.user)).toEqual([]);
  await expectForgotten(who, { ...TEA, words: /oolong|sencha/i });
});

test("a corrected statement or fact leaves its old wording in no summary", async () => {
  const who = await introduced();
  await callFor(Memory, "PUT", "/memory/core/name", { as: who.user, body: { value: "Minna" } });
  const statements = (await inPostgres(who.user)).filter(({ body }) => body.tier === "associative");
  for (const { id } of statements) {
    const path = `/memory/associative/${id}`;
    await callFor(Memory, "PATCH", path, { as: who.user, body: { text: `Something else, ${id}` } });
  }
  expect(await current(who.user, "episodic")).toEqual(["Plays chess on Sundays."]);
  expect(await isSent(who, NAME)).toBe(false);
  expect(await isSent(who, TEA)).toBe(false);
});

test("habits that are being looked for when something is deleted are not found in its words", async () => {
  const user = await newUser(env);
  const word = await scriptWord([
    {
      when: { purpose: "memory" },
      reply: {
        content: [
          {
            type: "tool_use",
            name: "note_patterns",
            input: { patterns: [{ pattern: "Waters orchids", summaries: [1, 2, 3], confidence: 0.9 }] },
          },
        ],
        deltaDelayMs: 400,
      },
    },
  ]);
  const days = [1, 2, 3].map((day) =>
    episode(`Watered the orchids. ${word}`, { createdAt: Date.now() - day * DAY_MS }),
  );
  const known = statement("The person waters the orchids.", { provenance: days[0]!.provenance });
  await leaveBehind(user, known, ...days);
  // The person's own request makes their hub known.
  await callFor(Memory, "PUT", "/memory/core/city", { as: user, body: { value: "Lund" } });
  const consolidated = hubStub(user).consolidateMemory();
  await vi.waitUntil(async () => (await modelRequests(word, "memory")).length === 1, WAIT);
  const forget = { kind: "delete", tier: "associative", id: known.id } as const;
  expect(await command(user, forget)).toMatchObject({ kind: "done" });
  expect(await consolidated).toBe(true);
  expect(await current(user, "proactive")).toEqual([]);
});

test("a turn that was under way when something was deleted teaches nothing when it ends", async () => {
  const who = await introduced();
  const word = await scriptWord([
    {
      when: { purpose: "memory" },
      reply: notes({
        statements: [{ statement: "The person is called Wilhelmina.", quote: "I am Wilhelmina" }],
        summary: "Wilhelmina again.",
      }),
    },
    { reply: says("Hello again.") },
  ]);
  await breakModel([{ kind: "slow", deltaDelayMs: 400, match: word }]);
  const turn = who.device.ask(`I am Wilhelmina. ${word}`);
  await vi.waitUntil(async () => (await modelRequests(word)).length === 1, WAIT);
  expect(await command(who.user, { kind: "delete_core", key: "name" })).toMatchObject({ kind: "done" });
  expect(await who.device.end(turn)).toMatchObject({ status: "done" });
  await settled(who.user);
  await expectForgotten(who, NAME);
});
