/** Whether a text says something in so many words: a guard that takes nobody's word for it. */
import { searchWords } from "./search-words.ts";

/** Letters of a word that may differ at its end: "working" is worded by "work". */
const ENDING_CHARS_MAX = 3;
const STEM_CHARS_MIN = 4;
/** Shorter words say little ("is", "the", "zu"), unless they are all there is. */
const CONTENT_CHARS_MIN = 4;

/** Every word of `value` that carries meaning is in one of the texts, but for its ending. False for a value without words. */
export function isWordedIn(value: string, texts: readonly string[]): boolean {
  const words = searchWords(value);
  const telling = words.filter(isTelling);
  const wanted = telling.length > 0 ? telling : words;
  if (wanted.length === 0) return false;
  const said = new Set(texts.flatMap(searchWords));
  return wanted.every((word) => said.has(word) || [...said].some((other) => isSameStem(word, other)));
}

function isTelling(word: string): boolean {
  return word.length >= CONTENT_CHARS_MIN || /[^a-z]/.test(word);
}

function isSameStem(one: string, other: string): boolean {
  let shared = 0;
  while (shared < one.length && one[shared] === other[shared]) shared++;
  const rest = Math.max(one.length, other.length) - shared;
  return shared >= STEM_CHARS_MIN && rest <= ENDING_CHARS_MAX && !/\d/.test(one + other);
}
