import { env } from "cloudflare:workers";
import { sql } from "drizzle-orm";
import { expect, test } from "vitest";
import { allow } from "../../../src/features/auth/policy.ts";
import { selectCollection } from "../../../src/features/knowledge/collection-rows.ts";
import { scoreKeywords, type TermPosting } from "../../../src/features/knowledge/core/rank.ts";
import { queryTermsOf } from "../../../src/features/knowledge/core/terms.ts";
import { byKeywords } from "../../../src/features/knowledge/search.ts";
import { openVault } from "../../../src/features/knowledge/vault.ts";
import { connectAs } from "../../support/database.ts";
import { ingested, newCollection, replaced } from "../../support/knowledge.ts";
import { newUser, userCtx } from "../../support/users.ts";

const NAMES = ["otters", "herons", "swans", "geese", "cranes"];

function diary(days: number, place: string): string {
  return Array.from(
    { length: days },
    (_, day) => `Day ${day} at the ${place}: ${NAMES.slice(0, 1 + (day % 5)).join(", ")} in the reeds.`,
  ).join("\n\n");
}

test("the database scores keywords as the core does, which the bench measures", async () => {
  const user = await newUser(env);
  const made = await newCollection(user, { settings: { chunk_tokens: 64, overlap_tokens: 0 } });
  await ingested(user, { collection_id: made.id, content: diary(60, "lake") });
  const old = await ingested(user, { collection_id: made.id, content: diary(40, "weir") });
  await replaced(user, old, { content: `${diary(20, "weir")}\n\nThe geese left.` });

  const ctx = userCtx(env, user);
  const permission = allow("collections", "search");
  const vault = await openVault(ctx, permission);
  const [[collection]] = await ctx.db.run(permission, (queries) => [selectCollection(queries, ctx, made.id)]);
  if (!collection) throw new Error("the collection is not there");
  const { rows } = await connectAs(env, "postgres").execute<{
    id: string;
    token: string;
    frequency: number;
    length: number;
  }>(sql`
    select c.id, p.token::text, p.frequency, p.length from postings p join chunks c on c.number = p.chunk
    where p.collection = ${collection.number} and not c.hidden`);
  const lengths = new Map(rows.map(({ id, length }) => [id, length]));
  const size = {
    chunks: lengths.size,
    averageLength: [...lengths.values()].reduce((sum, length) => sum + length, 0) / lengths.size,
  };

  for (const query of ["geese at the lake", "swans and cranes in the reeds of the weir", "who left"]) {
    const terms = queryTermsOf(query, 32).map((alternatives): TermPosting<string>[] => {
      const tokens = new Set(vault.index.tokens(alternatives).map(String));
      return rows.filter(({ token }) => tokens.has(token));
    });
    const scores = await byKeywords(ctx, vault, { collection, version: null }, query);
    expect(scores.length, query).toBeGreaterThan(0);
    const expected = new Map(scoreKeywords(terms, size).map(({ id, score }) => [id, score]));
    expect(scores.length, query).toBe(Math.min(100, expected.size));
    for (const { id, score } of scores) expect(score, query).toBeCloseTo(expected.get(id) ?? 0, 6);
  }
});
