/** What the streams of a PDF hold that their length does not tell: ranges without end, depth, and what is not seen. */
import type { Buffer } from "node:buffer";

/** Of codes or letters in one font, with all its ranges: it takes a slot of memory for each. */
const RANGE_MAX = 1_000_000;
/** Of what is written once for a range of letters, such as their width. */
const LETTER_MAX = 0xffff;
const RANGE_BLOCK = /begin(?:bf|cid)range([\s\S]*?)(?:end(?:bf|cid)range|$)/g;

/** Whether a table of codes has ranges that fill the memory. */
export function hasEndlessRange(stream: Buffer): boolean {
  if (!stream.includes("beginbfrange") && !stream.includes("begincidrange")) return false;
  // White space and comments may stand anywhere, even within numbers.
  const text = stream
    .toString("latin1")
    .replace(/%[^\r\n]*/g, "")
    .replace(/\s+/g, "");
  let sum = 0;
  for (const [, block = ""] of text.matchAll(RANGE_BLOCK)) {
    if (block.includes("(")) return true;
    for (const letters of rangesIn(block)) sum += letters;
    if (sum > RANGE_MAX) return true;
  }
  return false;
}

/** How many letters each range has: it is a first code, a last one, and what they stand for. */
function* rangesIn(block: string): Generator<number> {
  const codes: number[] = [];
  for (let at = 0; at < block.length; ) {
    const isCode = block[at] === "<";
    const isList = block[at] === "[";
    let end = at;
    if (isCode || isList) end = block.indexOf(isCode ? ">" : "]", at);
    else while (/[-\d]/.test(block[end + 1] ?? "")) end++;
    if (end < 0) return;
    codes.push(isCode ? codeOf(block.slice(at, end)) : 0);
    if (codes.length === 3) {
      yield Math.max(0, codes[1]! - codes[0]!);
      codes.length = 0;
    }
    at = end + 1;
  }
}

/** As readers take it: what is no digit is passed over, a half byte made whole, and four bytes count. */
function codeOf(written: string): number {
  const digits = written.replace(/[^0-9a-f]/gi, "");
  return Number.parseInt((digits.length % 2 === 0 ? digits : `${digits}0`).slice(-8), 16) || 0;
}

/** Whether a list of widths may have a range that fills the memory. References in it are not followed. */
export function hasEndlessWidths(list: string): boolean {
  const numbers = list.replace(/\b\d{1,9}\s+\d{1,5}\s+R\b/g, "").match(/[\d.]+(?:[eE][-+]?\d+)?/g) ?? [];
  return numbers.some((number) => Number(number) > LETTER_MAX);
}

/** Whether a page draws letters that are not seen: the ways of drawing 3 and 7 leave no trace. */
export function drawsUnseen(stream: Buffer): boolean {
  for (let at = stream.indexOf("Tr"); at >= 0; at = stream.indexOf("Tr", at + 2)) {
    const around = stream.toString("latin1", Math.max(0, at - 12), at + 3);
    if (/(?:^|[\s)\]>])[37]\s+Tr(?:\s|$)/.test(around)) return true;
  }
  return false;
}

const [TAB, FEED, RETURN, SPACE] = [9, 10, 13, 32];
const [OPENING, CLOSING, ESCAPE, COMMENT] = [40, 41, 92, 37];
const [SAVE, RESTORE] = [113, 81];
const FEW = 8;

/** How many states of the page are saved and not restored, or how many at once if those are more than usual. */
export function savedStates(stream: Uint8Array): number {
  let rough = 0;
  for (let at = stream.indexOf(SAVE); at >= 0 && rough < FEW; at = stream.indexOf(SAVE, at + 1)) rough++;
  if (rough < FEW) return 0;
  let [depth, deepest, before] = [0, 0, SPACE];
  for (let at = 0; at < stream.length; at++) {
    const byte = stream[at]!;
    if (byte === OPENING) at = stringEnd(stream, at);
    else if (byte === COMMENT)
      while (at < stream.length && stream[at] !== FEED && stream[at] !== RETURN) at++;
    else if ((byte === SAVE || byte === RESTORE) && isBorder(before) && isBorder(stream[at + 1] ?? SPACE)) {
      depth = Math.max(0, depth + (byte === SAVE ? 1 : -1));
      deepest = Math.max(deepest, depth);
    }
    before = byte;
  }
  return deepest > USUAL_DEPTH ? deepest : depth;
}

/** Format and practice stay below it. */
const USUAL_DEPTH = 64;

function stringEnd(stream: Uint8Array, start: number): number {
  let depth = 0;
  for (let at = start; at < stream.length; at++) {
    const byte = stream[at];
    if (byte === ESCAPE) at++;
    else if (byte === OPENING) depth++;
    else if (byte === CLOSING && --depth === 0) return at;
  }
  return stream.length;
}

/** White space, or a mark that ends a word. */
function isBorder(byte: number): boolean {
  return (
    byte === 0 ||
    byte === TAB ||
    byte === FEED ||
    byte === 12 ||
    byte === RETURN ||
    byte === SPACE ||
    "()<>[]{}/%".includes(String.fromCharCode(byte))
  );
}
