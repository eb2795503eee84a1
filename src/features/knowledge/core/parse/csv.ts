import { parse } from "csv-parse/sync";
import type { DocumentBuilder } from "./builder.ts";
import { readText } from "./text.ts";

const DELIMITERS = [",", ";", "\t", "|"] as const;
/** As Excel has it in the first line. */
const NAMED_DELIMITER = /^\ufeff?sep=(.)\r?\n/i;
const PROBE_CHARS = 10_000;
const PROBE_LINES = 10;
const ROWS_A_BLOCK = 50;
/** A quote that is never closed would make the rest of the file one value. */
const ROW_CHARS_MAX = 100_000;

/** Each row becomes a line, and the names of the columns go with every part of them. */
export function readCsv(whole: string, builder: DocumentBuilder): void {
  const { rowsMax } = builder.limits;
  const [directive = "", named] = NAMED_DELIMITER.exec(whole) ?? [];
  const source = whole.slice(directive.length);
  if (hasLongLine(source)) {
    builder.cut("A row of the table is too long; it was read as plain text.");
    return readText(source, builder);
  }
  const rows = new RowWriter(builder);
  const delimiter = named ?? delimiterOf(source) ?? ",";
  let bytesRead = 0;
  const read = (text: string, isQuoted: boolean) =>
    parse(text, {
      bom: true,
      delimiter,
      record_delimiter: ["\r\n", "\n", "\r"],
      // Around a quote; a tab may be a border itself.
      trim: delimiter !== "\t",
      quote: isQuoted ? '"' : null,
      relax_column_count: true,
      relax_quotes: true,
      skip_empty_lines: true,
      max_record_size: ROW_CHARS_MAX,
      // One more than the column names and the rows, to know whether there is more.
      to: rowsMax + 2,
      on_record: (record: string[], { bytes }) => {
        rows.add(record);
        bytesRead = bytes;
        return null;
      },
    });
  try {
    read(source, true);
  } catch {
    builder.cut("A quote in the table is never closed; what follows was read line by line.");
    const rest = new TextEncoder().encode(source).subarray(bytesRead);
    read(new TextDecoder().decode(rest), false);
  }
  rows.finish();
}

function hasLongLine(source: string): boolean {
  let start = 0;
  for (let end = source.indexOf("\n"); end >= 0; end = source.indexOf("\n", start)) {
    if (end - start > ROW_CHARS_MAX) return true;
    start = end + 1;
  }
  return source.length - start > ROW_CHARS_MAX;
}

/** What separates the values: what the first lines agree on best. */
export function delimiterOf(source: string): string | undefined {
  const lines = probeLines(source);
  const best = DELIMITERS.map((delimiter) => {
    const counts = lines.map((line) => line.split(delimiter).length);
    return { delimiter, least: Math.min(...counts), most: Math.max(...counts) };
  })
    .filter(({ most }) => most > 1)
    .sort(
      (a, b) =>
        Number(b.least > 1) - Number(a.least > 1) || a.most - a.least - (b.most - b.least) || b.most - a.most,
    );
  return best[0]?.delimiter;
}

const CELL_CHARS_MAX = 80;

/** Whether a text of unknown type is a table: some lines with the same number of columns, and nothing long in them. */
export function looksLikeCsv(source: string): boolean {
  const delimiter = delimiterOf(source);
  if (!delimiter) return false;
  const rows = probeLines(source).map((line) => line.split(delimiter));
  const columns = rows[0]?.length ?? 0;
  const isEven = rows.length > 2 && rows.every((row) => row.length === columns);
  // A comma is also a mark of prose.
  return (
    isEven &&
    columns > (delimiter === "," ? 2 : 1) &&
    rows.flat().every((cell) => cell.length <= CELL_CHARS_MAX)
  );
}

/** The first whole lines that are not empty, quoted values taken out. */
function probeLines(source: string): string[] {
  const lines = source
    .slice(0, PROBE_CHARS)
    .replace(/"[^"]*"/g, "")
    .split(/\r\n|\r|\n/);
  const whole = source.length > PROBE_CHARS && lines.length > 1 ? lines.slice(0, -1) : lines;
  return whole.filter((line) => line.trim() !== "").slice(0, PROBE_LINES);
}

class RowWriter {
  count = 0;
  readonly #builder: DocumentBuilder;
  /** The names of the columns; empty where the first row holds values. */
  #head: string | null = null;
  #lines: string[] = [];

  constructor(builder: DocumentBuilder) {
    this.#builder = builder;
  }

  add(values: readonly string[]): void {
    if (values.every((value) => value.trim() === "")) return;
    const line = values.map((value) => value.replace(/\s+/g, " ").trim()).join(" | ");
    if (this.#head === null) {
      this.#head = namesColumns(values) ? line : "";
      if (this.#head !== "") return;
    }
    if (this.count >= this.#builder.limits.rowsMax) {
      return this.#builder.cut(`Only the first ${this.#builder.limits.rowsMax} rows of the table were read.`);
    }
    this.count++;
    this.#lines.push(line);
    if (this.#lines.length === ROWS_A_BLOCK) this.#flush();
  }

  /** A table that has nothing but its columns is told by them. */
  finish(): void {
    this.#flush();
    if (this.count === 0 && this.#head) this.#builder.add("table", this.#head);
  }

  #flush(): void {
    this.#builder.add("table", this.#lines.join("\n"), this.#head ? { head: this.#head } : {});
    this.#lines = [];
  }
}

/** Names are distinct and no numbers. */
function namesColumns(values: readonly string[]): boolean {
  const names = values.map((value) => value.trim()).filter(Boolean);
  return (
    names.length > values.length / 2 &&
    new Set(names).size === names.length &&
    names.every((name) => name.length <= 100 && !/^[-+\d.,%€$£ ]+$/.test(name))
  );
}
