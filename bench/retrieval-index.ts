/** A collection indexed in memory by the product's own terms, tokens, vectors and scores; only the tables are maps. */
import { detectLanguage } from "../src/features/knowledge/core/languages.ts";
import {
  EFFORT,
  type Effort,
  type FusionWeights,
  fuse,
  type Scored,
  scoreKeywords,
  type TermPosting,
} from "../src/features/knowledge/core/rank.ts";
import { queryTermsOf, termsOf } from "../src/features/knowledge/core/terms.ts";
import { BlindIndex } from "../src/platform/blind-index.ts";
import type { Embedder } from "../src/platform/embedder.ts";
import type { Item } from "./retrieval-collection.ts";

const QUERY_TERMS_MAX = 32;

/** What is found, with the document it is a part of. */
export interface Piece {
  document: string;
  text: string;
}

/** By position in the pieces. */
type Found = Scored<number>[];

/** Terms as they are, or tokens: the table is the same. */
class PostingTable<Token> {
  readonly #postings = new Map<Token, TermPosting<number>[]>();
  #chunks = 0;
  #length = 0;

  add(id: number, postings: Iterable<{ token: Token; frequency: number }>, length: number): void {
    this.#chunks++;
    this.#length += length;
    for (const { token, frequency } of postings) {
      const list = this.#postings.get(token) ?? [];
      list.push({ id, frequency, length });
      this.#postings.set(token, list);
    }
  }

  search(terms: readonly (readonly Token[])[], effort: Effort): Found {
    const postings = terms.map((alternatives) =>
      alternatives.flatMap((token) => this.#postings.get(token) ?? []),
    );
    const size = { chunks: this.#chunks, averageLength: this.#length / this.#chunks };
    return scoreKeywords(postings, size, effort);
  }
}

/** The product: keyed hashes, each text in its own language, each query in all of them. */
export function searchBlind(
  pieces: readonly Piece[],
  queries: readonly Item[],
  key: Uint8Array,
  effort: Effort = EFFORT,
): Found[] {
  const index = new BlindIndex(key);
  const table = new PostingTable<bigint>();
  for (const [id, { text }] of pieces.entries()) {
    const { postings, length } = index.readTerms(termsOf(text));
    table.add(id, postings, length);
  }
  return queries.map(({ text }) =>
    table.search(
      queryTermsOf(text, QUERY_TERMS_MAX).map((terms) => index.tokens(terms)),
      effort,
    ),
  );
}

/** What an effort that was made for so many chunks leaves for those that are here. */
export function scaled({ choosing, reading, candidates }: Effort, share: number): Effort {
  return { choosing: choosing * share, reading: reading * share, candidates };
}

/** All of it, whatever it costs. */
const WHOLE: Effort = {
  choosing: Number.POSITIVE_INFINITY,
  reading: Number.POSITIVE_INFINITY,
  candidates: Number.POSITIVE_INFINITY,
};

/** What it is measured against: terms in the clear, every word of every query, and the language known. */
export function searchPlain(pieces: readonly Piece[], queries: readonly Item[]): Found[] {
  const language = detectLanguage(pieces.map(({ text }) => text).join("\n")) ?? "en";
  const table = new PostingTable<string>();
  for (const [id, { text }] of pieces.entries()) {
    const terms = termsOf(text, language);
    const length = [...terms.values()].reduce((sum, frequency) => sum + frequency, 0);
    table.add(
      id,
      [...terms].map(([token, frequency]) => ({ token, frequency })),
      length,
    );
  }
  return queries.map(({ text }) =>
    table.search(
      [...termsOf(text, language).keys()].map((term) => [term]),
      WHOLE,
    ),
  );
}

export async function searchVectors(
  pieces: readonly Piece[],
  queries: readonly Item[],
  embedder: Embedder,
  key: Uint8Array,
): Promise<Found[]> {
  const textsOf = (items: readonly { text: string }[]) => items.map(({ text }) => text);
  const vectors = await embedder.embed(textsOf(pieces), { key });
  const wanted = await embedder.embed(textsOf(queries), { key });
  return wanted.map((query) =>
    vectors.map((vector, id) => ({ id, score: dot(vector, query) })).sort((a, b) => b.score - a.score),
  );
}

export function searchBoth(
  keywords: readonly Found[],
  vectors: readonly Found[],
  weights: FusionWeights,
): Found[] {
  return keywords.map((found, query) => fuse(found, vectors[query]!, weights));
}

/** Each document once, where its best piece stands. */
export function documentsOf(found: Found, pieces: readonly Piece[]): string[] {
  return [...new Set(found.map(({ id }) => pieces[id]!.document))];
}

function dot(left: Float32Array, right: Float32Array): number {
  let sum = 0;
  for (let index = 0; index < left.length; index++) sum += left[index]! * right[index]!;
  return sum;
}
