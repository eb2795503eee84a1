import { and, desc, sql } from "drizzle-orm";
import { AppError } from "../../lib/errors.ts";
import { type Ctx, userIdOf } from "../../platform/context.ts";
import { createEmbedder, EMBEDDER_KEY_PURPOSE } from "../../platform/embedder.ts";
import type { DataKey } from "../../platform/keyring.ts";
import { allow } from "../auth/policy.ts";
import { userDataKey } from "../users/service.ts";
import { answersOf } from "./answers.ts";
import { isCurrent, mine, ofTier, WORDS } from "./conditions.ts";
import { likeness, likenessSettingsOf } from "./likeness.ts";
import { toItem } from "./rows.ts";
import type { Memory, MemoryItem, MemoryTier, MemoryVector } from "./schema.ts";
import { memories } from "./tables.ts";
import { textOf } from "./text.ts";
import { MemoryVault, openVault } from "./vault.ts";
import { nearness } from "./word-forms.ts";

/** Of each kind, opened and compared by their words. */
const CANDIDATES_MAX = 200;
/** Below it two texts are alike by chance, such as two names with one ending: only common words count then. */
const COSINE_MIN = 0.2;

/**
 * What is current and fits the question, the best first: the nearest by vector, and the newest of what has none in this
 * vector space, ranked by words and vectors together. Needs pgvector in the database.
 */
export async function searchMemory(
  ctx: Ctx,
  { q, limit, tier }: { q: string; limit: number; tier?: MemoryTier | undefined },
): Promise<Memory[]> {
  const permission = allow("memory", "read");
  const key = await userDataKey(ctx);
  const embedder = createEmbedder(ctx.config.embedder);
  const [vector] = await embedder.embed([q], { key: key.derive(EMBEDDER_KEY_PURPOSE) });
  if (!vector) throw new AppError("internal", { detail: "The embedder gave no vector." });
  const { cosine, isComparable } = comparison({ embedder: embedder.id, vector });
  const searched = and(mine(ctx), ofTier(tier), isCurrent(ctx));
  const [near, others] = await ctx.db.run(permission, (queries) => [
    queries
      .select({ row: WORDS, cosine })
      .from(memories)
      .where(and(searched, isComparable))
      .orderBy(desc(cosine))
      .limit(CANDIDATES_MAX),
    queries
      .select({ row: WORDS, cosine: sql<null>`null` })
      .from(memories)
      .where(and(searched, sql`(${isComparable}) is not true`))
      .orderBy(desc(memories.id))
      .limit(CANDIDATES_MAX),
  ]);
  const vault = new MemoryVault(key, userIdOf(ctx));
  const found = [...near, ...others].map(({ row, cosine }) => ({ item: toItem(vault, row), cosine }));
  const { cosineMin, wordsShare } = likenessSettingsOf(ctx.config.embedder.kind);
  const least = Math.max(COSINE_MIN, cosineMin);
  const candidates = found.map(({ item, cosine }) => ({
    text: searchedText(item.body),
    cosine: cosine !== null && cosine >= least ? cosine : null,
  }));
  const scores = likeness(q, candidates, wordsShare, nearness);
  const best = found
    .map(({ item }, at) => ({ item, score: scores[at] ?? 0 }))
    .filter(({ score }) => score > 0)
    .toSorted((one, other) => other.score - one.score)
    .slice(0, limit)
    .map(({ item }) => item);
  return answersOf(ctx, best, vault);
}

/**
 * Statements and summaries nearest to a vector, the best first, by an exact scan: for a hub whose shelf does not hold them
 * all. `score` is the cosine. Needs pgvector in the database.
 */
export async function nearestMemories(
  ctx: Ctx,
  { embedding, tier, limit }: { embedding: MemoryVector; tier?: MemoryTier; limit: number },
  key?: DataKey,
): Promise<{ item: MemoryItem; score: number }[]> {
  const { cosine, isComparable } = comparison(embedding);
  const [rows] = await ctx.db.run(allow("memory", "read"), (queries) => [
    queries
      .select({ row: WORDS, cosine })
      .from(memories)
      .where(and(mine(ctx), ofTier(tier), isCurrent(ctx), isComparable))
      .orderBy(desc(cosine))
      .limit(limit),
  ]);
  const vault = await openVault(ctx, key);
  return rows.map(({ row, cosine: score }) => ({ item: toItem(vault, row), score }));
}

function comparison({ embedder, vector }: MemoryVector) {
  const asked = sql`${`[${Array.from(vector).join(",")}]`}::vector`;
  return {
    cosine: sql<number>`1 - (${memories.embedding} <=> ${asked})`,
    isComparable: sql`${memories.embedder} = ${embedder}`,
  };
}

/** A fact is also found by the name of its key. */
function searchedText(body: Parameters<typeof textOf>[0]): string {
  return body.tier === "core" ? `${body.key.replaceAll("_", " ")} ${body.value}` : textOf(body);
}
