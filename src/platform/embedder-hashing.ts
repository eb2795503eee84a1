/**
 * The embedded embedder: signed feature hashing of words, word pairs and character 3- to 5-grams (spec 6), in JavaScript,
 * without network or model. Texts are alike when they share words or parts of words; it knows no synonyms.
 *
 * Positions and signs are keyed per owner. Without the key a stored vector cannot be inverted with a dictionary, and
 * vectors of two owners cannot be compared. What it does not hide: which vectors of one owner are alike, and, from
 * somebody who can have texts of his choice embedded for the same owner, which words a vector holds.
 */
import type { Embedder, EmbedOptions } from "./embedder.ts";
import { STOP_WORDS } from "./embedder-stop-words.ts";
import { KeyedHash } from "./keyed-hash.ts";
import { normalise } from "./vector-math.ts";

const DIMENSIONS = 1024;
const INDEX_BITS = 10;
const WORD = 1;
const PAIR = 2;
const GRAM = 3;

/** Tuned on SciFact and Cranfield, the mean of several keys; see bench/retrieval-embedder.ts. */
const WEIGHTS = {
  /** Each word has two positions: two words rarely collide in both. */
  word: 0.75,
  /** Of all grams of a word together, for one gram; it grows a little slower than the root of their number. */
  grams: 1,
  gramExponent: 0.35,
  pair: 0.2,
  /** Scripts without spaces: a pair of neighbours is the nearest thing to a word. */
  ideographPair: 0.75,
  stopWord: 0.05,
  /** A word that occurs n times counts n^0.75. */
  frequencyExponent: 0.75,
};

const IDEOGRAPH = /^[\p{Script=Han}\p{Script=Hiragana}\p{Script=Katakana}]$/u;
const TOKEN =
  /[\p{Script=Han}\p{Script=Hiragana}\p{Script=Katakana}]|[[\p{L}\p{N}\p{M}]--[\p{Script=Han}\p{Script=Hiragana}\p{Script=Katakana}]]+/gv;

export class HashingEmbedder implements Embedder {
  readonly id = "adjutant-hash-1024-v1";
  readonly dimensions = DIMENSIONS;

  async embed(texts: readonly string[], { key }: EmbedOptions): Promise<Float32Array[]> {
    const space = new FeatureSpace(key);
    return texts.map((text) => space.embed(text));
  }
}

/** A word's part of the vector before its weight: pairs of position and value. */
interface WordFeatures {
  hash: number;
  weight: number;
  ideograph: boolean;
  positions: Uint16Array;
  values: Float32Array;
}

/** The positions and signs that one owner's key gives to features. Words seen once are kept for the next text. */
class FeatureSpace {
  readonly #hash: KeyedHash;
  readonly #words = new Map<string, WordFeatures>();

  constructor(key: Uint8Array) {
    this.#hash = new KeyedHash(key);
  }

  embed(text: string): Float32Array {
    const words = tokens(text).map((token) => this.#featuresOf(token));
    const vector = new Float32Array(DIMENSIONS);
    for (const [word, count] of counted(words)) addWord(vector, word, count ** WEIGHTS.frequencyExponent);
    this.#addPairs(vector, words);
    // One text in some thousands of one short word has features that cancel out; it still needs a direction.
    if (vector.every((value) => value === 0)) vector[this.#hash.text(text, PAIR) & (DIMENSIONS - 1)] = 1;
    return normalise(vector);
  }

  #addPairs(vector: Float32Array, words: WordFeatures[]): void {
    const pairs: number[] = [];
    const weights = new Map<number, number>();
    for (let index = 1; index < words.length; index++) {
      const left = words[index - 1]!;
      const right = words[index]!;
      const pair = this.#hash.pair(left.hash, right.hash, PAIR);
      pairs.push(pair);
      const kind = left.ideograph && right.ideograph ? WEIGHTS.ideographPair : WEIGHTS.pair;
      weights.set(pair, kind * Math.sqrt(left.weight * right.weight));
    }
    for (const [pair, count] of counted(pairs)) {
      add(vector, pair, weights.get(pair)! * count ** WEIGHTS.frequencyExponent);
    }
  }

  #featuresOf(token: string): WordFeatures {
    const known = this.#words.get(token);
    if (known) return known;
    const features = this.#newFeatures(token);
    this.#words.set(token, features);
    return features;
  }

  #newFeatures(token: string): WordFeatures {
    const hash = this.#hash.text(token, WORD);
    const grams = token.length > 2 ? this.#gramsOf(` ${token} `) : [];
    const gramWeight = WEIGHTS.grams / grams.length ** WEIGHTS.gramExponent;
    const positions = new Uint16Array(2 + grams.length);
    const values = new Float32Array(2 + grams.length);
    [hash, hash >>> 16, ...grams].forEach((feature, index) => {
      positions[index] = feature & (DIMENSIONS - 1);
      values[index] = signOf(feature) * (index < 2 ? WEIGHTS.word : gramWeight);
    });
    const weight = STOP_WORDS.has(token) ? WEIGHTS.stopWord : 1;
    return { hash, weight, ideograph: IDEOGRAPH.test(token), positions, values };
  }

  #gramsOf(padded: string): number[] {
    const grams: number[] = [];
    for (let length = 3; length <= 5; length++) {
      for (let at = 0; at + length <= padded.length; at++) {
        grams.push(this.#hash.text(padded, GRAM, at, at + length));
      }
    }
    return grams;
  }
}

/** Lower case, compatibility forms and accents unified. A text without letters or digits is one token itself. */
function tokens(text: string): string[] {
  const plain = text
    .normalize("NFKD")
    .replace(/[\u0300-\u036f]/g, "")
    .toLowerCase()
    .normalize("NFKC");
  return plain.match(TOKEN) ?? [plain.trim()];
}

function counted<Item>(items: Item[]): Map<Item, number> {
  const counts = new Map<Item, number>();
  for (const item of items) counts.set(item, (counts.get(item) ?? 0) + 1);
  return counts;
}

function addWord(vector: Float32Array, word: WordFeatures, frequency: number): void {
  const { positions, values } = word;
  const factor = word.weight * frequency;
  for (let index = 0; index < positions.length; index++) {
    const position = positions[index]!;
    vector[position] = vector[position]! + factor * values[index]!;
  }
}

function add(vector: Float32Array, feature: number, weight: number): void {
  const position = feature & (DIMENSIONS - 1);
  vector[position] = vector[position]! + signOf(feature) * weight;
}

function signOf(feature: number): 1 | -1 {
  return (feature >>> INDEX_BITS) & 1 ? 1 : -1;
}
