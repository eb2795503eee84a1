/** What of a message the person said themselves, and whether something can have come from there. */
import { searchWords } from "../../lib/search-words.ts";
import { withoutOthersWords } from "./others-words.ts";

const OWN_CHARS_MAX = 4_000;

/** A message without what is somebody else's: quoted lines, code, mails, texts to work on. Cut to some pages. */
export function ownWords(message: string): string {
  const own = withoutOthersWords(message.replaceAll("\r\n", "\n"));
  return own.trim().slice(0, OWN_CHARS_MAX).toWellFormed();
}

/** Words that are in every text and prove nothing. */
const COMMON = new Set(
  "a an and are as at be by for from has have he her his i in is it its me my not of on or our she so that the their them they this to us user person was we were will with you your der die das und ist ein eine le la les et est un une el los y es de il".split(
    " ",
  ),
);

/** Texts that can be asked what they hold. */
export class Grounds {
  readonly #words: ReadonlySet<string>;
  readonly #line: string;

  constructor(texts: readonly string[]) {
    const words = texts.map((text) => searchWords(text));
    this.#words = new Set(words.flat());
    this.#line = words.map((each) => ` ${each.join(" ")} `).join("\n");
  }

  /** Its words stand there in this order. Case, accents and punctuation do not count. */
  holds(quote: string): boolean {
    const words = searchWords(quote);
    return words.length > 0 && this.#line.includes(` ${words.join(" ")} `);
  }

  /** At least one of its telling words is there: a value that nobody said has none. */
  touches(text: string): boolean {
    return tellingWords(text).some((word) => this.#words.has(word));
  }

  /** All of these words are there, in any order. */
  covers(words: readonly string[]): boolean {
    return words.length > 0 && words.every((word) => this.#words.has(word));
  }
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
