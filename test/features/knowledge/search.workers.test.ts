import { env } from "cloudflare:workers";
import { beforeAll, expect, test } from "vitest";
import { SearchAnswer } from "../../../src/features/knowledge/schema.ts";
import { callFor } from "../../support/api.ts";
import { ingested, newCollection } from "../../support/knowledge.ts";
import { newUser, type TestUser } from "../../support/users.ts";

const HANDBOOK = `# Handbook

## Holidays
Employees have thirty days of paid holiday a year. Unused days expire in March of the year that follows, unless work
did not allow to take them.

## Parking
Bicycles are parked in the yard. Cars need a badge from the reception, which is open from eight in the morning until
six in the evening.

## Expenses
Train tickets are reimbursed when the receipt is handed in within four weeks.`;

const FISH = "Der Hecht lebt in Seen und Flüssen. Die Fischer fangen ihn im Winter unter dem Eis.";

let user: TestUser;
let collection: { id: string };

beforeAll(async () => {
  user = await newUser(env);
  collection = await newCollection(user, { settings: { chunk_tokens: 64, overlap_tokens: 0 } });
  await ingested(user, { collection_id: collection.id, content: HANDBOOK, type: "markdown" });
  await ingested(user, { collection_id: collection.id, content: FISH, title: "Fische" });
});

async function search(query: string, more: Record<string, unknown> = {}) {
  const body = { collection_id: collection.id, query, ...more };
  return (await callFor(SearchAnswer, "POST", "/rag/search", { as: user, body })).data;
}

test("finds the part that answers, with its document, its place and what shows it", async () => {
  const [best] = await search("how many holidays are paid?");
  expect(best?.text).toContain("thirty days");
  expect(best?.document.title).toBe("Handbook");
  expect(best?.position.heading).toContain("Handbook");
  const { text, marks } = best?.highlight ?? { text: "", marks: [] };
  expect(marks.map(({ start, end }) => text.slice(start, end).toLowerCase())).toContain("holiday");
});

test("finds other forms of a word in the language of the document", async () => {
  const [best] = await search("Fluss");
  expect(best?.document.title).toBe("Fische");
});

test("ranks the best first and gives no more than was asked for", async () => {
  const hits = await search("train tickets are reimbursed with a receipt, days", { limit: 2, diversity: 0 });
  expect(hits).toHaveLength(2);
  expect(hits[0]?.text).toContain("reimbursed");
  expect(hits[0]?.score).toBeGreaterThan(hits[1]?.score ?? 1);
});

test("repetitions give way to what says something else", async () => {
  const own = await newCollection(user);
  for (const content of [
    "The red kite nests in oaks.",
    "The red kite nests in oaks.",
    "A red kite eats mice.",
  ]) {
    await ingested(user, { collection_id: own.id, content });
  }
  const texts = async (diversity: number) => {
    const body = { collection_id: own.id, query: "red kite nests", limit: 2, diversity };
    const { data } = await callFor(SearchAnswer, "POST", "/rag/search", { as: user, body });
    return new Set(data.map(({ text }) => text)).size;
  };
  expect(await texts(0)).toBe(1);
  expect(await texts(0.9)).toBe(2);
});

test("words that nothing has, in a collection that holds nothing, find nothing", async () => {
  const empty = await newCollection(user);
  const body = { collection_id: empty.id, query: "anything" };
  expect((await callFor(SearchAnswer, "POST", "/rag/search", { as: user, body })).data).toEqual([]);
});
