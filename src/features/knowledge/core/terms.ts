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
/** Writing whose words stand in longer ones without a border between them. */
const KATAKANA = /^[\p{scx=Katakana}\p{M}\uff9e\uff9f]+$/u;
const COMPOUNDED = [/^\p{Script=Han}+$/u, KATAKANA, /^\p{Script=Hangul}+$/u];
/** Here one letter may be a word. */
const SYLLABLES = /^(?:\p{Script=Han}+|\p{Script=Hangul}+)$/u;
/** What is one letter to a reader, also where it is written as several characters. */
const LETTER = /[\u1100-\u115f][\u1160-\u11a7]*[\u11a8-\u11ff]*|.[\p{M}\uff9e\uff9f]*/gsu;
/** Longer ones may end in a mark of length or not: コンピューター and コンピュータ. */
const SHORT_KATAKANA_CHARS = 3;

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

/** The terms where they stand. Those of Chinese, Japanese and Korean overlap: see `pairsIn`. */
export function* termSpans(text: string, language = detectLanguage(text)): Generator<TermSpan> {
  const stemmed = stemmerFor(language);
  let before: WordSpan | null = null;
  for (const span of wordSpans(text)) {
    const { word, start, isUnspaced } = span;
    const term = isUnspaced ? unspacedTerm(word) : wordTerm(word, stemmed, true);
    if (term) yield { term, start, end: start + word.length };
    yield* pairsIn(span, before, term);
    yield* lettersIn(span);
    before = span;
  }
}

/**
 * One entry for each distinct word of a query, at most `termsMax`: the terms under which texts of any language have it.
 * They are alternatives: their rarity is that of all together, or a form that happens to be rare would weigh most.
 */
export function queryTermsOf(text: string, termsMax: number): string[][] {
  const own = detectLanguage(text);
  // In a query all in capitals they do not tell names from the little words, unless it has nothing else.
  const isMixed = /\p{Ll}/u.test(text);
  const found = queryWords(text, termsMax, own, isMixed);
  return found.length > 0 || isMixed ? found : queryWords(text, termsMax, own, true);
}

function queryWords(
  text: string,
  termsMax: number,
  own: Language | undefined,
  takesNames: boolean,
): string[][] {
  const words = new Map<string, string[]>();
  const parts: string[] = [];
  let before: WordSpan | null = null;
  for (const span of wordSpans(text)) {
    const terms = span.isUnspaced ? [unspacedTerm(span.word)] : wordTerms(span.word, own, takesNames);
    const [first] = terms;
    for (const { term } of pairsIn(span, before, first ?? null)) parts.push(term);
    before = span;
    if (first) words.set(first, [...new Set([...(words.get(first) ?? []), ...terms])]);
    if (words.size >= termsMax) break;
  }
  // Whole words first: pairs only have the room that is left.
  for (const part of parts) if (words.size < termsMax && !words.has(part)) words.set(part, [part]);
  return [...words.values()];
}

function stemmerFor(language: Language | undefined): StemmedLanguage {
  return language && isStemmed(language) ? language : LANGUAGE_ASSUMED;
}

/** Null for a stop word. `takesNames`: capitals make a name of one, such as IT and US. */
function wordTerm(word: string, language: StemmedLanguage, takesNames: boolean): string | null {
  const plain = word.normalize("NFKC");
  const lower = plain.toLowerCase();
  const isName = takesNames && plain.length > 1 && plain === plain.toUpperCase() && plain !== lower;
  return STOP_WORDS[language].has(lower) && !isName ? null : stemOf(word, language) || null;
}

/** The query's own language comes first: it names the word. A stop word of it is none of any other. */
function wordTerms(word: string, own: Language | undefined, takesNames: boolean): string[] {
  const first = stemmerFor(own);
  if (own && !wordTerm(word, first, takesNames)) return [];
  const terms = [first, ...STEMMED_LANGUAGES].map((language) => wordTerm(word, language, takesNames));
  const other = umlautsOtherwise(word);
  if (other) for (const language of ["de", LANGUAGE_ASSUMED] as const) terms.push(stemOf(other, language));
  return [...new Set(terms.filter((term) => term !== null))];
}

const UMLAUTS: Readonly<Record<string, string>> = { ae: "ä", oe: "ö", ue: "ü", ä: "ae", ö: "oe", ü: "ue" };

/** Müller for Mueller and the reverse; null where there is no other way to write it. */
function umlautsOtherwise(word: string): string | null {
  const plain = word.normalize("NFKC").toLowerCase();
  const other = plain.replace(/[äöü]|[ao]e|(?<![aeq])ue/g, (letters) => UMLAUTS[letters] ?? letters);
  return other === plain ? null : other;
}

function unspacedTerm(word: string): string {
  const term = unified(word);
  return KATAKANA.test(term) && term.length > SHORT_KATAKANA_CHARS ? term.replace(/ー$/, "") : term;
}

/**
 * Each two neighbouring letters of a Chinese, Katakana or Korean word, over the borders of words too: a dictionary cuts
 * compounds differently from one sentence to the next, and of many it does not know the parts.
 */
function* pairsIn(span: WordSpan, before: WordSpan | null, whole: string | null): Generator<TermSpan> {
  const script = COMPOUNDED.find((one) => one.test(span.word));
  if (!script) return;
  const joins = before && before.start + before.word.length === span.start && script.test(before.word);
  const letters: string[] = span.word.match(LETTER) ?? [];
  if (joins) letters.unshift(before.word.match(LETTER)?.at(-1) ?? "");
  let at = span.start + span.word.length - letters.join("").length;
  for (const [index, letter] of letters.slice(0, -1).entries()) {
    const pair = letter + letters[index + 1]!;
    const term = unified(pair);
    if (term && term !== whole) yield { term, start: at, end: at + pair.length };
    at += letter.length;
  }
}

/** A query of one letter, such as 茶, finds the words that have it. In longer queries it would only be noise. */
function* lettersIn({ word, start }: WordSpan): Generator<TermSpan> {
  const letters = SYLLABLES.test(word) ? (word.match(LETTER) ?? []) : [];
  if (letters.length < 2) return;
  let at = start;
  for (const letter of letters) {
    yield { term: unified(letter), start: at, end: at + letter.length };
    at += letter.length;
  }
}
