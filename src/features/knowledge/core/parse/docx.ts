/**
 * Word documents, read as a stream of tags: the usual libraries build trees of a hundred times the size of the XML, which
 * a Worker's memory does not hold. Only the parts with text are unpacked, each within limits.
 */
import { DocumentBuilder } from "./builder.ts";
import { DocumentProblem } from "./document.ts";
import { Numbering } from "./docx-numbering.ts";
import { readStyles } from "./docx-styles.ts";
import { readNotes, readWordText, type WordSettings } from "./docx-text.ts";
import { type Attributes, readMarkup } from "./markup.ts";
import type { ZipArchive } from "./zip.ts";

/** Of one header or footer: longer ones are none. */
const EDGE_CHARS_MAX = 20_000;
const EDGES_MAX = 60;
const EDGE_REFERENCE = /<(?:\w{1,20}:)?(?:header|footer)Reference\s[^<>]{0,300}?\bid="([^"<>]{1,100})"/g;

interface Relationship {
  id: string;
  /** The last segment of its type, such as `officeDocument`. */
  kind: string;
  target: string;
}

export function readDocx(archive: ZipArchive, builder: DocumentBuilder): void {
  const packageParts = relationshipsOf(archive, "_rels/.rels", "");
  const main = packageParts.find(({ kind }) => kind === "officeDocument")?.target ?? "word/document.xml";
  const xml = textOf(archive, main);
  if (xml === null) {
    throw new DocumentProblem("unreadable", "This Word document is damaged: its main part is missing.");
  }
  const [, folder = "", file = main] = /^(.*\/)?([^/]*)$/.exec(main) ?? [];
  const parts = relationshipsOf(archive, `${folder}_rels/${file}.rels`, folder);
  const optional = (target: string) => optionalText(archive, target, builder);
  const part = (kind: string) =>
    optional(parts.find((one) => one.kind === kind)?.target ?? `${folder}${kind}.xml`);
  builder.title ??= titleOf(packageParts, archive);
  const styles = readStyles(part("styles"));
  const numbers = part("numbering");
  const settings = { styles, numbering: new Numbering(numbers) };
  // They are counted apart.
  const others = { styles, numbering: new Numbering(numbers) };
  const named = new Set(Array.from(xml.matchAll(EDGE_REFERENCE), ([, id = ""]) => id));
  const edges = (kind: string) => {
    const targets = parts.filter((one) => one.kind === kind && named.has(one.id)).map(({ target }) => target);
    return [...new Set(targets)].slice(0, EDGES_MAX).map(optional);
  };
  readEdges(edges("header"), others, builder);
  const notes = readWordText(xml, settings, builder);
  for (const kind of ["footnotes", "endnotes"] as const) {
    if (notes[kind].size > 0) readNotes(part(kind), notes[kind], others, builder);
  }
  readEdges(edges("footer"), others, builder);
}

/** Of a part that the text can be read without. */
function optionalText(archive: ZipArchive, target: string, builder: DocumentBuilder): string {
  try {
    return textOf(archive, target) ?? "";
  } catch (problem) {
    if (!(problem instanceof DocumentProblem)) throw problem;
    builder.cut("A part of the document is damaged or too large and was left out.");
    return "";
  }
}

/** What stands at the top or the bottom of each page is read once, and never part of the headings. */
function readEdges(sources: readonly string[], settings: WordSettings, builder: DocumentBuilder): void {
  const texts = new Set<string>();
  for (const xml of sources) {
    const edge = new DocumentBuilder({ ...builder.limits, charsMax: EDGE_CHARS_MAX });
    readWordText(xml, settings, edge);
    const { blocks, cuts } = edge.finish("docx");
    for (const { text } of blocks) if (/\p{L}/u.test(text)) texts.add(text);
    for (const sentence of cuts) builder.cut(sentence);
  }
  for (const text of texts) builder.add("paragraph", text);
}

function relationshipsOf(archive: ZipArchive, name: string, folder: string): Relationship[] {
  const relationships: Relationship[] = [];
  readMarkup(
    textOf(archive, name) ?? "",
    elements("Relationship", (attributes) => {
      const id = attributes.get("Id") ?? "";
      const target = attributes.get("Target") ?? "";
      const kind = attributes.get("Type")?.split("/").at(-1) ?? "";
      if (attributes.get("TargetMode") === "External") return;
      relationships.push({ id, kind, target: pathOf(target, folder) });
    }),
    { isXml: true },
  );
  return relationships;
}

/** From the folder of what names it, or from the outermost. */
function pathOf(target: string, folder: string): string {
  const path: string[] = [];
  for (const step of (target.startsWith("/") ? target : folder + target).split(/[/\\]/)) {
    if (step === "..") path.pop();
    else if (step !== "" && step !== ".") path.push(step);
  }
  return path.join("/");
}

function titleOf(parts: readonly Relationship[], archive: ZipArchive): string | undefined {
  const target = parts.find(({ kind }) => kind === "core-properties")?.target;
  const xml = target ? textOf(archive, target) : null;
  let title = "";
  let isTitle = false;
  readMarkup(
    xml ?? "",
    {
      isDone: false,
      open: (name) => {
        isTitle = name === "dc:title";
      },
      close: () => {
        isTitle = false;
      },
      text: (text) => {
        if (isTitle) title += text;
      },
    },
    { isXml: true },
  );
  return title.trim() || undefined;
}

function elements(local: string, found: (attributes: Attributes) => void) {
  return {
    isDone: false,
    open: (name: string, attributes: Attributes) => {
      if (name === local || name.endsWith(`:${local}`)) found(attributes);
    },
    close: () => {},
    text: () => {},
  };
}

/** XML is UTF-8 but for what says otherwise by its mark. */
function textOf(archive: ZipArchive, name: string): string | null {
  const bytes = archive.read(name);
  if (!bytes) return null;
  const wide = bytes[0] === 0xff ? "utf-16le" : bytes[0] === 0xfe ? "utf-16be" : "utf-8";
  return new TextDecoder(wide).decode(bytes);
}
