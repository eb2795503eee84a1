/** Lines for a person at a terminal. Colours appear only there, and not where NO_COLOR is set. */
import { styleText } from "node:util";

export const paint = {
  strong: (text: string) => styleText("bold", text),
  quiet: (text: string) => styleText("dim", text),
  good: (text: string) => styleText("green", text),
  bad: (text: string) => styleText("red", text),
  accent: (text: string) => styleText("cyan", text),
};

export function mark(isRight: boolean): string {
  return isRight ? paint.good("✓") : paint.bad("✗");
}

const WIDTH_MAX = 100;
const INDENT = "  ";
const CLEAR_LINE = "\u001b[2K";

export function say(line = ""): void {
  process.stdout.write(`${process.stdout.isTTY ? CLEAR_LINE : ""}${line}\n`);
}

function width(): number {
  return Math.min(process.stdout.columns || WIDTH_MAX, WIDTH_MAX);
}

/** One sentence over as many indented lines as it takes; each but the first stands two characters further in. */
export function wrap(text: string, indent: string): string[] {
  const lines: string[] = [];
  for (const word of text.split(" ")) {
    const last = lines.at(-1);
    if (last !== undefined && last.length + 1 + word.length <= width())
      lines[lines.length - 1] = `${last} ${word}`;
    else lines.push(`${indent}${last === undefined ? "" : "  "}${word}`);
  }
  return lines;
}

/** What is being done now, on a terminal only: the next line takes its place. */
export function sayPassing(line: string): void {
  if (process.stdout.isTTY) process.stdout.write(`${line}\r`);
}

/** An answer as it streams: whole words, wrapped and indented. */
export class StreamedText {
  #column = 0;
  #gap = 0;
  #word = "";

  write(text: string): void {
    for (const char of text) {
      if (char !== " " && char !== "\n") this.#word += char;
      else this.#space(char);
    }
  }

  /** Before anything else is written: the last word comes out, and the line ends. */
  end(): void {
    this.#putWord();
    this.#gap = 0;
    if (this.#column > 0) this.#breakLine();
  }

  #space(char: string): void {
    this.#putWord();
    if (char === "\n") this.#breakLine();
    else this.#gap++;
  }

  #putWord(): void {
    if (this.#word === "") return;
    const needed = this.#column + this.#gap + this.#word.length;
    if (this.#column > 0 && needed > width() - INDENT.length) this.#breakLine();
    const lead = this.#column === 0 ? INDENT : "";
    process.stdout.write(lead + " ".repeat(this.#gap) + this.#word);
    this.#column += this.#gap + this.#word.length;
    this.#gap = 0;
    this.#word = "";
  }

  #breakLine(): void {
    process.stdout.write("\n");
    this.#column = 0;
    this.#gap = 0;
  }
}

/** Columns as wide as their widest cell; numbers stand to the right. */
export function table(headers: string[], rows: (string | number)[][]): string[] {
  const widths = headers.map((header, column) =>
    Math.max(header.length, ...rows.map((row) => String(row[column] ?? "").length)),
  );
  const line = (cells: (string | number)[]) =>
    cells
      .map((cell, column) => {
        const width = widths[column] ?? 0;
        return typeof cell === "number" ? String(cell).padStart(width) : cell.padEnd(width);
      })
      .join("   ")
      .trimEnd();
  const isNumeric = (column: number) => rows.every((row) => typeof row[column] === "number");
  const head = headers.map((header, column) =>
    isNumeric(column) ? header.padStart(widths[column] ?? 0) : header,
  );
  return [paint.quiet(line(head)), ...rows.map(line)];
}
