const PARTS_MAX = 1_000;

/** A text that is written bit by bit. Joined in steps: a string that only grows keeps every bit as an object of its own. */
export class TextBuffer {
  length = 0;
  #joined: string[] = [];
  #parts: string[] = [];

  write(part: string): void {
    this.length += part.length;
    this.#parts.push(part);
    if (this.#parts.length < PARTS_MAX) return;
    this.#joined.push(this.#parts.join(""));
    this.#parts = [];
  }

  /** All that was written since the last time. */
  take(): string {
    const text = this.#joined.join("") + this.#parts.join("");
    this.length = 0;
    this.#joined = [];
    this.#parts = [];
    return text;
  }
}

/** Text as a page flows it: white space is one space, and a line ends only where it is told to. */
export class FlowText {
  readonly #text = new TextBuffer();
  #endsInSpace = false;
  #lineEnds = 0;
  #readings: string[] = [];
  #reading: string | null = null;

  get length(): number {
    return this.#text.length;
  }

  /** Elements without text between them would add up to long runs of spaces. */
  write(part: string, isVerbatim: boolean): void {
    if (this.#reading !== null) {
      this.#reading += part;
      return;
    }
    if (isVerbatim) return this.#text.write(part);
    const flowed = part.replace(/\s+/g, " ");
    const fresh = this.#endsInSpace && flowed.startsWith(" ") ? flowed.slice(1) : flowed;
    if (fresh === "") return;
    this.#text.write(fresh);
    this.#endsInSpace = fresh.endsWith(" ");
    if (fresh !== " ") this.#lineEnds = 0;
  }

  /** How characters are read comes now: it will stand behind all that is taken, so that words are whole. */
  openReading(): void {
    this.closeReading(true);
    this.#reading = "";
  }

  closeReading(isRead: boolean): void {
    const plain = this.#reading?.replace(/\s+/g, " ").trim() ?? "";
    if (isRead && /\p{L}/u.test(plain)) this.#readings.push(plain);
    this.#reading = null;
  }

  /** After two the next ones change nothing. */
  endLine(isVerbatim: boolean): void {
    if (isVerbatim || ++this.#lineEnds <= 2) this.#text.write("\n");
  }

  take(isVerbatim: boolean): string {
    this.closeReading(true);
    const written = this.#text.take();
    const text = this.#readings.length > 0 ? `${written.trimEnd()} (${this.#readings.join(" ")})` : written;
    this.#readings = [];
    this.#endsInSpace = false;
    this.#lineEnds = 0;
    return isVerbatim ? text : text.replace(/ *\n */g, "\n").replace(/ {2,}/g, " ");
  }
}
