import { withoutUnseen } from "../../../../lib/text.ts";
import {
  type Block,
  type BlockKind,
  type DocumentType,
  PARSE_LIMITS,
  type ParsedDocument,
  type ParseLimits,
} from "./document.ts";

const SEPARATOR = "\n\n";
/** Longer ones are prose in the clothes of a heading. */
const HEADING_CHARS_MAX = 300;
const TITLE_CHARS_MAX = 300;
export type BlockDetails = Partial<Pick<Block, "level" | "page" | "head">>;

/** Collects the blocks of one document, with all its attachments, up to the limits. */
export class DocumentBuilder {
  readonly limits: ParseLimits;
  title: string | undefined;
  /** Added to the level of headings: those of an attachment stand below its name. */
  levelShift = 0;
  attachmentsLeft: number;
  readonly #parts: string[] = [];
  readonly #blocks: Block[] = [];
  readonly #cuts = new Set<string>();
  #length = 0;

  constructor(limits: ParseLimits = PARSE_LIMITS) {
    this.limits = limits;
    this.attachmentsLeft = limits.attachmentsMax;
  }

  /** Nothing more will be taken: a parser may stop. */
  get isFull(): boolean {
    return this.#length >= this.limits.charsMax || this.#blocks.length >= this.limits.blocksMax;
  }

  get charsLeft(): number {
    return Math.max(0, this.limits.charsMax - this.#length);
  }

  /** White space at both ends is dropped, and so is an empty block. */
  add(kind: BlockKind, text: string, details: BlockDetails = {}): void {
    const plain = plainText(text);
    if (plain === "") return;
    if (this.isFull) return this.cutShort();
    const start = this.#length + (this.#length > 0 ? SEPARATOR.length : 0);
    const kept = cutAt(plain, this.limits.charsMax - start);
    if (kept.length < plain.length) this.cutShort();
    if (kept === "") {
      this.#length = this.limits.charsMax;
      return;
    }
    if (this.#length > 0) this.#parts.push(SEPARATOR);
    this.#parts.push(kept);
    this.#length = start + kept.length;
    const isHeading = kind === "heading" && kept.length <= HEADING_CHARS_MAX;
    this.#blocks.push({
      kind: kind === "heading" && !isHeading ? "paragraph" : kind,
      text: kept,
      start,
      end: this.#length,
      ...(isHeading && { level: Math.min(6, Math.max(1, (details.level ?? 1) + this.levelShift)) }),
      ...(details.page !== undefined && { page: details.page }),
      ...(details.head && { head: cutAt(plainText(details.head), HEADING_CHARS_MAX) }),
    });
  }

  /** Says once what was left out. */
  cut(sentence: string): void {
    this.#cuts.add(sentence);
  }

  cutShort(): void {
    this.cut("The document is longer than can be read; the end was left out.");
  }

  finish(type: DocumentType): Omit<ParsedDocument, "language"> {
    const title = cutAt(plainText(this.title ?? "").replace(/\s+/g, " "), TITLE_CHARS_MAX);
    return {
      type,
      ...(title && { title }),
      text: this.#parts.join(""),
      blocks: this.#blocks,
      cuts: [...this.#cuts],
    };
  }
}

/** A line for each row that holds something, with bars between its cells; the first names the columns. */
export function addTable(builder: DocumentBuilder, rows: readonly (readonly string[])[]): void {
  const lines = rows
    .filter((row) => row.some(Boolean))
    .map((row) => row.map((cell) => cell.replace(/\s+/g, " ").trim()).join(" | "));
  builder.add("table", lines.join("\n"), lines.length > 1 ? { head: lines[0]! } : {});
}

/** As a table, or as paragraphs where no row has two cells that hold something. */
export function addCells(builder: DocumentBuilder, rows: readonly (readonly string[])[]): void {
  if (rows.some((row) => row.filter(Boolean).length > 1)) return addTable(builder, rows);
  for (const text of rows.flat()) {
    for (const paragraph of text.split("\n")) builder.add("paragraph", paragraph);
  }
}

/** Also as printers, mainframes and Unicode have it. */
const LINE_END = /\r\n?|[\v\f\u0085\u2028\u2029]/g;

function plainText(text: string): string {
  return withoutUnseen(text.replace(LINE_END, "\n")).toWellFormed().trim();
}

/** Never between the halves of a surrogate pair; without white space at the end. */
function cutAt(text: string, charsMax: number): string {
  if (text.length <= charsMax) return text;
  const end = (text.codePointAt(charsMax - 1) ?? 0) > 0xffff ? charsMax - 1 : charsMax;
  return text.slice(0, Math.max(0, end)).trimEnd();
}
