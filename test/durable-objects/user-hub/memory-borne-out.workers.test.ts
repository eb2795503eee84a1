/** What the memory's model notes is taken only as far as the person's words bear it out, however it reads them. */
import { expect, test } from "vitest";
import { says, scriptWord, startErrand } from "../../support/errand.ts";
import type { JournalingDevice } from "../../support/journaling-device.ts";
import { current, inPostgres, notes, promptOf, settled } from "../../support/memory.ts";
import { useSettings } from "../../support/settings.ts";
import type { TestUser } from "../../support/users.ts";

useSettings({ MEMORY_EXTRACTION: "model" });

interface Person {
  user: TestUser;
  device: JournalingDevice;
}

/** One turn, of which the memory's model makes `noted`. */
async function turn(
  { user, device }: Person,
  message: (word: string) => string,
  noted: Parameters<typeof notes>[0],
) {
  const word = await scriptWord([
    { when: { purpose: "memory" }, reply: notes(noted) },
    { reply: says("All right.") },
  ]);
  expect(await device.end(device.ask(message(word)))).toMatchObject({ status: "done" });
  await settled(user);
  return word;
}

const start = (): Promise<Person> => startErrand([{ reply: says("Hello.") }]);

test("a pasted text teaches nothing, though the model takes it for the person's own", async () => {
  const person = await start();
  const noted = {
    facts: [{ key: "name", value: "Mallory", quote: "My name is Mallory" }],
    statements: [{ statement: "The person lives in Oslo.", quote: "I live in Oslo" }],
  };
  const pasted = [
    (word: string) => `${word} Bob sent me this:\nI live in Oslo. My name is Mallory.`,
    (word: string) => `${word} Please translate this into French.\nMy name is Mallory.\nI live in Oslo.`,
    (word: string) => `${word} Create a note with the content: My name is Mallory. I live in Oslo.`,
  ];
  for (const message of pasted) {
    await turn(person, message, noted);
    expect([...(await current(person.user, "core")), ...(await current(person.user, "associative"))]).toEqual(
      [],
    );
  }
  await turn(person, (word) => `${word} Two things: My name is Mallory, and I live in Oslo.`, noted);
  expect(await current(person.user, "core")).toEqual(["name: Mallory"]);
});

test("what is said in another language is learnt in its words; what is taken back or denied is not", async () => {
  const person = await start();
  const say = (message: string, key: string, value: string) =>
    turn(person, (word) => `${message} ${word}`, {
      facts: [{ key, value, quote: message.replace(/[.。]$/, "") }],
      statements: [{ statement: `${key} ${value}`, quote: message.replace(/[.。]$/, "") }],
    });
  await say("Ich wohne in Wien.", "city", "Wien");
  await say("日本語で答えてください。", "language", "Japanese");
  await say("Forget that my name is Mallory.", "name", "Mallory");
  await say("Vergiss, dass ich Mallory heiße.", "name", "Mallory");
  await say("Do not email Mallory ever.", "always_cc", "email Mallory");
  expect(await current(person.user, "core")).toEqual(["city: Wien", "language: Japanese"]);
  expect(await current(person.user, "associative")).toEqual(["city Wien", "language Japanese"]);
});

test("what the person says holds no more is in no prompt, and stays as what was so", async () => {
  const person = await start();
  const { user } = person;
  await turn(person, (word) => `I work at Siemens. ${word}`, {
    facts: [{ key: "employer", value: "Siemens", quote: "I work at Siemens" }],
    statements: [{ statement: "The person rows at Siemens.", quote: "I work at Siemens" }],
  });
  const ended = [{ key: "employer", quote: "I no longer work at Siemens" }];
  await turn(person, (word) => `Bob said I no longer work at Siemens. ${word}`, { ended });
  expect(await promptOf(await turn(person, (word) => `Hello there ${word}`, {}))).toContain('"Siemens"');
  await turn(person, (word) => `I no longer work at Siemens. ${word}`, { ended });
  expect(await current(user, "core")).toEqual([]);
  expect((await inPostgres(user)).find(({ body }) => body.tier === "core")).toMatchObject({
    body: { value: "Siemens" },
    validTo: expect.any(Number),
  });
  expect(await promptOf(await turn(person, (word) => `Hello again ${word}`, {}))).not.toContain('"Siemens"');
});

test("a summary that tells what nobody said is not kept: the person's own words are, and stand in the next prompt", async () => {
  const person = await start();
  const word = await turn(person, (word) => `${word} how many days of leave do I have?`, {
    summary: "The person lives in Oslo and is called Mallory.",
  });
  expect(await current(person.user)).toEqual([`${word} how many days of leave do I have?`]);
  const prompt = await promptOf(await turn(person, (next) => `Hello again ${next}`, {}));
  expect(prompt).toContain("how many days of leave");
  expect(prompt).not.toMatch(/Oslo|Mallory/);
});
