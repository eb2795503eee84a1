/** How well remembered texts fit a question: their words and their vectors together. */
import { searchWords } from "../../lib/search-words.ts";
import type { EmbedderConfig } from "../../platform/embedder.ts";

export interface Candidate {
  text: string;
  /** Of its vector with the question's, -1 to 1; null when it has none in the question's space. */
  cosine: number | null;
}

export interface LikenessSettings {
  /** From where on two texts have something to do with each other. */
  cosineMin: number;
  /** Of a score; the rest is the vectors'. */
  wordsShare: number;
}

/**
 * Spec 6: these vectors alone are weaker than words. Of the turns that answer a question of a long conversation, four in
 * five are above the least cosine, and four in ten of the others.
 */
const HASHING: LikenessSettings = { cosineMin: 0.15, wordsShare: 0.7 };
/**
 * Embedders that know meanings put any two texts nearer, and are stronger than words: nine in ten, and again four in ten.
 * Whichever two of three conversations chose the share, it was 0.15 to 0.3. See `npm run bench:memory -- --sentence`.
 */
const SENTENCE: LikenessSettings = { cosineMin: 0.3, wordsShare: 0.25 };

export function likenessSettingsOf(kind: EmbedderConfig["kind"]): LikenessSettings {
  return kind === "hashing" ? HASHING : SENTENCE;
}

/**
 * Of the best score: what is below has a common word or two by chance. Less than the share of the vectors, so that what is
 * nearest by meaning stays though it shares no word.
 */
const SCORE_SHARE_MIN = 0.2;
/** BM25's usual constants. */
const SATURATION = 1.2;
const LENGTH_SHARE = 0.75;

/** Those that fit the question, the best first. */
export function fitting<Found extends Candidate>(
  question: string,
  candidates: readonly Found[],
  wordsShare: number,
): Found[] {
  const scores = likeness(question, candidates, wordsShare);
  const least = Math.max(0, ...scores) * SCORE_SHARE_MIN;
  return candidates
    .map((candidate, at) => ({ candidate, score: scores[at] ?? 0 }))
    .filter(({ score }) => score >= least)
    .sort((one, other) => other.score - one.score)
    .map(({ candidate }) => candidate);
}

/** How near a word of a text is to one of the question, 0 to 1. */
export type Nearness = (asked: string, word: string) => number;
const sameness: Nearness = (asked, word) => (asked === word ? 1 : 0);

/** One score for each candidate, 0 to 1; 0 has no word in common and no likeness. */
export function likeness(
  question: string,
  candidates: readonly Candidate[],
  wordsShare: number,
  nearness = sameness,
): number[] {
  const texts = candidates.map(({ text }) => searchWords(text));
  const words = unitScaled(wordScores(question, texts, nearness));
  const vectors = unitScaled(candidates.map(({ cosine }) => Math.max(0, cosine ?? 0)));
  return words.map((score, at) => wordsShare * score + (1 - wordsShare) * (vectors[at] ?? 0));
}

/** BM25 (Robertson and Zaragoza, 2009) over the candidates alone. */
function wordScores(question: string, texts: readonly string[][], nearness: Nearness): number[] {
  const asked = new Set(searchWords(question));
  const counts = texts.map((words) => countsOf(words, asked, nearness));
  const lengthMean = texts.reduce((sum, { length }) => sum + length, 0) / Math.max(1, texts.length) || 1;
  const weights = new Map(
    [...asked].map((word) => {
      const holders = counts.filter((count) => count.has(word)).length;
      return [word, Math.log(1 + (texts.length - holders + 0.5) / (holders + 0.5))] as const;
    }),
  );
  return counts.map((count, at) => {
    const length = 1 - LENGTH_SHARE + (LENGTH_SHARE * (texts[at]?.length ?? 0)) / lengthMean;
    let score = 0;
    for (const [word, frequency] of count) {
      const saturated = (frequency * (SATURATION + 1)) / (frequency + SATURATION * length);
      score += (weights.get(word) ?? 0) * saturated;
    }
    return score;
  });
}

/** How often each asked word is there; what is near it counts a part. */
function countsOf(
  words: readonly string[],
  asked: ReadonlySet<string>,
  nearness: Nearness,
): Map<string, number> {
  const counts = new Map<string, number>();
  const add = (one: string, share: number) => {
    if (share > 0) counts.set(one, (counts.get(one) ?? 0) + share);
  };
  for (const word of words) {
    if (nearness !== sameness) for (const one of asked) add(one, nearness(one, word));
    else if (asked.has(word)) add(word, 1);
  }
  return counts;
}

function unitScaled(scores: readonly number[]): number[] {
  const largest = Math.max(0, ...scores);
  return largest === 0 ? scores.map(() => 0) : scores.map((score) => score / largest);
}
