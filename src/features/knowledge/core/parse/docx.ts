/**
 * Word documents, read as a stream of tags: the usual libraries build trees of a hundred times the size of the XML, which
 * a Worker's memory does not hold. Only the parts with text are unpacked, each within limits.
 */
import type { DocumentBuilder } from "./builder.ts";
import { DocumentProblem } from "./document.ts";
import { type ParagraphStyles, readNotes, readStyles, readWordText } from "./docx-text.ts";
import { type Attributes, readMarkup } from "./markup.ts";
import type { ZipArchive } from "./zip.ts";

interface Relationship {
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
  const part = (kind: string) => {
    const target = parts.find((one) => one.kind === kind)?.target ?? `${folder}${kind}.xml`;
    return textOf(archive, target);
  };
  builder.title ??= titleOf(packageParts, archive);
  const styles: ParagraphStyles = readStyles(part("styles") ?? "");
  const notes = readWordText(xml, styles, builder);
  for (const kind of ["footnotes", "endnotes"] as const) {
    if (notes[kind].size > 0) readNotes(part(kind) ?? "", notes[kind], builder);
  }
}

function relationshipsOf(archive: ZipArchive, name: string, folder: string): Relationship[] {
  const relationships: Relationship[] = [];
  readMarkup(
    textOf(archive, name) ?? "",
    elements("Relationship", (attributes) => {
      const target = attributes.get("Target") ?? "";
      const kind = attributes.get("Type")?.split("/").at(-1) ?? "";
      if (attributes.get("TargetMode") === "External") return;
      relationships.push({ kind, target: target.startsWith("/") ? target.slice(1) : folder + target });
    }),
    { isXml: true },
  );
  return relationships;
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
