/** What of a message the person said themselves, and whether something can have come from there. */
import { searchWords, wordList } from "../../lib/search-words.ts";
import { otherNamesOf } from "./language-names.ts";
import { withoutOthersWords } from "./others-words.ts";

const OWN_CHARS_MAX = 4_000;

/** A message without what is somebody else's: quoted lines, code, mails, texts to work on. Cut to some pages. */
export function ownWords(message: string): string {
  const own = withoutOthersWords(message.replaceAll("\r\n", "\n"));
  return own.trim().slice(0, OWN_CHARS_MAX).toWellFormed();
}

/** Words that are in every text and prove nothing. */
const COMMON = wordList(
  "a an and are as at be by for from has have he her his i in is it its me my not of on or our she so that the their them they this to us user person was we were will with you your",
  "der die das den dem des und ist ein eine einen einem zu mit im am auf ich mein meine er sie es von",
  "le la les et un une des du de est dans je mon ma el los las y en que il lo gli di che io",
  "です ます ました でし た だ を に は が の で と も へ や か いる い ある あり する し て ん こと もの 人 私 的 了 是 我 在 和 他 她 们",
);

/** Texts that can be asked what they hold. */
export class Grounds {
  readonly #words: ReadonlySet<string>;
  #stems: ReadonlyMap<string, readonly string[]> | undefined;
  readonly #line: string;
  /** Without what parts words: where one ends in a script without spaces depends on what stands beside it. */
  readonly #run: string;

  constructor(texts: readonly string[]) {
    const words = texts.map((text) => searchWords(text));
    this.#words = new Set(words.flat());
    this.#line = words.map((each) => ` ${each.join(" ")} `).join("\n");
    this.#run = words.map((each) => each.join("")).join("\n");
  }

  /** Its words stand there in this order. Case, accents and punctuation do not count. */
  holds(quote: string): boolean {
    const words = searchWords(quote);
    if (words.length === 0) return false;
    if (this.#line.includes(` ${words.join(" ")} `)) return true;
    return words.every((word) => UNSPACED.test(word)) && this.#run.includes(words.join(""));
  }

  /** At least one of its telling words is there: a value that nobody said has none. */
  touches(text: string): boolean {
    const words = tellingWords(text);
    const isOneSign = words.length === 1 && ONE_SIGN.test(words[0]!);
    return isOneSign ? this.#run.includes(words[0]!) : words.some((word) => this.has(word));
  }

  /** The word is there, perhaps with another ending or as part of a longer one, or a language by another name. */
  has(word: string): boolean {
    if (this.#words.has(word)) return true;
    const isPart = UNSPACED.test(word) ? word.length > 1 && this.#run.includes(word) : this.#hasStem(word);
    if (isPart) return true;
    return otherNamesOf(word).some(
      (name) => this.#words.has(name) || (UNSPACED.test(name) && this.#run.includes(name)),
    );
  }

  #hasStem(word: string): boolean {
    this.#stems ??= Map.groupBy(this.#words, (each) => each.slice(0, STEM_CHARS_MIN));
    return (this.#stems.get(word.slice(0, STEM_CHARS_MIN)) ?? []).some((other) => isSameStem(word, other));
  }

  /** All of these words are there, in any order. */
  covers(words: readonly string[]): boolean {
    return words.length > 0 && words.every((word) => this.#words.has(word));
  }
}

const UNSPACED = /^[\p{scx=Han}\p{scx=Hiragana}\p{scx=Katakana}]+$/u;
/** A word, but more often a part of one. */
const ONE_SIGN = /^\p{Script=Han}$/u;
const STEM_CHARS_MIN = 4;
/** Letters that may differ at a word's end: `Киев` is said as `в Киеве`. */
const ENDING_CHARS_MAX = 3;

function isSameStem(one: string, other: string): boolean {
  if (/\d/.test(one + other) || Math.min(one.length, other.length) < STEM_CHARS_MIN) return false;
  let shared = 0;
  while (shared < one.length && one[shared] === other[shared]) shared++;
  const rest = Math.max(one.length, other.length) - shared;
  return shared >= STEM_CHARS_MIN && rest <= Math.min(ENDING_CHARS_MAX, shared - 1);
}

/** The words that tell a text from others; all of one that has no such word. */
export function tellingWords(text: string): string[] {
  const words = searchWords(text);
  const telling = words.filter((word) => !COMMON.has(word));
  return telling.length > 0 ? telling : words;
}

/** For comparing: the words without case, accents, punctuation and plurals. */
export function normalised(text: string): string {
  return searchWords(text).join(" ");
}
