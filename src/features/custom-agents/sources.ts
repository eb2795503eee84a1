import { AppError } from "../../lib/errors.ts";
import type { Ctx } from "../../platform/context.ts";
import { mergeRanked, searchKnowledge, withinTokens, withoutStrays } from "../knowledge/service.ts";
import { FoundSource } from "./schema.ts";

const SOURCES_MAX = 8;
const TOKENS_MAX = 6_000;
const DIVERSITY = 0.3;

/**
 * The parts of these collections that fit a question best. Collections that are gone are passed over. Throws `conflict` when
 * none is left.
 */
export async function findSources(
  ctx: Ctx,
  collections: readonly string[],
  question: string,
): Promise<FoundSource[]> {
  const query = question.slice(0, QUERY_CHARS_MAX).toWellFormed();
  const found = await Promise.all(collections.map((id) => findIn(ctx, id, query)));
  const lists = found.filter((list) => list !== null);
  if (lists.length === 0) {
    throw new AppError("conflict", { detail: "None of the agent's collections is there any more." });
  }
  const related = withoutStrays(ctx, query, mergeRanked(lists, query));
  const best = withinTokens(related.slice(0, SOURCES_MAX), TOKENS_MAX);
  return best.map((hit) => FoundSource.parse(hit));
}

const QUERY_CHARS_MAX = 2_000;

/** Null for a collection that is gone. */
async function findIn(ctx: Ctx, id: string, query: string) {
  try {
    const request = { collection_id: id, query, limit: SOURCES_MAX, diversity: DIVERSITY };
    const { data } = await searchKnowledge(ctx, request);
    return data.map((hit) => ({ ...hit, collection_id: id }));
  } catch (error) {
    if (error instanceof AppError && error.code === "not_found") return null;
    throw error;
  }
}
