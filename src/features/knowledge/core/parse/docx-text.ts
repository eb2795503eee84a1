/** The text of a Word document's parts (ECMA-376, WordprocessingML). */
import { addTable, type DocumentBuilder } from "./builder.ts";
import { type Attributes, type MarkupReader, readMarkup } from "./markup.ts";

const NAMESPACES = new Set([
  "http://schemas.openxmlformats.org/wordprocessingml/2006/main",
  "http://purl.oclc.org/ooxml/wordprocessingml/main",
]);
/** Second versions of what stands elsewhere, what tracked changes took away, and how things were before them. */
const UNREAD = new Set(["mc:Fallback", "moveFrom", "del", "pPrChange", "rPrChange"]);
const LIST_INDENT_MAX = 8;
const STYLE_CHAIN_MAX = 20;

/** The level of headings by the id of their style. */
export type ParagraphStyles = ReadonlyMap<string, number>;

/** Numbers of the notes that the text refers to, by their ids. */
export interface NoteNumbers {
  footnotes: Map<string, number>;
  endnotes: Map<string, number>;
}

export function readWordText(xml: string, styles: ParagraphStyles, builder: DocumentBuilder): NoteNumbers {
  const reader = new WordReader(styles, builder);
  readMarkup(xml, reader, { isXml: true });
  if (reader.isDone) builder.cutShort();
  reader.finish();
  return reader.notes;
}

/** The notes that are referred to, each as a paragraph with its number. */
export function readNotes(xml: string, numbers: ReadonlyMap<string, number>, builder: DocumentBuilder): void {
  const reader = new WordReader(new Map(), builder, numbers);
  readMarkup(xml, reader, { isXml: true });
}

export function readStyles(xml: string): ParagraphStyles {
  const own = new Map<string, { level?: number; basedOn?: string }>();
  let style: { level?: number; basedOn?: string } = {};
  const names = new Names();
  readMarkup(
    xml,
    {
      isDone: false,
      open: (name, attributes) => {
        const local = names.local(name, attributes);
        const value = names.value(attributes, "val");
        if (local === "style") {
          style = {};
          own.set(names.value(attributes, "styleId"), style);
        } else if (local === "name") {
          const level = value.toLowerCase() === "title" ? 1 : Number(/^heading (\d)$/i.exec(value)?.[1] ?? 0);
          if (level > 0) style.level = level;
        } else if (local === "outlineLvl") style.level ??= outlineLevel(value);
        else if (local === "basedOn") style.basedOn = value;
      },
      close: () => {},
      text: () => {},
    },
    { isXml: true },
  );
  return new Map([...own.keys()].map((id) => [id, inheritedLevel(own, id)]));
}

function inheritedLevel(
  styles: ReadonlyMap<string, { level?: number; basedOn?: string }>,
  id: string,
): number {
  let at: string | undefined = id;
  for (let step = 0; at !== undefined && step < STYLE_CHAIN_MAX; step++) {
    const style = styles.get(at);
    if (style?.level !== undefined) return style.level;
    at = style?.basedOn;
  }
  return 0;
}

/** Written from 0; 9 is body text. */
function outlineLevel(value: string): number {
  const level = Number(value) + 1;
  return level >= 1 && level <= 9 ? level : 0;
}

/** Takes the prefix off the names of WordprocessingML, whatever it is. */
class Names {
  #prefix = "w:";

  local(name: string, attributes: Attributes): string {
    for (const [attribute, value] of attributes) {
      if (attribute.startsWith("xmlns") && NAMESPACES.has(value)) {
        this.#prefix = attribute === "xmlns" ? "" : `${attribute.slice("xmlns:".length)}:`;
      }
    }
    return this.strip(name);
  }

  strip(name: string): string {
    return name.startsWith(this.#prefix) ? name.slice(this.#prefix.length) : name;
  }

  value(attributes: Attributes, name: string): string {
    return attributes.get(this.#prefix + name) ?? attributes.get(name) ?? "";
  }
}

interface Paragraph {
  text: string;
  level: number;
  /** How deep in a list; 0 is no list. */
  listLevel: number;
}

class WordReader implements MarkupReader {
  readonly notes: NoteNumbers = { footnotes: new Map(), endnotes: new Map() };
  readonly #styles: ParagraphStyles;
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
  #isHidden = false;

  constructor(styles: ParagraphStyles, builder: DocumentBuilder, numbers?: ReadonlyMap<string, number>) {
    this.#styles = styles;
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
    if (UNREAD.has(name)) this.#unread = { name, depth: 1 };
    else if (name === "p") this.#paragraphs.push({ text: "", level: 0, listLevel: 0 });
    else if (name === "r") this.#isHidden = false;
    else if (name === "vanish") this.#isHidden = value() !== "0" && value() !== "false";
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
    else if (name === "tbl") this.#closeTable();
    else if (name === "footnote" || name === "endnote") this.#closeNote();
  }

  text(text: string): void {
    const paragraph = this.#paragraphs.at(-1);
    if (paragraph && this.#isText && !this.#isHidden && this.#unread.depth === 0) paragraph.text += text;
  }

  finish(): void {
    while (this.#paragraphs.length > 0) this.#closeParagraph();
    while (this.#tableDepth > 0) this.#closeTable();
    this.#flushList();
  }

  #inParagraph(paragraph: Paragraph, name: string, attributes: Attributes, value: () => string): void {
    if (name === "pStyle") paragraph.level = this.#styles.get(value()) ?? 0;
    else if (name === "outlineLvl") paragraph.level = outlineLevel(value());
    else if (name === "ilvl") paragraph.listLevel = Number(value()) + 1 || 1;
    else if (name === "numId") paragraph.listLevel = value() === "0" ? 0 : paragraph.listLevel || 1;
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
    const text = paragraph?.text.trim();
    if (!paragraph || !text) return;
    const cells = this.#rows.at(-1);
    if (this.#note) this.#note.push(text);
    else if (this.#numbers) return;
    else if (this.#tableDepth > 0 && cells && cells.length > 0) {
      cells[cells.length - 1] = [cells.at(-1), text].filter(Boolean).join("\n");
    } else if (paragraph.listLevel > 0 && paragraph.level === 0) this.#listItem(text, paragraph.listLevel);
    else {
      this.#flushList();
      if (paragraph.level > 0) this.#builder.add("heading", text, { level: paragraph.level });
      else this.#builder.add("paragraph", text);
    }
  }

  #listItem(text: string, level: number): void {
    this.#list.push(`${"  ".repeat(Math.min(level - 1, LIST_INDENT_MAX))}- ${text}`);
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
