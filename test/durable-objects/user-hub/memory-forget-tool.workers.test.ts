/** A person says in a turn what is to be forgotten, and what is not to be suggested again. */

import { env } from "cloudflare:workers";
import { expect, test } from "vitest";
import { pattern, statement } from "../../features/memory/items.ts";
import { says, scriptWord, tool, uses } from "../../support/errand.ts";
import { JournalingDevice } from "../../support/journaling-device.ts";
import { command, current, inPostgres, leaveBehind, notes, settled } from "../../support/memory.ts";
import { modelRequests } from "../../support/model.ts";
import { useSettings } from "../../support/settings.ts";
import { newUser, type TestUser } from "../../support/users.ts";

useSettings({ MEMORY_EXTRACTION: "model" });

const FORGETS = { when: { purpose: "memory" as const }, reply: notes({}) };

/** One home turn whose model wants `what` forgotten; gives what the model was told. */
async function forgets(device: JournalingDevice, message: string, what: string): Promise<string> {
  const word = await scriptWord([
    FORGETS,
    ...["orgotten", "suggested again", "Nothing"].map((toolResult) => ({
      when: { toolResult },
      reply: says("Done."),
    })),
    { reply: uses(tool("forget_memory", { what })) },
  ]);
  expect(await device.end(device.ask(`${message}\n> ${word}`))).toMatchObject({ status: "done" });
  return JSON.stringify((await modelRequests(word, "turn")).at(-1)?.request?.messages.at(-1));
}

async function start(
  ...left: Parameters<typeof leaveBehind>[1][]
): Promise<{ user: TestUser; device: JournalingDevice }> {
  const user = await newUser(env);
  await leaveBehind(user, ...left);
  const device = await JournalingDevice.start(user);
  return { user, device };
}

test("what the message names is forgotten in every store, and named to the model; the rest stays", async () => {
  const { user, device } = await start(
    statement("The person prefers tea in the morning."),
    statement("The person plays chess."),
  );
  await command(user, { kind: "put_core", entry: { key: "city", value: "Oslo" } });
  await command(user, { kind: "put_core", entry: { key: "pet", value: "flamingo" } });
  expect(await forgets(device, "Please forget that I prefer tea in the morning.", "tea")).toContain(
    'Forgotten: \\"The person prefers tea in the morning.\\"',
  );
  expect(await forgets(device, "Forget my city.", "city")).toContain('Forgotten: \\"Oslo\\"');
  await settled(user);
  expect((await inPostgres(user)).map(({ body }) => JSON.stringify(body)).join()).not.toMatch(/tea|Oslo/);
  expect(await current(user, "core")).toEqual(["pet: flamingo"]);
  expect(await current(user, "associative")).toEqual(["The person plays chess."]);
});

test("nothing is forgotten that the message does not ask for or name, whatever the model wants", async () => {
  const { user, device } = await start(statement("The person plays chess."));
  await command(user, { kind: "put_core", entry: { key: "city", value: "Oslo" } });
  for (const message of [
    "Delete the task about Oslo.",
    "Don't forget that I live in Oslo.",
    "Where is Oslo?",
  ])
    expect(await forgets(device, message, "Oslo"), message).toContain("Not forgotten");
  expect(await forgets(device, "Forget that I like milk.", "Oslo, plays chess")).toContain("Nothing");
  await settled(user);
  expect(await current(user, "core")).toEqual(["city: Oslo"]);
  expect(await current(user, "associative")).toEqual(["The person plays chess."]);
});

test("a suggestion is turned off for good", async () => {
  const { user, device } = await start(pattern("Asks for reports on Fridays", { lastUsedAt: 1 }));
  expect(await forgets(device, "Stop suggesting that.", "suggestion")).toContain("Never suggested again");
  await settled(user);
  const [habit] = (await inPostgres(user)).filter(({ body }) => body.tier === "proactive");
  expect(habit?.dismissedAt).not.toBeNull();
});
