/** What is kept of how many chunks have a word: a count that went wrong keeps nobody from writing or searching. */
import { env } from "cloudflare:workers";
import { sql } from "drizzle-orm";
import { expect, test } from "vitest";
import { found, ingested, newCollection, replaced } from "../../support/knowledge.ts";
import { rawSql } from "../../support/raw-sql.ts";
import { newUser, type TestUser } from "../../support/users.ts";

async function countsOf(user: TestUser): Promise<unknown[]> {
  const { rows } = await rawSql(user, sql`select distinct chunks from token_counts order by 1`);
  return rows.map(({ chunks }) => chunks);
}

test.each([
  ["too low", sql`update token_counts set chunks = 0`],
  ["gone", sql`delete from token_counts`],
])("where a count is %s, a document gets other content, and the rest is found", async (_, spoil) => {
  const user = await newUser(env);
  const collection = await newCollection(user);
  const send = (content: string) => ingested(user, { collection_id: collection.id, content });
  const [changing, kept] = [await send("Otters were counted."), await send("Otters were fed.")];
  expect(await countsOf(user)).toEqual([1, 2]);
  expect((await rawSql(user, spoil)).code).toBeUndefined();
  await replaced(user, changing, { content: "Herons." });
  expect(await countsOf(user)).toEqual([0, 1]);
  expect((await found(user, collection, "otters"))[0]?.document.id).toBe(kept.id);
});

test("no count is ever below zero, whatever a statement says", async () => {
  const user = await newUser(env);
  const collection = await newCollection(user);
  await ingested(user, { collection_id: collection.id, content: "Otters." });
  await rawSql(user, sql`update token_counts set chunks = -3`);
  expect(await countsOf(user)).toEqual([0]);
  await rawSql(
    user,
    sql`insert into token_counts (collection, token, chunks) select collection, 7, -1 from token_counts`,
  );
  expect(await countsOf(user)).toEqual([0]);
});
