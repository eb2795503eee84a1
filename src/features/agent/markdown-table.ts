/** Finds the Markdown tables of streamed text: lines that begin with `|`, of which the second is the delimiter row. */

/** A longer line is text. */
const LINE_CHARS_MAX = 1000;
const TABLE_CHARS_MAX = 65_536;
const DELIMITER_ROW = /^ {0,3}\|[ \t]*:?-+:?[ \t]*(?:\|[ \t]*:?-+:?[ \t]*)*\|?[ \t]*$/;

export interface TableCells {
  headers: string[];
  /** As long as they were written. */
  rows: string[][];
}

export type TablePiece = { text: string } | { table: TableCells };

/** Holds back lines that may be a table's, however the text is cut into chunks. Code blocks are left alone. */
export class TableReader {
  #held = "";
  /** The rest of the current line is text. */
  #isInText = false;
  #isInCode = false;
  /** Complete lines of what may be, or is, a table. */
  #lines: string[] = [];
  #tableChars = 0;

  push(text: string): TablePiece[] {
    this.#held += text;
    return this.#take(false);
  }

  end(): TablePiece[] {
    const pieces = this.#take(true);
    this.#closeTable(pieces);
    this.#isInText = false;
    this.#isInCode = false;
    return pieces;
  }

  #take(isFinal: boolean): TablePiece[] {
    const pieces: TablePiece[] = [];
    while (this.#held !== "") {
      if (this.#isInText) this.#passLine(pieces);
      else if (!this.#beginLine(isFinal, pieces)) break;
    }
    return pieces;
  }

  #passLine(pieces: TablePiece[]): void {
    const lineEnd = this.#held.indexOf("\n") + 1;
    const used = lineEnd === 0 ? this.#held.length : lineEnd;
    pieces.push({ text: this.#held.slice(0, used) });
    this.#held = this.#held.slice(used);
    this.#isInText = lineEnd === 0;
  }

  /** False when more text must come before it is clear what the line is. */
  #beginLine(isFinal: boolean, pieces: TablePiece[]): boolean {
    const start = /^ {0,3}(?:`{1,3}|~{1,3}|\|)?/.exec(this.#held)![0].trimStart();
    const isComplete = isFinal || this.#held.includes("\n");
    const mayGrow = start === "" ? /^ {0,3}$/.test(this.#held) : /^[`~]{1,2}$/.test(start);
    if (mayGrow && !isComplete && this.#held.trimStart() === start) return false;
    if (start === "|" && !this.#isInCode) return this.#beginRow(isComplete, pieces);
    this.#closeTable(pieces);
    if (start.length === 3) this.#isInCode = !this.#isInCode;
    this.#isInText = true;
    return true;
  }

  #beginRow(isComplete: boolean, pieces: TablePiece[]): boolean {
    const lineEnd = this.#held.indexOf("\n");
    const chars = lineEnd === -1 ? this.#held.length : lineEnd;
    const isTooLong = chars > LINE_CHARS_MAX || this.#tableChars + chars > TABLE_CHARS_MAX;
    const cannotDelimit = this.#lines.length === 1 && !/^[\s|:-]*$/.test(this.#held.slice(0, chars));
    if (isTooLong || cannotDelimit) {
      this.#closeTable(pieces);
      this.#isInText = isTooLong;
      return true;
    }
    if (!isComplete) return false;
    const used = lineEnd === -1 ? chars : lineEnd + 1;
    const line = this.#held.slice(0, used);
    if (this.#lines.length === 1 && !isDelimiterOf(this.#lines[0]!, line)) this.#closeTable(pieces);
    this.#lines.push(line);
    this.#tableChars += used;
    this.#held = this.#held.slice(used);
    return true;
  }

  /** Lines without a delimiter row were text. */
  #closeTable(pieces: TablePiece[]): void {
    const [header, delimiter, ...rows] = this.#lines;
    if (header !== undefined && delimiter !== undefined) {
      pieces.push({ table: { headers: cellsOf(header), rows: rows.map(cellsOf) } });
    } else if (header !== undefined) {
      pieces.push({ text: header });
    }
    this.#lines = [];
    this.#tableChars = 0;
  }
}

function isDelimiterOf(header: string, line: string): boolean {
  return DELIMITER_ROW.test(line.trimEnd()) && cellsOf(line).length === cellsOf(header).length;
}

function cellsOf(line: string): string[] {
  const inner = line
    .trim()
    .replace(/^\|/, "")
    .replace(/(?<!\\)\|$/, "");
  return inner.split(/(?<!\\)\|/).map((cell) => cell.trim().replaceAll("\\|", "|"));
}
