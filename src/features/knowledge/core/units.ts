/** The smallest parts a document is cut at: headings, sentences, lines, and of what is still too long, runs of words. */
import type { Block, ParsedDocument } from "./parse/document.ts";
import { countTokens, piecesOf } from "./tokens.ts";

/** How good a place it is to cut before a unit; the higher the better. */
export const BORDER = { words: 0, sentence: 1, block: 2, heading: 3 } as const;
export type Border = (typeof BORDER)[keyof typeof BORDER];

export interface Unit {
  /** Without white space at either end. */
  start: number;
  end: number;
  tokens: number;
  /** Of the white space up to the next unit. */
  gapTokens: number;
  border: Border;
  block: Block;
}

interface Span {
  start: number;
  end: number;
}

/** Of what has no sentences. */
const RUN_TOKENS_MAX = 32;
/** Smaller neighbours within a block go together: it bounds how many there are. */
const UNIT_TOKENS_MIN = 8;
/**
 * After a sentence, or a line of what is made of lines. Looking behind keeps a long row of points from being tried at each
 * of them.
 */
const SENTENCE_END = /(?<![.!?…])[.!?…]+["'”’»)\]]*\s+|[。！？]+[」』”’]*\s*|\n\s*\n\s*/gu;
const LINE_END = /\n\s*/g;

/** In order, covering all that is not white space. None has more than `tokensMax` tokens. */
export function unitsOf(document: ParsedDocument, tokensMax: number): Unit[] {
  const units: Unit[] = [];
  for (const block of document.blocks) {
    const first = units.length;
    for (const span of partsOf(block)) addPart(units, document.text, block, span, tokensMax);
    if (units[first]) units[first].border = block.kind === "heading" ? BORDER.heading : BORDER.block;
  }
  for (const [index, unit] of units.entries()) {
    unit.gapTokens = countTokens(document.text.slice(unit.end, units[index + 1]?.start));
  }
  return units;
}

function addPart(units: Unit[], text: string, block: Block, span: Span, tokensMax: number): void {
  const tokens = countTokens(text.slice(span.start, span.end));
  if (tokens > tokensMax) {
    for (const unit of runsOfWords(text, block, span, tokensMax)) units.push(unit);
    return;
  }
  const last = units.at(-1);
  // Between them is white space, so that their tokens add up.
  const grown = last ? last.tokens + countTokens(text.slice(last.end, span.start)) + tokens : 0;
  if (last?.block === block && last.tokens < UNIT_TOKENS_MIN && grown <= tokensMax) {
    last.end = span.end;
    last.tokens = grown;
  } else units.push({ ...span, tokens, gapTokens: 0, border: BORDER.sentence, block });
}

function* partsOf({ kind, text, start: offset }: Block): Generator<Span> {
  const ends = kind === "heading" ? null : kind === "paragraph" || kind === "quote" ? SENTENCE_END : LINE_END;
  let start = 0;
  for (const { 0: border, index } of ends ? text.matchAll(ends) : []) {
    const end = index + border.length;
    yield* trimmed(text, start, end, offset);
    start = end;
  }
  yield* trimmed(text, start, text.length, offset);
}

function* trimmed(text: string, start: number, end: number, offset: number): Generator<Span> {
  const part = text.slice(start, end);
  const words = part.trim();
  if (words === "") return;
  const first = offset + start + part.length - part.trimStart().length;
  yield { start: first, end: first + words.length };
}

/** Cuts at white space where there is some, and within words that are too long themselves. */
function* runsOfWords(text: string, block: Block, span: Span, tokensMax: number): Generator<Unit> {
  const tokensAim = Math.max(1, Math.min(tokensMax, RUN_TOKENS_MAX));
  let unit: Unit | null = null;
  for (const piece of piecesOf(text.slice(span.start, span.end))) {
    const [start, end] = [span.start + piece.start, span.start + piece.end];
    if (piece.isSpace) {
      if (unit) unit.gapTokens = piece.tokens;
      if (unit && unit.tokens >= tokensAim / 2) {
        yield unit;
        unit = null;
      }
      continue;
    }
    const grown: number = unit ? unit.tokens + unit.gapTokens + piece.tokens : 0;
    if (unit && grown <= tokensAim) Object.assign(unit, { end, tokens: grown, gapTokens: 0 });
    else {
      if (unit) yield unit;
      unit = { start, end, tokens: piece.tokens, gapTokens: 0, border: BORDER.words, block };
    }
  }
  if (unit) yield unit;
}
