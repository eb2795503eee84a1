/** The lists that are open on a page: how deep, and what stands before the next item. */
import { numberAs } from "./list-numbers.ts";
import type { Attributes } from "./markup.ts";

const INDENT_MAX = 8;
const FORMATS: Readonly<Record<string, string>> = {
  a: "lowerLetter",
  A: "upperLetter",
  i: "lowerRoman",
  I: "upperRoman",
};

interface List {
  /** Undefined where items have a mark alone. */
  next: number | undefined;
  format: string | undefined;
}

export class OpenLists {
  readonly #lists: List[] = [];

  get depth(): number {
    return this.#lists.length;
  }

  get indent(): string {
    return "  ".repeat(Math.min(Math.max(0, this.depth - 1), INDENT_MAX));
  }

  open(name: string, attributes: Attributes): void {
    const start = Number.parseInt(attributes.get("start") ?? "1", 10);
    const isNumbered = name === "ol" && !attributes.has("reversed");
    const next = isNumbered ? (Number.isNaN(start) ? 1 : start) : undefined;
    this.#lists.push({ next, format: FORMATS[attributes.get("type") ?? ""] });
  }

  close(): void {
    this.#lists.pop();
  }

  closeAll(): void {
    this.#lists.length = 0;
  }

  /** Counts on. */
  openItem(attributes: Attributes): void {
    const value = Number.parseInt(attributes.get("value") ?? "", 10);
    const list = this.#lists.at(-1);
    if (!list || list.next === undefined) return;
    if (!Number.isNaN(value)) list.next = value;
    this.#mark = `${numberAs(list.next, list.format)}.`;
    list.next++;
  }

  #mark = "-";

  /** Of the item that begins; what follows in it has none. */
  takeMark(): string {
    const mark = this.#mark;
    this.#mark = "-";
    return mark;
  }
}
