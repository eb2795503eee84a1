/** The blocks of an HTML page or mail: what a person reads, without what only lays it out. */
import { addCells, type DocumentBuilder } from "./builder.ts";
import { HEADING, isBlock, PARAGRAPHS, shownValue, TEXT_ONLY, UNREAD } from "./html-elements.ts";
import { Visibility } from "./html-hidden.ts";
import { OpenLists } from "./html-lists.ts";
import { type Attributes, type MarkupReader, readMarkup } from "./markup.ts";
import { FlowText } from "./text-buffer.ts";

export function readHtml(source: string, builder: DocumentBuilder): void {
  const reader = new HtmlReader(builder);
  readMarkup(source, reader, { isXml: false });
  if (reader.isDone) builder.cutShort();
  reader.finish();
}

const TABLES_DEPTH_MAX = 100;
const HIDDEN = "Parts that the page hides were left out.";

interface Table {
  rows: string[][];
  /** It arranges the page: what is in it is read as if it were not there. */
  isLayout: boolean;
}

class HtmlReader implements MarkupReader {
  readonly #builder: DocumentBuilder;
  readonly #tables: Table[] = [];
  /** Lines of the list that is open. */
  #list: string[] = [];
  /** Of that list and of the cells of open tables. */
  #heldChars = 0;
  readonly #lists = new OpenLists();
  readonly #visibility = new Visibility();
  #quoteDepth = 0;
  #preDepth = 0;
  #isInCell = false;
  #heading = 0;
  #isTitle = false;
  #title = "";
  /** The element that is not read, and how many of its name are open. */
  #unread = { name: "", depth: 0 };
  readonly #text = new FlowText();

  constructor(builder: DocumentBuilder) {
    this.#builder = builder;
  }

  get isDone(): boolean {
    return this.#builder.isFull || this.#text.length + this.#heldChars > this.#builder.charsLeft;
  }

  open(name: string, attributes: Attributes): void {
    if (this.#unread.depth > 0 && !this.#endsUnread(name)) {
      if (name === this.#unread.name) this.#unread.depth++;
      if (name === "text" && this.#unread.name === "svg") this.#builder.cut("Text in drawings was left out.");
      return;
    }
    const level = Number(HEADING.exec(name)?.[1] ?? 0);
    if (UNREAD.has(name)) this.#unread = { name, depth: 1 };
    else if (!this.#visibility.open(name, attributes)) this.#hide(name);
    else if (name === "rt" || name === "rp") this.#text.openReading();
    else if (name === "input") this.text(shownValue(attributes));
    else if (name === "title") this.#isTitle = true;
    else if (name === "br") this.#text.endLine(this.#preDepth > 0);
    else if (level > 0) {
      this.#layOut();
      this.#flush();
      this.#heading = level;
    } else if (name === "pre") {
      this.#flush();
      this.#preDepth++;
    } else if (name === "blockquote") {
      this.#flush();
      this.#quoteDepth++;
    } else if (name === "ul" || name === "ol") this.#openList(name, attributes);
    else if (name === "li") {
      this.#endItem();
      this.#lists.openItem(attributes);
    } else if (name === "table") this.#openTable();
    else if (name === "tr") this.#openRow();
    else if (name === "td" || name === "th") this.#openCell();
    else if (PARAGRAPHS.has(name)) this.#border();
  }

  close(name: string): void {
    if (this.#unread.depth > 0) {
      if (name === this.#unread.name) this.#unread.depth--;
      return;
    }
    this.#visibility.close(name);
    if (name === "title") this.#isTitle = false;
    else if (name === "rt" || name === "rp" || name === "ruby") this.#text.closeReading(name === "rt");
    else if (HEADING.test(name)) {
      this.#flush();
      this.#heading = 0;
    } else if (name === "pre") {
      this.#flush();
      this.#preDepth = Math.max(0, this.#preDepth - 1);
    } else if (name === "blockquote") {
      this.#flush();
      this.#quoteDepth = Math.max(0, this.#quoteDepth - 1);
    } else if (name === "ul" || name === "ol") this.#closeList();
    else if (name === "li") this.#endItem();
    else if (name === "table") this.#closeTable();
    else if (name === "tr" || name === "td" || name === "th") this.#endCell();
    else if (PARAGRAPHS.has(name)) this.#border();
  }

  text(text: string): void {
    if (this.#unread.name === "style" && this.#unread.depth > 0) this.#visibility.addSheet(text);
    if (this.#unread.depth > 0) return;
    if (this.#isTitle) this.#title += text;
    else if (!this.#visibility.isText) {
      if (text.trim() !== "") this.#builder.cut(HIDDEN);
    } else this.#text.write(text, this.#preDepth > 0);
  }

  finish(): void {
    this.#text.closeReading(true);
    this.#lists.closeAll();
    this.#endItem();
    this.#flushList();
    while (this.#tables.length > 0) this.#closeTable();
    this.#flush();
    if (this.#unread.depth > 0 && !TEXT_ONLY.has(this.#unread.name)) {
      this.#builder.cut("An element of the page is never closed and hides what follows it.");
    }
    this.#builder.title ??= this.#title.trim() || undefined;
  }

  /** Readers see none of it; it is also where orders to models are hidden. */
  #hide(name: string): void {
    this.#builder.cut(HIDDEN);
    this.#unread = { name, depth: 1 };
  }

  /** A paragraph that is never closed ends where the next block begins. */
  #endsUnread(name: string): boolean {
    const ends = this.#unread.name === "p" && isBlock(name);
    if (ends) this.#unread = { name: "", depth: 0 };
    return ends;
  }

  /** The row that cells go to, where a table is one. */
  get #cells(): string[] | undefined {
    const table = this.#tables.at(-1);
    return table && !table.isLayout ? table.rows.at(-1) : undefined;
  }

  #border(): void {
    if (this.#cells || this.#lists.depth > 0) this.#text.endLine(this.#preDepth > 0);
    else this.#flush();
  }

  /** What was read since the last border becomes a block of the kind that is open. */
  #flush(): void {
    if (this.#cells) return this.#border();
    if (this.#lists.depth > 0) this.#endItem();
    this.#flushList();
    const text = this.#text.take(this.#preDepth > 0);
    if (this.#preDepth > 0) this.#builder.add("code", text);
    else if (this.#heading > 0) {
      this.#builder.add("heading", text.replace(/\s+/g, " "), { level: this.#heading });
    } else this.#builder.add(this.#quoteDepth > 0 ? "quote" : "paragraph", text);
  }

  #openList(name: string, attributes: Attributes): void {
    if (this.#cells) return;
    if (this.#lists.depth === 0) this.#flush();
    else this.#endItem();
    this.#lists.open(name, attributes);
  }

  #closeList(): void {
    if (this.#cells || this.#lists.depth === 0) return;
    this.#endItem();
    this.#lists.close();
    if (this.#lists.depth === 0) this.#flushList();
  }

  #endItem(): void {
    if (this.#cells) return this.#border();
    if (this.#lists.depth === 0) return this.#flush();
    const text = this.#text
      .take(this.#preDepth > 0)
      .replace(/\n\s*\n+/g, "\n")
      .trim();
    if (text === "") return;
    const { indent } = this.#lists;
    const item = `${indent}${this.#lists.takeMark()} ${text.replaceAll("\n", `\n${indent}  `)}`;
    this.#list.push(item);
    this.#heldChars += item.length + 1;
  }

  #flushList(): void {
    if (this.#list.length > 0) this.#builder.add("list", this.#list.join("\n"));
    this.#list = [];
    this.#heldChars = 0;
  }

  #openTable(): void {
    this.#layOut();
    this.#flush();
    this.#isInCell = false;
    if (this.#tables.length < TABLES_DEPTH_MAX) this.#tables.push({ rows: [], isLayout: false });
  }

  /** A heading or another table in its cells tells that a table arranges the page. */
  #layOut(): void {
    const table = this.#tables.at(-1);
    if (!table || table.isLayout) return;
    this.#endCell();
    this.#spill(table);
    table.isLayout = true;
  }

  #openRow(): void {
    this.#endCell();
    const table = this.#tables.at(-1);
    if (table && !table.isLayout) table.rows.push([]);
  }

  #openCell(): void {
    this.#endCell();
    this.#isInCell = true;
  }

  #endCell(): void {
    const cells = this.#cells;
    if (!cells) return this.#flush();
    const text = this.#text.take(this.#preDepth > 0).trim();
    if (this.#isInCell || text) {
      cells.push(text);
      this.#heldChars += text.length + 3;
    }
    this.#isInCell = false;
  }

  #closeTable(): void {
    if (this.#tables.length === 0) return;
    this.#endCell();
    this.#spill(this.#tables.pop()!);
  }

  #spill(table: Table): void {
    addCells(this.#builder, table.rows);
    table.rows = [];
    this.#heldChars = 0;
  }
}
