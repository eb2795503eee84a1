/** Longer ones are no words of a sentence. */
const WORD_CHARS_MAX = 64;
/** The text of a word that is too long: no secret text holds it. */
export const TOO_LONG = "\uffff";

/** A word in a text; `start` and `end` count characters since the text began. */
export interface Word {
  /** As compared: lower case, without accents, compatibility forms unified. Empty when nothing is left of it. */
  text: string;
  start: number;
  end: number;
}

const IDEOGRAPHS = String.raw`[\p{Script=Han}\p{Script=Hiragana}\p{Script=Katakana}]`;
// Format characters belong to words, so that an invisible one cannot cut a word in two.
const LETTERS = String.raw`[\p{L}\p{N}\p{M}\p{Cf}]`;
const WORDS = new RegExp(`(?<ideograph>${IDEOGRAPHS})|[${LETTERS}--${IDEOGRAPHS}]+`, "gv");

/** Finds the words of text that comes in chunks: the same ones however it is cut, but not between surrogates. */
export class WordReader {
  #partial = "";
  #total = 0;
  #isInLongWord = false;

  /** Characters read so far. */
  get total(): number {
    return this.#total;
  }

  /** The beginning of a word that may go on; null when the last one is complete. */
  get partial(): Word | null {
    if (this.#partial === "") return null;
    return wordOf(this.#partial, this.#total - this.#partial.length);
  }

  /** Words that are complete, since something follows that does not belong to them. */
  read(chunk: string): Word[] {
    const words: Word[] = [];
    if (chunk === "") return words;
    const offset = this.#total - this.#partial.length;
    const text = this.#partial + chunk;
    const wasInLongWord = this.#isInLongWord;
    this.#total += chunk.length;
    this.#partial = "";
    this.#isInLongWord = false;
    for (const match of text.matchAll(WORDS)) {
      const isIdeograph = match.groups?.["ideograph"] !== undefined;
      const isOpen = !isIdeograph && match.index + match[0].length === text.length;
      if (wasInLongWord && match.index === 0 && !isIdeograph) this.#isInLongWord = isOpen;
      else if (isOpen && match[0].length <= WORD_CHARS_MAX) this.#partial = match[0];
      else {
        words.push(wordOf(match[0], offset + match.index));
        this.#isInLongWord = isOpen;
      }
    }
    return words;
  }

  /** The last word, when no more text comes. */
  finish(): Word[] {
    const last = this.partial;
    this.#partial = "";
    this.#isInLongWord = false;
    return last ? [last] : [];
  }
}

export function wordsOf(text: string): Word[] {
  const reader = new WordReader();
  return [...reader.read(text), ...reader.finish()];
}

/** What is left of a word's beginning is always the beginning of what is left of the word. */
function wordOf(text: string, start: number): Word {
  const end = start + text.length;
  if (text.length > WORD_CHARS_MAX) return { text: TOO_LONG, start, end };
  const plain = text
    .normalize("NFKD")
    .toLowerCase()
    .replace(/[\p{M}\p{Cf}]/gu, "")
    .replaceAll("ς", "σ");
  return { text: plain, start, end };
}
