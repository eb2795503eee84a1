/** Says, asks and searches everything that a person, or a model on their behalf, could still read. */
import { expect } from "vitest";
import { MemoryPage } from "../../src/features/memory/schema.ts";
import { callFor } from "./api.ts";
import { says, scriptWord, tool, uses } from "./errand.ts";
import { crashHub } from "./hub.ts";
import type { JournalingDevice } from "./journaling-device.ts";
import { inHubTables, inPostgres, notes, settled } from "./memory.ts";
import { modelRequests } from "./model.ts";
import type { TestUser } from "./users.ts";

export interface Rememberer {
  user: TestUser;
  device: JournalingDevice;
}

/** With the script's word where an episode without a model leaves it out: else later turns would answer to it. */
export function marked(message: string, word: string): string {
  return `${message} Is it ${word}?`;
}

/** A turn and what it teaches, when a model is asked for that. */
export async function tell(
  { user, device }: Rememberer,
  message: string,
  taught: Parameters<typeof notes>[0],
): Promise<void> {
  const word = await scriptWord([
    { when: { purpose: "memory" }, reply: notes(taught) },
    { reply: says("Nice.") },
  ]);
  expect(await device.end(device.ask(marked(message, word)))).toMatchObject({ status: "done" });
  await settled(user);
}

/** All that models are sent for a turn that looks into the memory, raw. */
async function sentFor({ user, device }: Rememberer, message: string, query: string): Promise<string> {
  const word = await scriptWord([
    { when: { purpose: "memory" }, reply: notes({}) },
    { when: { toolResult: "-" }, reply: says("So I heard.") },
    { when: { toolResult: "Nothing" }, reply: says("I know nothing.") },
    { reply: uses(tool("recall", { query })) },
  ]);
  expect(await device.end(device.ask(marked(message, word)))).toMatchObject({ status: "done" });
  await settled(user);
  const requests = [...(await modelRequests(word)), ...(await modelRequests(word, "memory"))];
  expect(requests.length).toBeGreaterThan(1);
  return requests.map(({ rawBody }) => rawBody).join("\n");
}

export interface Search {
  /** Not a question alone, and in words that have nothing of what is looked for. */
  message: string;
  query: string;
  words: RegExp;
}

/** Whether the next turn's models are sent the words. */
export async function isSent(who: Rememberer, { message, query, words }: Search): Promise<boolean> {
  return words.test(await sentFor(who, message, query));
}

/** The words are in no store, list, search, export or request of a next turn, now and after the hub's restart. */
export async function expectForgotten(who: Rememberer, search: Search): Promise<void> {
  const { user, device } = who;
  const { words } = search;
  expect(await inHubTables(user)).toMatchObject({ owed_memories: 0 });
  for (const before of [async () => {}, () => crashHub(user).then(() => device.reconnect())]) {
    await before();
    expect(await sentFor(who, search.message, search.query)).not.toMatch(words);
    expect(JSON.stringify(await inPostgres(user))).not.toMatch(words);
    for (const path of ["", `?q=${encodeURIComponent(search.query)}`, "/export"]) {
      const { data } = await callFor(MemoryPage, "GET", `/memory${path}`, { as: user });
      expect(JSON.stringify(data)).not.toMatch(words);
    }
  }
}
