/** The words a text can be found by, in any script: what is indexed and what is searched for are cut up alike. */

/** Scripts written without spaces: where a word ends is looked up in a dictionary. */
const UNSPACED = String.raw`[\p{scx=Han}\p{scx=Hiragana}\p{scx=Katakana}\p{scx=Thai}\p{scx=Lao}\p{scx=Khmer}\p{scx=Myanmar}]`;
const LETTERS = String.raw`[\p{L}\p{N}\p{M}]`;
const SPACED = `[${LETTERS}--${UNSPACED}]`;
/** Nobody sees them, and they tell where a line may end or how letters join: a word goes on over them. */
const INVISIBLE = String.raw`[\u00ad\u200b-\u200d\u2060]`;
const RUN = new RegExp(
  `(?<unspaced>[${UNSPACED}&&${LETTERS}]+)|${SPACED}+(?:${INVISIBLE}+${SPACED}+)*`,
  "gv",
);
const LATIN_WORD = /^[a-z]{4,}$/;

export function withoutInvisible(word: string): string {
  return word.replace(new RegExp(INVISIBLE, "g"), "");
}

/** Made when the first unspaced text comes: it costs milliseconds. */
let dictionary: Intl.Segmenter | undefined;

/** A word as it stands in a text. */
export interface WordSpan {
  word: string;
  start: number;
  /** In a script without spaces. */
  isUnspaced: boolean;
}

/** In the order of the text, repetitions included. Case, accents, compatibility forms and English plurals are unified. */
export function searchWords(text: string): string[] {
  const words: string[] = [];
  for (const { word, isUnspaced } of wordSpans(unified(text))) words.push(isUnspaced ? word : singular(word));
  return words;
}

export interface WordList {
  has(word: string): boolean;
}

/** Words that one asks for as `searchWords` gives them. Read at the first question: at start it would cost milliseconds. */
export function wordList(...lines: string[]): WordList {
  let words: Set<string> | undefined;
  return {
    has: (word) => {
      words ??= new Set(lines.flatMap(searchWords));
      return words.has(word);
    },
  };
}

/** The words of a text as they are written, each with where it starts. */
export function* wordSpans(text: string): Generator<WordSpan> {
  for (const { 0: run, index, groups } of text.matchAll(RUN)) {
    if (groups?.["unspaced"] === undefined) yield { word: run, start: index, isUnspaced: false };
    else {
      for (const { segment, index: at } of segments(run)) {
        yield { word: segment, start: index + at, isUnspaced: true };
      }
    }
  }
}

/** Accents, the vowels and signs that Arabic and Hebrew are mostly written without, and what nobody sees. */
const LEFT_OUT =
  /[\u0300-\u036f\u0591-\u05bd\u05bf\u05c1\u05c2\u05c4\u05c5\u05c7\u0610-\u061a\u0640\u064b-\u065f\u0670\u06d6-\u06dc\u06df-\u06e8\u06ea-\u06ed\u00ad\u200b-\u200d\u2060]/g;
/** Letters that no keyboard of another language has, and that Unicode does not take apart. */
const PLAIN: Readonly<Record<string, string>> = {
  ...{ æ: "ae", œ: "oe", ø: "o", ł: "l", đ: "d", ð: "d", þ: "th", ħ: "h", ı: "i" },
  ...{ ک: "ك", ی: "ي", ى: "ي" },
};
const NOT_PLAIN = new RegExp(`[${Object.keys(PLAIN).join("")}\u0660-\u0669\u06f0-\u06f9]`, "g");

/**
 * Without case, accents and compatibility forms. Upper case before lower unites letters that only one of the two steps
 * does, such as ß with ss.
 */
export function unified(text: string): string {
  const plain = text.normalize("NFKD").replace(LEFT_OUT, "").toUpperCase().toLowerCase();
  // The last four bits of an Arabic digit are its value.
  return plain
    .replace(NOT_PLAIN, (letter) => PLAIN[letter] ?? String(letter.charCodeAt(0) & 15))
    .normalize("NFKC");
}

function segments(run: string): Intl.Segments {
  dictionary ??= new Intl.Segmenter("und", { granularity: "word" });
  return dictionary.segment(run);
}

/** After Harman's S stemmer ("How effective is suffixing?", 1991): it joins plurals and hardly ever anything else. */
function singular(word: string): string {
  if (!LATIN_WORD.test(word) || !word.endsWith("s")) return word;
  if (/[^ae]ies$/.test(word)) return `${word.slice(0, -3)}y`;
  return /[us]s$/.test(word) ? word : word.slice(0, -1);
}
