/** From what an index found to an order: BM25, the fusion of keywords with vectors, and diversity (spec 6). */

export interface Scored<Id> {
  id: Id;
  score: number;
}

/** Where a term occurs: how often in which chunk, and how many terms that chunk has. */
export interface TermPosting<Id> {
  id: Id;
  frequency: number;
  length: number;
}

/** Over what is searched. */
export interface CorpusSize {
  chunks: number;
  averageLength: number;
}

/** BM25's constants, tuned on SciFact and Cranfield: how soon repetition stops to count, and how much length is marked down. */
export const BM25 = { saturation: 1.5, lengthShare: 0.75 } as const;
/**
 * What a query may cost, in postings read. Its words are taken from the rarest on. Those with `choosing` postings together
 * choose the chunks; the best `candidates` of them get the weight of the other words too, up to `reading` postings in all.
 * The rarest word is always read. With `choosing` a quarter of the chunks, SciFact and Cranfield lose at most 0.004 of
 * nDCG@10 to weighing everything; to leave out words that a fifth of all chunks have loses 0.008 and 0.02.
 */
export const EFFORT = { choosing: 25_000, reading: 200_000, candidates: 400 } as const;
export type Effort = Record<keyof typeof EFFORT, number>;
/** How many of the best of each list are fused. */
export const CANDIDATES_MAX = 100;

/** How much a term tells, by the number of chunks that have it (the "idf" of BM25, never negative). */
export function rarityOf(found: number, chunks: number): number {
  return Math.log(1 + Math.max(0, chunks - found + 0.5) / (found + 0.5));
}

/**
 * BM25 (Robertson and Zaragoza, 2009). `terms` has an entry for each term of the query: the postings of all its
 * alternatives, which share one rarity.
 */
export function scoreKeywords<Id>(
  terms: readonly (readonly TermPosting<Id>[])[],
  size: CorpusSize,
  effort: Effort = EFFORT,
): Scored<Id>[] {
  const { choosing, adding } = shareOut(terms, effort);
  const scores = new Map<Id, number>();
  for (const { id, score } of choosing.flatMap((postings) => weigh(postings, size))) {
    scores.set(id, (scores.get(id) ?? 0) + score);
  }
  const chosen = best(Array.from(scores, ([id, score]) => ({ id, score })));
  const candidates = new Map(chosen.slice(0, effort.candidates).map((one) => [one.id, one]));
  for (const { id, score } of adding.flatMap((postings) => weigh(postings, size))) {
    const candidate = candidates.get(id);
    if (candidate) candidate.score += score;
  }
  return best([...candidates.values()]);
}

function shareOut<Postings extends readonly unknown[]>(terms: readonly Postings[], effort: Effort) {
  const rarestFirst = terms.filter(({ length }) => length > 0).sort((a, b) => a.length - b.length);
  const choosing: Postings[] = [];
  const adding: Postings[] = [];
  let read = 0;
  for (const postings of rarestFirst) {
    read += postings.length;
    if (choosing.length === 0 || read <= effort.choosing) choosing.push(postings);
    else if (read <= effort.reading) adding.push(postings);
  }
  return { choosing, adding };
}

function weigh<Id>(
  postings: readonly TermPosting<Id>[],
  { chunks, averageLength }: CorpusSize,
): Scored<Id>[] {
  const { saturation, lengthShare } = BM25;
  const rarity = rarityOf(Math.min(postings.length, chunks), chunks);
  return postings.map(({ id, frequency, length }) => {
    const lengthFactor = 1 - lengthShare + (lengthShare * length) / averageLength;
    return { id, score: (rarity * frequency * (saturation + 1)) / (frequency + saturation * lengthFactor) };
  });
}

export interface FusionWeights {
  keywords: number;
  vectors: number;
}

/**
 * The largest share of vectors with which no one of twelve owners lost 0.005 to keywords alone, on SciFact and Cranfield:
 * these vectors know no synonyms. `npm run bench:retrieval` measures it for other owners, and all shares beside it.
 */
const HASHING_WEIGHTS: FusionWeights = { keywords: 0.85, vectors: 0.15 };
/** For embedders that were trained on sentences: best with all-MiniLM-L6-v2 on SciFact and on Cranfield, of twelve shares. */
const SENTENCE_WEIGHTS: FusionWeights = { keywords: 0.5, vectors: 0.5 };

/** @param embedderId `Embedder.id`. */
export function fusionWeightsOf(embedderId: string): FusionWeights {
  return embedderId.startsWith("adjutant-hash-") ? HASHING_WEIGHTS : SENTENCE_WEIGHTS;
}

export interface Fused<Id> extends Scored<Id> {
  /** The shares, each from 0 to 1. */
  keywords: number;
  vectors: number;
}

/**
 * The weighted sum of both scores, each list's spread over 0 to 1 first: what only one list has counts 0 in the other.
 * Both lists begin with their best; the first `CANDIDATES_MAX` of each take part.
 */
export function fuse<Id>(
  keywords: readonly Scored<Id>[],
  vectors: readonly Scored<Id>[],
  weights: FusionWeights,
): Fused<Id>[] {
  const byKeywords = spread(keywords.slice(0, CANDIDATES_MAX));
  const byVectors = spread(vectors.slice(0, CANDIDATES_MAX));
  const fused = [...new Set([...byKeywords.keys(), ...byVectors.keys()])].map((id) => {
    const shares = { keywords: byKeywords.get(id) ?? 0, vectors: byVectors.get(id) ?? 0 };
    return {
      id,
      ...shares,
      score: weights.keywords * shares.keywords + weights.vectors * shares.vectors,
    };
  });
  return best(fused);
}

/** The worst of a list keeps a little over nothing: it was found, others were not. */
const FOUND_SHARE = 0.001;

function spread<Id>(list: readonly Scored<Id>[]): Map<Id, number> {
  const highest = list[0]?.score ?? 0;
  const lowest = list.at(-1)?.score ?? 0;
  const range = highest - lowest;
  const share = (score: number) => (range > 0 ? (score - lowest) / range : 1);
  return new Map(list.map(({ id, score }) => [id, FOUND_SHARE + (1 - FOUND_SHARE) * share(score)]));
}

/** Stable: equals stay in the order they came. */
function best<Item extends Scored<unknown>>(items: Item[]): Item[] {
  return items.sort((a, b) => b.score - a.score);
}

export interface Diversity<Item> {
  limit: number;
  /** 1 keeps the order; below it likeness to what was chosen costs more. */
  relevanceShare: number;
  /** From 0, nothing in common, to 1, the same. */
  likeness: (one: Item, other: Item) => number;
}

/**
 * Maximal marginal relevance (Carbonell and Goldstein, 1998): the next is the best that does not repeat the chosen.
 * The items come best first.
 */
export function diversify<Item extends Scored<unknown>>(
  items: readonly Item[],
  { limit, relevanceShare, likeness }: Diversity<Item>,
): Item[] {
  const relevance = spread(items.map((item) => ({ id: item, score: item.score })));
  const left = items.map((item) => ({ item, likest: 0 }));
  const chosen: Item[] = [];
  while (chosen.length < limit && left.length > 0) {
    const worth = ({ item, likest }: (typeof left)[number]) =>
      relevanceShare * relevance.get(item)! - (1 - relevanceShare) * likest;
    let next = 0;
    for (let index = 1; index < left.length; index++) {
      if (worth(left[index]!) > worth(left[next]!)) next = index;
    }
    const [{ item }] = left.splice(next, 1) as [(typeof left)[number]];
    chosen.push(item);
    for (const one of left) one.likest = Math.max(one.likest, likeness(one.item, item));
  }
  return chosen;
}

/** How much two chunks say the same: the cosine of the sets of their terms. */
export function likenessOf(one: ReadonlySet<unknown>, other: ReadonlySet<unknown>): number {
  let shared = 0;
  for (const term of one) if (other.has(term)) shared++;
  return shared === 0 ? 0 : shared / Math.sqrt(one.size * other.size);
}
