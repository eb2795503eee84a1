/** From the lines of a PDF, which knows no paragraphs, to blocks: by their distance and the size of their letters. */
import type { DocumentBuilder } from "./builder.ts";

export interface Line {
  text: string;
  /** Of the letters. */
  height: number;
  x: number;
  /** Of the base line, from below. */
  y: number;
  page: number;
  /** It is no part of the page, but of what was noted on it. */
  isNote?: boolean;
}

/** What a page's text comes in; pdf.js's `TextItem`. */
export interface TextRun {
  str: string;
  height: number;
  /** The last two are x and y. */
  transform: readonly number[];
  hasEOL: boolean;
}

/** Times the size of most letters: from here on it is a heading. */
const HEADING_SIZE = 1.15;
const HEADING_CHARS_MAX = 200;
const HEADING_LEVELS_MAX = 4;
/** Times the usual distance of lines: from here on a paragraph ends. */
const PARAGRAPH_GAP = 1.3;
const LINE_GAP_DEFAULT = 1.2;
const SAME_LINE_GAP = 0.1;
/** In sizes of letters: how far the first line of a paragraph is set in. */
const INDENT = { min: 0.7, max: 5 };
const SENTENCE_END = /[.!?:…]["'”’»)\]]*$/;
const HYPHENATED = /\p{L}[-\u00ad\u2010]$/u;

/** Collects the runs of one page into lines. */
export class LineReader {
  readonly #page: number;
  #line: Line | null = null;

  constructor(page: number) {
    this.#page = page;
  }

  /** The line that ends with this run, if one does. */
  add({ str, height, transform, hasEOL }: TextRun): Line | null {
    if (str.trim() !== "" && !this.#line) {
      this.#line = { text: "", height: 0, x: transform[4] ?? 0, y: transform[5] ?? 0, page: this.#page };
    }
    if (this.#line) {
      this.#line.text += str;
      if (str.trim() !== "") this.#line.height = Math.max(this.#line.height, height);
    }
    return hasEOL ? this.end() : null;
  }

  end(): Line | null {
    const line = this.#line;
    this.#line = null;
    return line;
  }
}

export function layOut(lines: readonly Line[], builder: DocumentBuilder): void {
  const printed = lines.filter(({ isNote }) => !isNote);
  const levels = headingLevels(printed);
  const gap = usualGap(printed);
  let block: Line[] = [];
  const flush = () => {
    const [first] = block;
    if (!first) return;
    const level = levels.get(size(first));
    const text = joined(block);
    if (first.isNote) builder.add("quote", text, { page: first.page });
    else if (level && text.length <= HEADING_CHARS_MAX)
      builder.add("heading", text, { level, page: first.page });
    else builder.add("paragraph", text, { page: first.page });
    block = [];
  };
  for (const line of lines) {
    const last = block.at(-1);
    if (last && !goesOn(last, line, gap)) flush();
    block.push(line);
  }
  flush();
}

/** The level of each size that headings have: the largest is the highest. */
function headingLevels(lines: readonly Line[]): Map<number, number> {
  const chars = new Map<number, number>();
  for (const line of lines) chars.set(size(line), (chars.get(size(line)) ?? 0) + line.text.length);
  const [body = 0] = [...chars].sort((a, b) => b[1] - a[1])[0] ?? [];
  const sizes = [...chars.keys()].filter((one) => one >= body * HEADING_SIZE).sort((a, b) => b - a);
  return new Map(sizes.map((one, index) => [one, Math.min(HEADING_LEVELS_MAX, index + 1)]));
}

/** Sizes that differ by rounding are one. */
function size({ height }: Line): number {
  return Math.round(height * 2) / 2;
}

/** From base line to base line, in sizes of letters: that of most lines. */
function usualGap(lines: readonly Line[]): number {
  const counts = new Map<number, number>();
  for (const [index, line] of lines.entries()) {
    const last = lines[index - 1];
    if (!last || last.page !== line.page || line.height === 0) continue;
    const gap = Math.round(((last.y - line.y) / line.height) * 20) / 20;
    if (gap > 0.5 && gap < 3) counts.set(gap, (counts.get(gap) ?? 0) + 1);
  }
  return [...counts].sort((a, b) => b[1] - a[1])[0]?.[0] ?? LINE_GAP_DEFAULT;
}

function goesOn(last: Line, line: Line, usual: number): boolean {
  if (last.page !== line.page || size(last) !== size(line) || last.isNote || line.isNote) return false;
  const gap = (last.y - line.y) / (line.height || 1);
  if (Math.abs(gap) < SAME_LINE_GAP) return true;
  // The next column: it goes on where the sentence does.
  if (gap < -1) return !SENTENCE_END.test(last.text.trimEnd());
  if (gap > usual * PARAGRAPH_GAP) return false;
  const indent = (line.x - last.x) / (line.height || 1);
  const isSetIn = indent > INDENT.min && indent < INDENT.max;
  return !(isSetIn && SENTENCE_END.test(last.text.trimEnd()));
}

/** Words that were divided at the end of a line are made whole. */
function joined(lines: readonly Line[]): string {
  let text = "";
  for (const line of lines) {
    const next = line.text.replace(/\s+/g, " ").trim();
    if (text === "") text = next;
    else if (HYPHENATED.test(text) && /^\p{Ll}/u.test(next)) text = text.slice(0, -1) + next;
    else text += ` ${next}`;
  }
  return text.replaceAll("\u00ad", "");
}
