/** Learning without a model keeps a turn's own words as its episode: these go with the fact that was taken from them. */
import { env } from "cloudflare:workers";
import { expect, test } from "vitest";
import { Memory } from "../../../src/features/memory/schema.ts";
import { call, callFor } from "../../support/api.ts";
import { says, scriptWord, tool, uses } from "../../support/errand.ts";
import { expectForgotten, isSent, marked, type Rememberer, tell } from "../../support/forgetting.ts";
import { JournalingDevice } from "../../support/journaling-device.ts";
import { current, settled } from "../../support/memory.ts";
import { useSettings } from "../../support/settings.ts";
import { newUser } from "../../support/users.ts";

useSettings({ MEMORY_EXTRACTION: "heuristic" });

const PET = {
  message: "I wonder. Which animal is mine?",
  query: "the animal of the person",
  words: /zanzibar/i,
};

/** A fact that a turn has taken, and the words of this and two further turns. */
async function withPet(): Promise<Rememberer> {
  const user = await newUser(env);
  const who = { user, device: await JournalingDevice.start(user) };
  const word = await scriptWord([
    { when: { toolResult: "Remembered" }, reply: says("I will.") },
    { reply: uses(tool("update_core_memory", { key: "pet", value: "Zanzibar" })) },
  ]);
  await who.device.end(who.device.ask(marked("My heron is called Zanzibar.", word)));
  await settled(user);
  await tell(who, "Zanzibar likes fish.", {});
  await tell(who, "I play chess on Sundays.", {});
  expect(await current(user, "core")).toEqual(["pet: Zanzibar"]);
  expect(await current(user, "episodic")).toHaveLength(3);
  return who;
}

test("without a model too, no request of a later turn, list, search or export has a deleted fact's words", async () => {
  const who = await withPet();
  expect(await isSent(who, PET)).toBe(true);
  expect((await call("DELETE", "/api/v1/memory/core/pet", { as: who.user })).status).toBe(204);
  expect(await current(who.user)).toContainEqual(expect.stringContaining("I play chess on Sundays."));
  await expectForgotten(who, PET);
});

test("without a model too, a corrected fact leaves its old wording in no summary", async () => {
  const who = await withPet();
  await callFor(Memory, "PUT", "/memory/core/pet", { as: who.user, body: { value: "Pamplona" } });
  expect(await isSent(who, PET)).toBe(false);
});
