/**
 * Keyword search over enveloped text (spec 6): each word becomes a token, its HMAC-SHA-256 truncated to 64 bits. Without
 * the key a dictionary cannot be tried against the tokens. What they do not hide: which documents of one owner share a
 * word, how often it occurs in them, and how long they are.
 */
import { createHmac } from "node:crypto";
import { searchWords } from "../lib/search-words.ts";

export interface Posting {
  /** Signed, as Postgres keeps a `bigint`. */
  token: bigint;
  frequency: number;
}

export interface IndexedText {
  /** One for each distinct word, in the order of the text. */
  postings: Posting[];
  /** Words of the whole text, repetitions included. */
  length: number;
}

/** Distinct words of one text: a hundred pages have no more. */
const POSTINGS_MAX = 8_192;
/** Few words make up most of any text: an HMAC costs a hundred times what looking it up does. */
const REMEMBERED_MAX = 20_000;

export class BlindIndex {
  readonly #key: Uint8Array;
  readonly #remembered = new Map<string, bigint>();

  /** @param key The owner's, derived for this index alone: indexes with one key can be compared. */
  constructor(key: Uint8Array) {
    this.#key = key;
  }

  /** What of a text is stored. Words beyond the first 8,192 distinct ones cannot be found. */
  read(text: string): IndexedText {
    const counts = new Map<string, number>();
    for (const word of searchWords(text)) counts.set(word, (counts.get(word) ?? 0) + 1);
    return this.readTerms(counts);
  }

  /** The same for a text that was cut into terms already, each with its frequency. */
  readTerms(terms: ReadonlyMap<string, number>): IndexedText {
    const postings: Posting[] = [];
    let length = 0;
    for (const [term, frequency] of terms) {
      length += frequency;
      if (postings.length < POSTINGS_MAX) postings.push({ token: this.#token(term), frequency });
    }
    return { postings, length };
  }

  /** The distinct tokens to look for, of the first `termsMax` distinct words. */
  query(text: string, termsMax: number): bigint[] {
    return this.tokens([...new Set(searchWords(text))].slice(0, termsMax));
  }

  /** One for each term, in order. */
  tokens(terms: readonly string[]): bigint[] {
    return terms.map((term) => this.#token(term));
  }

  #token(term: string): bigint {
    const known = this.#remembered.get(term);
    if (known !== undefined) return known;
    const token = createHmac("sha256", this.#key).update(term).digest().readBigInt64BE(0);
    if (this.#remembered.size >= REMEMBERED_MAX) this.#remembered.clear();
    this.#remembered.set(term, token);
    return token;
  }
}
