/** Whether a text says something in so many words: a guard that takes nobody's word for it. */
import { searchWords, wordList } from "./search-words.ts";

/** Letters of a word that may differ at its end: "working" is worded by "work". */
const ENDING_CHARS_MAX = 3;
const STEM_CHARS_MIN = 4;
/** Shorter words say little ("is", "the", "zu"), unless they are all there is. */
const CONTENT_CHARS_MIN = 4;
/** Of a message, where an agreement stands. */
const ANSWER_WORDS = 8;

/** Every word of `value` that carries meaning is in one of the texts, but for its ending. False for a value without words. */
export function isWordedIn(value: string, texts: readonly string[]): boolean {
  const words = searchWords(value);
  const telling = words.filter(isTelling);
  const wanted = telling.length > 0 ? telling : words;
  if (wanted.length === 0) return false;
  const said = new Set(texts.flatMap(searchWords));
  return wanted.every((word) => said.has(word) || [...said].some((other) => isSameStem(word, other)));
}

/** A plain yes at the beginning, without a no near it. In the languages listed; any other answer is none. */
export function isAgreement(text: string): boolean {
  const words = searchWords(text).slice(0, ANSWER_WORDS);
  return words.some((word) => YES.has(word)) && !words.some((word) => NO.has(word));
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

const YES = wordList(
  "yes yeah yep yup ok okay sure correct right exactly absolutely definitely indeed agreed please",
  "ja jawohl genau richtig stimmt klar gerne korrekt",
  "oui exact exactement accord volontiers",
  "sí claro correcto exacto vale",
  "sì certo esatto giusto",
  "sim claro certo",
  "tak да はい ええ うん 是 是的 对 好 好的 네 예",
);
const NO = wordList(
  "no not nope never don doesn isn wrong incorrect wait",
  "nein nicht kein falsch",
  "non pas jamais faux",
  "nunca incorrecto falso",
  "mai sbagliato",
  "não nie нет не いいえ いや 不 不是 没 아니요",
);
