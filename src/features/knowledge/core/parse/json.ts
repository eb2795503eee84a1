/**
 * JSON, or a row of JSON values, as lines of `name: value`. It reads from front to back and keeps only where it is:
 * parsed into objects, a few megabytes of brackets would fill a Worker's memory.
 */
import type { DocumentBuilder } from "./builder.ts";

const DEPTH_MAX = 500;
/** Elements of arrays down to here begin a block of their own. */
const RECORD_DEPTH_MAX = 3;
const NAME_CHARS_MAX = 200;
const BLOCK_CHARS_MAX = 20_000;
const SPACE = /[ \t\r\n]*/y;
const SCALAR = /-?\d+(?:\.\d+)?(?:[eE][-+]?\d+)?|true|false|null/y;

/** One value, or several in a row as in JSON Lines, not nested beyond reason. */
export function isJson(source: string): boolean {
  const reader = { isDone: false, leaf: () => {}, open: () => {}, end: () => {} };
  return new JsonScanner(source, reader).scan();
}

/** Of what `isJson`. */
export function readJson(source: string, builder: DocumentBuilder): void {
  new JsonScanner(source, new LineWriter(builder)).scan();
  if (builder.isFull) builder.cutShort();
}

/** Where a value stands. */
interface Place {
  /** Those from the outermost, joined by points; the elements of arrays have none. */
  name: string;
  depth: number;
  isElement: boolean;
}

interface JsonReader {
  readonly isDone: boolean;
  leaf(place: Place, value: string): void;
  /** An object or array that is not empty begins. */
  open(place: Place): void;
  /** An outermost value is over. */
  end(): void;
}

interface Container {
  isArray: boolean;
  /** Of what it holds next. */
  place: Place;
  /** Of itself. */
  own: Place;
}

const OUTERMOST: Place = { name: "", depth: 0, isElement: false };

class JsonScanner {
  readonly #source: string;
  readonly #reader: JsonReader;
  readonly #open: Container[] = [];
  #at = 0;
  #isBroken = false;

  constructor(source: string, reader: JsonReader) {
    this.#source = source;
    this.#reader = reader;
  }

  /** False from where the text is not JSON. */
  scan(): boolean {
    this.#skipSpace();
    let values = 0;
    while (this.#at < this.#source.length && !this.#reader.isDone && !this.#isBroken) {
      this.#value();
      values++;
      if (this.#open.length === 0) this.#reader.end();
      this.#skipSpace();
    }
    return values > 0 && !this.#isBroken && (this.#open.length === 0 || this.#reader.isDone);
  }

  /** A leaf, or the beginning of a container; then all that ends behind it, up to the next value. */
  #value(): void {
    const place = this.#open.at(-1)?.place ?? OUTERMOST;
    const char = this.#source[this.#at]!;
    if (char === "{" || char === "[") return this.#openContainer(char === "[", place);
    this.#reader.leaf(place, char === '"' ? this.#string() : this.#scalar());
    this.#endValue();
  }

  #openContainer(isArray: boolean, own: Place): void {
    if (this.#open.length >= DEPTH_MAX) return this.#break();
    this.#at++;
    this.#skipSpace();
    if (this.#source[this.#at] === (isArray ? "]" : "}")) {
      this.#at++;
      return this.#endValue();
    }
    this.#reader.open(own);
    const place = { ...own, depth: own.depth + 1, isElement: isArray };
    this.#open.push({ isArray, own, place });
    if (!isArray) this.#name();
  }

  #endValue(): void {
    for (let top = this.#open.at(-1); top && !this.#isBroken; top = this.#open.at(-1)) {
      this.#skipSpace();
      const char = this.#source[this.#at++];
      if (char === ",") {
        this.#skipSpace();
        if (!top.isArray) this.#name();
        return;
      }
      if (char !== (top.isArray ? "]" : "}")) return this.#break();
      this.#open.pop();
    }
  }

  #name(): void {
    const { own, place } = this.#open.at(-1)!;
    const name = this.#source[this.#at] === '"' ? this.#string().slice(0, NAME_CHARS_MAX) : this.#break();
    this.#skipSpace();
    if (name === undefined || this.#source[this.#at++] !== ":") return this.#break();
    this.#skipSpace();
    this.#open.at(-1)!.place = { ...place, name: own.name ? `${own.name}.${name}` : name };
  }

  #string(): string {
    const start = this.#at;
    let end = this.#source.indexOf('"', start + 1);
    while (end > 0 && isEscaped(this.#source, end, start)) end = this.#source.indexOf('"', end + 1);
    if (end < 0) {
      this.#break();
      return "";
    }
    this.#at = end + 1;
    try {
      return String(JSON.parse(this.#source.slice(start, this.#at)));
    } catch {
      this.#break();
      return "";
    }
  }

  #scalar(): string {
    SCALAR.lastIndex = this.#at;
    const scalar = SCALAR.exec(this.#source)?.[0] ?? "";
    if (scalar === "") this.#break();
    this.#at += scalar.length;
    return scalar;
  }

  #skipSpace(): void {
    SPACE.lastIndex = this.#at;
    this.#at += SPACE.exec(this.#source)?.[0].length ?? 0;
  }

  #break(): undefined {
    this.#isBroken = true;
  }
}

class LineWriter implements JsonReader {
  readonly #builder: DocumentBuilder;
  #lines: string[] = [];
  #chars = 0;

  constructor(builder: DocumentBuilder) {
    this.#builder = builder;
  }

  get isDone(): boolean {
    return this.#builder.isFull;
  }

  leaf({ name }: Place, value: string): void {
    const plain = value.trim();
    if (plain === "" || plain === "null") return;
    this.#lines.push(name ? `${name}: ${plain}` : plain);
    this.#chars += name.length + plain.length;
    if (this.#chars >= BLOCK_CHARS_MAX) this.end();
  }

  /** Records stand apart. */
  open({ depth, isElement }: Place): void {
    if (isElement && depth <= RECORD_DEPTH_MAX) this.end();
  }

  end(): void {
    if (this.#lines.length > 0) this.#builder.add("table", this.#lines.join("\n"));
    this.#lines = [];
    this.#chars = 0;
  }
}

/** Whether an odd number of backslashes stands before the quote. */
function isEscaped(source: string, quote: number, start: number): boolean {
  let at = quote - 1;
  while (at > start && source[at] === "\\") at--;
  return (quote - 1 - at) % 2 === 1;
}
