/** How often a search asks the database, which is a network away. */
import { env } from "cloudflare:workers";
import { expect, test } from "vitest";
import { searchKnowledge } from "../../../src/features/knowledge/service.ts";
import { ingested, newCollection } from "../../support/knowledge.ts";
import { newUser, userCtx } from "../../support/users.ts";

test("a search asks the database four times: what may be seen, words and vectors at once, and what was found", async () => {
  const user = await newUser(env);
  const { id: collection_id } = await newCollection(user);
  await ingested(user, { collection_id, content: "Bicycles are parked in the yard." });
  const search = async () => {
    const ctx = userCtx(env, user);
    const { data } = await searchKnowledge(ctx, { collection_id, query: "yard", limit: 3, diversity: 0 });
    expect(data).toHaveLength(1);
    return ctx.db.roundTrips;
  };
  // The first in an isolate also learns the tenant's key and how the database keeps vectors.
  await search();
  expect(await search()).toBe(4);
});

test("a search of a collection that the isolate knows waits for two trips only, one after the other", async () => {
  const user = await newUser(env);
  const { id: collection_id } = await newCollection(user);
  await ingested(user, { collection_id, content: "Bicycles are parked in the yard." });
  const search = async () => {
    const { db, ...ctx } = userCtx(env, user);
    const trips: string[] = [];
    const run: typeof db.run = async (permission, build) => {
      trips.push("begun");
      const results = await db.run(permission, build);
      trips.push("ended");
      return results;
    };
    const seen = { ...ctx, db: { ...db, identify: () => db.identify(), run } };
    await searchKnowledge(seen, { collection_id, query: "yard", limit: 3, diversity: 0 });
    return trips.join(" ");
  };
  await search();
  expect(await search()).toBe("begun begun begun ended ended ended begun ended");
});
