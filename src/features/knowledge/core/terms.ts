/** The terms a text is found by. Text and query are cut up alike; a text is read in one language, a query in all. */
import { unified, type WordSpan, wordSpans } from "../../../lib/search-words.ts";
import {
  detectLanguage,
  isStemmed,
  type Language,
  STEMMED_LANGUAGES,
  STOP_WORDS,
  type StemmedLanguage,
} from "./languages.ts";
import { stemOf } from "./stem.ts";

/** Of texts whose words do not tell it. English's stemmer leaves other alphabets alone. */
const LANGUAGE_ASSUMED = "en";
const HAN = /^\p{Script=Han}+$/u;

export interface TermSpan {
  term: string;
  start: number;
  end: number;
}

/** Each term with how often it occurs, in the order of the text. Stop words are none. */
export function termsOf(text: string, language = detectLanguage(text)): Map<string, number> {
  const counts = new Map<string, number>();
  for (const { term } of termSpans(text, language)) counts.set(term, (counts.get(term) ?? 0) + 1);
  return counts;
}

/** The terms where they stand. Those of Chinese and Japanese overlap: see `unspacedTerms`. */
export function* termSpans(text: string, language = detectLanguage(text)): Generator<TermSpan> {
  const stemmed = stemmerFor(language);
  let before: WordSpan | null = null;
  for (const span of wordSpans(text)) {
    const { word, start, isUnspaced } = span;
    if (isUnspaced) yield* unspacedTerms(span, before);
    else {
      const term = wordTerm(word, stemmed);
      if (term) yield { term, start, end: start + word.length };
    }
    before = span;
  }
}

/**
 * One entry for each distinct word of a query, at most `termsMax`: the terms under which texts of any language have it.
 * They are alternatives: their rarity is that of all together, or a form that happens to be rare would weigh most.
 */
export function queryTermsOf(text: string, termsMax: number): string[][] {
  const words = new Map<string, string[]>();
  const own = detectLanguage(text);
  let before: WordSpan | null = null;
  for (const span of wordSpans(text)) {
    const found = span.isUnspaced
      ? Array.from(unspacedTerms(span, before), ({ term }) => [term])
      : [wordTerms(span.word, own)];
    before = span;
    for (const alternatives of found) {
      const [first] = alternatives;
      if (first === undefined || (words.size >= termsMax && !words.has(first))) continue;
      words.set(first, [...new Set([...(words.get(first) ?? []), ...alternatives])]);
    }
    if (words.size >= termsMax) break;
  }
  return [...words.values()];
}

function stemmerFor(language: Language | undefined): StemmedLanguage {
  return language && isStemmed(language) ? language : LANGUAGE_ASSUMED;
}

function wordTerm(word: string, language: StemmedLanguage): string | null {
  return STOP_WORDS[language].has(word.toLowerCase()) ? null : stemOf(word, language);
}

/** The query's own language comes first: it names the word. A stop word of it is none of any other. */
function wordTerms(word: string, own: Language | undefined): string[] {
  const first = stemmerFor(own);
  if (own && !wordTerm(word, first)) return [];
  const terms = [first, ...STEMMED_LANGUAGES].map((language) => wordTerm(word, language));
  return [...new Set(terms.filter((term) => term !== null))];
}

/**
 * The word as the dictionary cuts it, and of Chinese characters each pair, over the borders of words too: a dictionary
 * cuts compounds differently from one sentence to the next.
 */
function* unspacedTerms({ word, start }: WordSpan, before: WordSpan | null): Generator<TermSpan> {
  yield { term: unified(word), start, end: start + word.length };
  if (!HAN.test(word)) return;
  const joins = before !== null && before.start + before.word.length === start && HAN.test(before.word);
  const characters = [...word];
  if (joins) characters.unshift([...before.word].at(-1) ?? "");
  let at = start + word.length - characters.join("").length;
  for (const [index, character] of characters.slice(0, -1).entries()) {
    const pair = character + characters[index + 1]!;
    if (pair !== word) yield { term: unified(pair), start: at, end: at + pair.length };
    at += character.length;
  }
}
