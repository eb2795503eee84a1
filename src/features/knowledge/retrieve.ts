/** What is found for a question in one or several collections. */
import type { Ctx } from "../../platform/context.ts";
import { RERANKED_MAX } from "./core/rerank.ts";
import { isRelated, mergeRanked } from "./core/sources.ts";
import { type AskedQuery, keepQuery } from "./query-log.ts";
import type { RankedSearch } from "./query-schema.ts";
import { NO_USAGE, withUsage } from "./query-usage.ts";
import { type RerankOptions, rerank } from "./rerank.ts";
import type { SearchAnswer, SearchHit, SearchRequest } from "./schema.ts";
import { searchKnowledge } from "./search.ts";

export interface Found extends SearchHit {
  collection_id: string;
}

export interface Retrieval extends Omit<SearchRequest, "collection_id"> {
  /** Each one is searched by itself. */
  collectionIds: readonly string[];
  rerank: boolean;
}

/** The best of all collections, best first. Throws `not_found` when one of them is none of the person's. */
export async function retrieve(
  ctx: Ctx,
  retrieval: Retrieval,
  options: RerankOptions = {},
): Promise<Found[]> {
  const { collectionIds, rerank: isReranked, limit, ...rest } = retrieval;
  const wanted = isReranked ? Math.max(limit, RERANKED_MAX) : limit;
  const lists = await Promise.all(
    [...new Set(collectionIds)].map(async (id) => {
      const { data } = await searchKnowledge(ctx, { ...rest, collection_id: id, limit: wanted });
      return data.map((hit): Found => ({ ...hit, collection_id: id }));
    }),
  );
  const merged = mergeRanked(lists, rest.query);
  const ordered = isReranked ? await rerank(ctx, rest.query, merged, options) : merged;
  return ordered.slice(0, limit);
}

/**
 * Without those that only chance can have found: the embedded embedder knows no meanings, so what shares no word with the
 * question, not even a part of one, has nothing to do with it. Other embedders find what is said in other words.
 */
export function withoutStrays<Hit extends SearchHit>(
  { config }: Pick<Ctx, "config">,
  question: string,
  found: readonly Hit[],
): Hit[] {
  return config.embedder.kind === "hashing" ? found.filter((hit) => isRelated(question, hit)) : [...found];
}

/**
 * One collection, by the words and the meaning of a query; with `rerank` in the small model's order. It is kept in the
 * person's log under `id`, after the answer.
 */
export async function searchCollection(ctx: Ctx, request: RankedSearch, id: string): Promise<SearchAnswer> {
  let usage = NO_USAGE;
  const answer = await ranked(ctx, request, (spent) => {
    usage = withUsage(usage, spent);
  });
  const { query: question, collection_id } = request;
  const sources = answer.data.map(({ chunk_id, document }) => ({
    chunk_id,
    document_id: document.id,
    number: null,
  }));
  const entry: AskedQuery = {
    id,
    kind: "search",
    outcome: sources.length > 0 ? "answered" : "not_answered",
    question,
    collection_ids: [collection_id],
    sources,
    usage,
  };
  ctx.waitUntil(keepQuery(ctx, entry));
  return answer;
}

async function ranked(
  ctx: Ctx,
  request: RankedSearch,
  spent: NonNullable<RerankOptions["spent"]>,
): Promise<SearchAnswer> {
  const { rerank: isReranked, ...search } = request;
  if (!isReranked) return searchKnowledge(ctx, search);
  const answer = await searchKnowledge(ctx, { ...search, limit: Math.max(search.limit, RERANKED_MAX) });
  const ordered = await rerank(ctx, search.query, answer.data, { spent });
  return { ...answer, data: ordered.slice(0, search.limit) };
}
