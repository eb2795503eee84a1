import type { Language } from "./languages.ts";
import { queryTermsOf, type TermSpan, termSpans } from "./terms.ts";

export interface Mark {
  start: number;
  end: number;
}

export interface Highlight {
  /** The part of the text that has most of the query, cut at words. */
  text: string;
  /** Where the query's words stand in it, in order, never overlapping. */
  marks: Mark[];
  /** Where the part begins in the whole text. */
  offset: number;
}

export interface HighlightOptions {
  language?: Language | undefined;
  charsMax: number;
}

const QUERY_TERMS_MAX = 64;
/** What is shown before the first mark. */
const LEAD_CHARS = 60;

/** The part of a chunk that shows why it was found. Without any of the query's words it is the beginning. */
export function highlight(text: string, query: string, { language, charsMax }: HighlightOptions): Highlight {
  const wanted = new Map<string, number>();
  for (const [word, terms] of queryTermsOf(query, QUERY_TERMS_MAX).entries()) {
    for (const term of terms) wanted.set(term, word);
  }
  const hits = [...termSpans(text, language)]
    .filter(({ term }) => wanted.has(term))
    .sort((a, b) => a.start - b.start);
  const start = text.length <= charsMax ? 0 : beginningOf(text, hits, wanted, charsMax);
  const end = start + charsMax >= text.length ? text.length : wordEndBefore(text, start + charsMax, start);
  const marks = hits
    .filter((hit) => hit.start >= start && hit.end <= end)
    .map((hit) => ({ start: hit.start - start, end: hit.end - start }));
  return { text: text.slice(start, end), marks: merged(marks), offset: start };
}

/** Of the windows that begin a little before a hit, the first of those with the most distinct words of the query. */
function beginningOf(
  text: string,
  hits: readonly TermSpan[],
  wanted: ReadonlyMap<string, number>,
  charsMax: number,
): number {
  const inside = new Map<number, number>();
  let [bestAt, bestCount, last] = [0, 0, 0];
  for (const [first, hit] of hits.entries()) {
    while (last < hits.length && hits[last]!.end <= hit.start - LEAD_CHARS + charsMax) {
      const word = wanted.get(hits[last++]!.term)!;
      inside.set(word, (inside.get(word) ?? 0) + 1);
    }
    if (inside.size > bestCount) [bestAt, bestCount] = [first, inside.size];
    const word = wanted.get(hit.term)!;
    const left = (inside.get(word) ?? 0) - 1;
    if (left > 0) inside.set(word, left);
    else inside.delete(word);
  }
  const wish = (hits[bestAt]?.start ?? 0) - LEAD_CHARS;
  return wordStartAfter(text, Math.min(Math.max(0, wish), text.length - charsMax), hits[bestAt]?.start ?? 0);
}

/** The border of a word at or after `at`, at most at `limit`. */
function wordStartAfter(text: string, at: number, limit: number): number {
  if (at === 0) return 0;
  for (let index = at; index < limit; index++) if (/\s/.test(text[index - 1]!)) return index;
  return wholeCharacter(text, at);
}

/** The end of the last whole word before `at`, in the second half of the part. */
function wordEndBefore(text: string, at: number, start: number): number {
  for (let index = at; index > start + (at - start) / 2; index--) if (/\s/.test(text[index]!)) return index;
  return wholeCharacter(text, at);
}

/** Never between the halves of a surrogate pair. */
function wholeCharacter(text: string, at: number): number {
  return (text.codePointAt(at - 1) ?? 0) > 0xffff ? at - 1 : at;
}

/** The terms of scripts without spaces overlap. */
function merged(marks: readonly Mark[]): Mark[] {
  const result: Mark[] = [];
  for (const mark of marks) {
    const last = result.at(-1);
    if (last && mark.start < last.end) last.end = Math.max(last.end, mark.end);
    else result.push(mark);
  }
  return result;
}
