/** The text of a Word document's parts (ECMA-376, WordprocessingML). */
import { addTable, type DocumentBuilder } from "./builder.ts";
import type { Numbering } from "./docx-numbering.ts";
import { isOn, Names, outlineLevel, type WordStyles } from "./docx-styles.ts";
import { type Attributes, type MarkupReader, readMarkup } from "./markup.ts";

/** Second versions of what stands elsewhere, what tracked changes took away, and how things were before them. */
const UNREAD = new Set(["mc:Fallback", "moveFrom", "del", "pPrChange", "rPrChange"]);
/** What is seen and not read. */
const LEFT_OUT: Readonly<Record<string, string>> = {
  commentReference: "Comments in the margin were left out.",
  "c:chart": "Charts and diagrams were left out.",
  "dgm:relIds": "Charts and diagrams were left out.",
  "o:OLEObject": "Files within the document were left out; send them on their own.",
  altChunk: "A part of the document that is in another format was left out.",
};
const LIST_INDENT_MAX = 8;

/** Numbers of the notes that the text refers to, by their ids. */
export interface NoteNumbers {
  footnotes: Map<string, number>;
  endnotes: Map<string, number>;
}

/** What a document says of all its parts. */
export interface WordSettings {
  styles: WordStyles;
  numbering: Numbering;
}

export function readWordText(xml: string, settings: WordSettings, builder: DocumentBuilder): NoteNumbers {
  const reader = new WordReader(settings, builder);
  readMarkup(xml, reader, { isXml: true });
  if (reader.isDone) builder.cutShort();
  reader.finish();
  return reader.notes;
}

/** The notes that are referred to, each as a paragraph with its number. */
export function readNotes(
  xml: string,
  numbers: ReadonlyMap<string, number>,
  settings: WordSettings,
  builder: DocumentBuilder,
): void {
  const reader = new WordReader(settings, builder, numbers);
  readMarkup(xml, reader, { isXml: true });
}

interface Paragraph {
  text: string;
  /** How its characters are read, one of another. */
  readings: string[];
  style: string;
  level: number;
  isHidden: boolean;
  /** Which list it belongs to, "0" for none, and how deep in it. */
  numId?: string | undefined;
  listLevel?: number | undefined;
}

class WordReader implements MarkupReader {
  readonly notes: NoteNumbers = { footnotes: new Map(), endnotes: new Map() };
  readonly #settings: WordSettings;
  readonly #builder: DocumentBuilder;
  /** Of the part with notes: which are read, and how they are numbered. */
  readonly #numbers: ReadonlyMap<string, number> | undefined;
  readonly #names = new Names();
  /** A text box is a paragraph within one. */
  readonly #paragraphs: Paragraph[] = [];
  /** The rows of the outermost table; those within it are text of its cells. */
  #rows: string[][] = [];
  #tableDepth = 0;
  #list: string[] = [];
  #note: string[] | null = null;
  #unread = { name: "", depth: 0 };
  #isText = false;
  /** What the open run says of itself, if it does. */
  #isHidden: boolean | undefined;
  #isReading = false;

  constructor(settings: WordSettings, builder: DocumentBuilder, numbers?: ReadonlyMap<string, number>) {
    this.#settings = settings;
    this.#builder = builder;
    this.#numbers = numbers;
  }

  get isDone(): boolean {
    return this.#builder.isFull;
  }

  open(qualified: string, attributes: Attributes): void {
    const name = this.#names.local(qualified, attributes);
    if (this.#unread.depth > 0) {
      if (name === this.#unread.name) this.#unread.depth++;
      return;
    }
    const value = () => this.#names.value(attributes, "val");
    const paragraph = this.#paragraphs.at(-1);
    if (LEFT_OUT[name]) this.#builder.cut(LEFT_OUT[name]);
    if (UNREAD.has(name)) this.#unread = { name, depth: 1 };
    else if (name === "p") {
      this.#paragraphs.push({ text: "", readings: [], style: "", level: 0, isHidden: false });
      this.#isHidden = undefined;
    } else if (name === "r") this.#isHidden = undefined;
    else if (name === "vanish") this.#isHidden = isOn(value());
    else if (name === "rStyle") this.#isHidden ??= this.#settings.styles.get(value())?.isHidden;
    else if (name === "rt") this.#openReading(paragraph);
    else if (name === "t" || name === "m:t") this.#isText = true;
    else if (name === "tbl") this.#openTable();
    else if (name === "tr" && this.#tableDepth === 1) this.#rows.push([]);
    else if (name === "tc" && this.#tableDepth === 1) this.#rows.at(-1)?.push("");
    else if (name === "footnote" || name === "endnote") this.#openNote(attributes);
    else if (paragraph) this.#inParagraph(paragraph, name, attributes, value);
  }

  close(qualified: string): void {
    const name = this.#names.strip(qualified);
    if (this.#unread.depth > 0) {
      if (name === this.#unread.name) this.#unread.depth--;
      return;
    }
    if (name === "t" || name === "m:t") this.#isText = false;
    else if (name === "p") this.#closeParagraph();
    else if (name === "r") this.#isHidden = undefined;
    else if (name === "rt") this.#isReading = false;
    else if (name === "tbl") this.#closeTable();
    else if (name === "footnote" || name === "endnote") this.#closeNote();
  }

  text(text: string): void {
    const paragraph = this.#paragraphs.at(-1);
    if (!paragraph || !this.#isText || this.#unread.depth > 0) return;
    if (this.#isHidden ?? paragraph.isHidden) {
      if (text.trim() !== "") this.#builder.cut("Text that the document hides was left out.");
    } else if (this.#isReading) paragraph.readings.push((paragraph.readings.pop() ?? "") + text);
    else paragraph.text += text;
  }

  finish(): void {
    while (this.#paragraphs.length > 0) this.#closeParagraph();
    while (this.#tableDepth > 0) this.#closeTable();
    this.#flushList();
  }

  #inParagraph(paragraph: Paragraph, name: string, attributes: Attributes, value: () => string): void {
    if (name === "pStyle")
      Object.assign(paragraph, { style: value(), level: 0 }, this.#settings.styles.get(value()));
    else if (name === "outlineLvl") paragraph.level = outlineLevel(value());
    else if (name === "ilvl") paragraph.listLevel = Number(value()) || 0;
    else if (name === "numId") paragraph.numId = value();
    else if (name === "tab") paragraph.text += "\t";
    else if (name === "br" || name === "cr") paragraph.text += "\n";
    else if (name === "noBreakHyphen") paragraph.text += "-";
    else if (name === "footnoteReference" || name === "endnoteReference") {
      const numbers = this.notes[name === "footnoteReference" ? "footnotes" : "endnotes"];
      const id = this.#names.value(attributes, "id");
      if (!numbers.has(id)) numbers.set(id, this.notes.footnotes.size + this.notes.endnotes.size + 1);
      paragraph.text += ` [${numbers.get(id)}]`;
    }
  }

  #closeParagraph(): void {
    const paragraph = this.#paragraphs.pop();
    if (!paragraph) return;
    const isListed = paragraph.numId !== undefined && paragraph.numId !== "0";
    const label = isListed ? this.#labelOf(paragraph) : undefined;
    const readings = paragraph.readings.filter(Boolean).join(" ");
    const plain = paragraph.text.trim() + (readings && ` (${readings})`);
    if (!plain) return;
    const text = label ? `${label} ${plain}` : plain;
    const cells = this.#rows.at(-1);
    if (this.#note) this.#note.push(text);
    else if (this.#numbers) return;
    else if (this.#tableDepth > 0 && cells && cells.length > 0) {
      cells[cells.length - 1] = [cells.at(-1), text].filter(Boolean).join("\n");
    } else if (isListed && paragraph.level === 0)
      this.#listItem(label ? text : `- ${plain}`, paragraph.listLevel ?? 0);
    else {
      this.#flushList();
      if (paragraph.level > 0) this.#builder.add("heading", text, { level: paragraph.level });
      else this.#builder.add("paragraph", text);
    }
  }

  #labelOf({ numId = "", listLevel, style }: Paragraph): string | undefined {
    return this.#settings.numbering.next(numId, listLevel, style);
  }

  /** One after another of the same characters stand together. */
  #openReading(paragraph: Paragraph | undefined): void {
    this.#isReading = true;
    paragraph?.readings.push("");
  }

  #listItem(text: string, level: number): void {
    this.#list.push("  ".repeat(Math.min(level, LIST_INDENT_MAX)) + text);
  }

  #flushList(): void {
    if (this.#list.length > 0) this.#builder.add("list", this.#list.join("\n"));
    this.#list = [];
  }

  #openTable(): void {
    if (this.#tableDepth++ > 0) return;
    this.#flushList();
    this.#rows = [];
  }

  #closeTable(): void {
    if (this.#tableDepth === 0 || --this.#tableDepth > 0) return;
    if (!this.#numbers) addTable(this.#builder, this.#rows);
    this.#rows = [];
  }

  #openNote(attributes: Attributes): void {
    const number = this.#numbers?.get(this.#names.value(attributes, "id"));
    this.#note = number === undefined ? null : [`[${number}]`];
  }

  #closeNote(): void {
    if (this.#note && this.#note.length > 1) this.#builder.add("paragraph", this.#note.join(" "));
    this.#note = null;
  }
}
