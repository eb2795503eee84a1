/** What one value in JSON takes beside its text. */
const OVERHEAD_CHARS = 8;

type Fields = Readonly<Record<string, unknown>>;

/**
 * Copies JSON values up to about `charsMax` characters together: what comes last is left out, the text at the border is
 * cut. The cost depends on the copy, not on the original.
 */
export class Excerpt {
  #charsLeft: number;
  #isCut = false;

  constructor(charsMax: number) {
    this.#charsLeft = charsMax;
  }

  /** Something had to be left out so far. */
  get isCut(): boolean {
    return this.#isCut;
  }

  records(list: readonly Fields[]): Record<string, unknown>[] {
    return this.#all(list, (fields) => this.record(fields));
  }

  record(fields: Fields): Record<string, unknown> {
    this.#charsLeft -= OVERHEAD_CHARS;
    const copies = this.#all(
      Object.keys(fields),
      (name) => [this.text(name), this.#copy(fields[name])] as const,
    );
    return Object.fromEntries(copies);
  }

  text(text: string): string {
    const kept = text.length <= this.#charsLeft ? text : text.slice(0, Math.max(0, this.#charsLeft));
    if (kept.length < text.length) this.#isCut = true;
    this.#charsLeft -= kept.length;
    return kept.toWellFormed();
  }

  #copy(value: unknown): unknown {
    if (isFields(value)) return this.record(value);
    this.#charsLeft -= OVERHEAD_CHARS;
    if (Array.isArray(value)) return this.#all(value, (item) => this.#copy(item));
    return typeof value === "string" ? this.text(value) : value;
  }

  #all<Item, Copy>(items: readonly Item[], copy: (item: Item) => Copy): Copy[] {
    const copies: Copy[] = [];
    for (const item of items) {
      if (this.#charsLeft <= 0) {
        this.#isCut = true;
        break;
      }
      copies.push(copy(item));
    }
    return copies;
  }
}

function isFields(value: unknown): value is Fields {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}
