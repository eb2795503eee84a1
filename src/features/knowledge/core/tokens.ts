/** How many tokens a text will be to a model, without any model's vocabulary: near enough, and rather too many. */

const IDEOGRAPH = String.raw`[[\p{scx=Han}\p{scx=Hiragana}\p{scx=Katakana}\p{scx=Hangul}\p{scx=Thai}\p{scx=Lao}\p{scx=Khmer}\p{scx=Myanmar}]&&[\p{L}\p{M}]]`;
const PIECE = new RegExp(
  String.raw`(?<space>\s+)|(?<number>\p{N}+)|(?<word>[[\p{L}\p{M}]--${IDEOGRAPH}]+)|${IDEOGRAPH}|.`,
  "gsv",
);
const BASIC_LATIN = /^[a-z]*$/i;

const CHARS_A_TOKEN = { latin: 6, letters: 3, number: 3, space: 16 };
/** Longer runs are cut, so that no piece has over 16 tokens. */
const RUN_CHARS_MAX = 45;

export interface Piece {
  start: number;
  end: number;
  tokens: number;
  isSpace: boolean;
}

/** Splits a text without a gap. The tokens of neighbouring pieces are never fewer than those of both in one. */
export function* piecesOf(text: string): Generator<Piece> {
  for (const { 0: run, index, groups } of text.matchAll(PIECE)) {
    const { space, number, word } = groups ?? {};
    if (space !== undefined) {
      const tokens = Math.floor(run.length / CHARS_A_TOKEN.space);
      yield { start: index, end: index + run.length, tokens, isSpace: true };
      continue;
    }
    const charsAToken = number ? CHARS_A_TOKEN.number : word ? charsATokenOf(run) : 1;
    yield* cut(run, index, charsAToken);
  }
}

export function countTokens(text: string): number {
  // The usual gap between words.
  if (text === " " || text === "\n" || text === "") return 0;
  let tokens = 0;
  for (const piece of piecesOf(text)) tokens += piece.tokens;
  return tokens;
}

function charsATokenOf(word: string): number {
  return BASIC_LATIN.test(word) ? CHARS_A_TOKEN.latin : CHARS_A_TOKEN.letters;
}

/** Never between the halves of a surrogate pair. */
function* cut(run: string, offset: number, charsAToken: number): Generator<Piece> {
  for (let start = 0; start < run.length; ) {
    let end = Math.min(start + RUN_CHARS_MAX, run.length);
    if (end < run.length && (run.codePointAt(end - 1) ?? 0) > 0xffff) end++;
    const tokens = Math.ceil((end - start) / (charsAToken === 1 ? end - start : charsAToken));
    yield { start: offset + start, end: offset + end, tokens, isSpace: false };
    start = end;
  }
}
