/**
 * The blocks of Markdown, their words as written: models and people read the marks. It goes by lines and never back, so
 * that no document takes longer than its length; inline marks, which make full parsers slow, are not looked at.
 */
import type { DocumentBuilder } from "./builder.ts";
import type { BlockKind } from "./document.ts";

const FENCE = /^ {0,3}(`{3,}|~{3,})/;
const HEADING = /^ {0,3}(#{1,6})(?:[ \t]+(.*))?$/;
const UNDERLINE = /^ {0,3}(=+|-+)[ \t]*$/;
const QUOTE = /^ {0,3}>/;
const ITEM = /^[ \t]*(?:[-+*]|\d{1,9}[.)])(?:[ \t]|$)/;
const INDENTED = /^(?: {4}|\t)/;
const CONTINUED = /^(?: {2}|\t)/;
const TABLE_RULE = /^[ \t|:-]+$/;
/** Longer lines are no heading. */
const HEADING_CHARS_MAX = 1_000;
const FRONT_MATTER_CHARS_MAX = 20_000;

/** A picture in the text itself, as exports have it: nothing that can be read or searched. */
const EMBEDDED = /(data:[\w.+-]{1,40}\/[\w.+-]{1,80};base64,)[A-Za-z0-9+/=]{64,}/g;

export function readMarkdown(source: string, builder: DocumentBuilder): void {
  const text = readFrontMatter(source.replace(/^\ufeff/, "").replace(EMBEDDED, "$1…"), builder);
  const reader = new MarkdownReader(builder);
  let line: string | null = null;
  for (const next of linesOf(text)) {
    if (line !== null) reader.line(line, next);
    line = next;
    if (!reader.isDone) continue;
    builder.cutShort();
    line = null;
    break;
  }
  if (line !== null) reader.line(line, "");
  reader.flush();
}

function* linesOf(text: string): Generator<string> {
  let start = 0;
  for (let end = text.indexOf("\n"); end >= 0; end = text.indexOf("\n", start)) {
    yield text.slice(start, text[end - 1] === "\r" ? end - 1 : end);
    start = end + 1;
  }
  yield text.slice(start);
}

/** The lines between two rules at the beginning. What follows them is returned. */
function readFrontMatter(source: string, builder: DocumentBuilder): string {
  if (!/^---[ \t]*\r?\n/.test(source)) return source;
  const end = /\n(?:---|\.\.\.)[ \t]*(?:\r?\n|$)/.exec(source.slice(0, FRONT_MATTER_CHARS_MAX));
  if (!end) return source;
  const matter = source.slice(source.indexOf("\n") + 1, end.index);
  const title = /^title[ \t]*:(.*)$/im.exec(matter)?.[1]?.trim();
  builder.title ??= title?.replace(/^(["'])(.*)\1$/, "$2") || undefined;
  builder.add("code", matter);
  return source.slice(end.index + end[0].length);
}

/** Without what closes it, links and emphasis. */
function plainHeading(text: string): string {
  if (text.length > HEADING_CHARS_MAX) return text;
  return text
    .replace(/[ \t]#+[ \t]*$/, "")
    .replace(/!?\[([^[\]]{0,300})\]\([^()\s]{0,1000}\)/g, "$1")
    .replace(/[*`]+|(?<!\w)_+|_+(?!\w)/g, "")
    .trim();
}

class MarkdownReader {
  readonly #builder: DocumentBuilder;
  #kind: BlockKind | null = null;
  #lines: string[] = [];
  /** What closes the code that is open. */
  #fence = "";
  /** The last line was empty: whether the block goes on depends on the next. */
  #isInterrupted = false;
  #chars = 0;

  constructor(builder: DocumentBuilder) {
    this.#builder = builder;
  }

  /** There is more in the open block than the document has room for. */
  get isDone(): boolean {
    return this.#builder.isFull || this.#chars > this.#builder.charsLeft;
  }

  line(line: string, next: string): void {
    if (this.#fence !== "") this.#codeLine(line);
    else if (line.trim() === "") this.#emptyLine();
    else if (!this.#goesOn(line, next)) this.#begin(line, next);
  }

  flush(): void {
    const head = this.#kind === "table" && this.#lines[0];
    if (this.#kind) this.#builder.add(this.#kind, trimmedLines(this.#lines), head ? { head } : {});
    this.#kind = null;
    this.#lines = [];
    this.#fence = "";
    this.#isInterrupted = false;
    this.#chars = 0;
  }

  #codeLine(line: string): void {
    const mark = FENCE.exec(line)?.[1];
    if (mark?.startsWith(this.#fence) && line.trim() === mark) this.flush();
    else this.#keep(line);
  }

  #emptyLine(): void {
    if (this.#kind === "list" || this.#kind === "code") {
      if (!this.#isInterrupted) this.#keep("");
      this.#isInterrupted = true;
    } else this.flush();
  }

  /** The line belongs to the block that is open. */
  #goesOn(line: string, next: string): boolean {
    const kind = this.#kind;
    const begins = beginningOf(line, next);
    const isUnderline = kind === "paragraph" && UNDERLINE.test(line);
    if (isUnderline) return this.#underline(line);
    const isPart =
      (kind === "paragraph" && begins === null) ||
      (kind === "quote" && (begins === "quote" || begins === null)) ||
      (kind === "table" && begins !== "heading" && line.includes("|")) ||
      (kind === "code" && INDENTED.test(line)) ||
      (kind === "list" &&
        (begins === "list" || CONTINUED.test(line) || (begins === null && !this.#isInterrupted)));
    if (isPart) {
      this.#isInterrupted = false;
      this.#keep(line);
    }
    return isPart;
  }

  /** A paragraph with a line under it is a heading. */
  #underline(line: string): true {
    const level = line.trim().startsWith("=") ? 1 : 2;
    this.#builder.add("heading", plainHeading(this.#lines.join(" ")), { level });
    this.#kind = null;
    this.flush();
    return true;
  }

  #begin(line: string, next: string): void {
    this.flush();
    const heading = HEADING.exec(line);
    const fence = FENCE.exec(line)?.[1];
    if (heading) this.#builder.add("heading", plainHeading(heading[2] ?? ""), { level: heading[1]!.length });
    else if (fence) {
      this.#kind = "code";
      this.#fence = fence;
    } else if (!isRule(line)) {
      this.#kind = beginningOf(line, next) ?? (INDENTED.test(line) ? "code" : "paragraph");
      this.#keep(line);
    }
  }

  #keep(line: string): void {
    this.#lines.push(line);
    this.#chars += line.length + 1;
  }
}

/** What kind of block a line begins wherever it stands; null where it may go on with a paragraph. */
function beginningOf(line: string, next: string): BlockKind | null {
  if (HEADING.test(line)) return "heading";
  if (FENCE.test(line)) return "code";
  if (QUOTE.test(line)) return "quote";
  if (isRule(line)) return "paragraph";
  if (ITEM.test(line)) return "list";
  const isTable = line.includes("|") && isTableRule(next);
  return isTable ? "table" : null;
}

/** Three stars, dashes or low lines at least, and nothing else. */
function isRule(line: string): boolean {
  return /^(?:[*\s]+|[-\s]+|[_\s]+)$/.test(line) && /^ {0,3}(?:\*\s*\*\s*\*|-\s*-\s*-|_\s*_\s*_)/.test(line);
}

function isTableRule(line: string): boolean {
  return TABLE_RULE.test(line) && line.includes("-") && line.includes("|");
}

/** Without empty lines before it; the builder sees to the end. */
function trimmedLines(lines: readonly string[]): string {
  const first = lines.findIndex((line) => line.trim() !== "");
  return lines.slice(Math.max(0, first)).join("\n");
}
