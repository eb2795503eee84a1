/** What stands on a page of a PDF without being part of it: filled fields, text that was typed onto it, and notes. */
import * as z from "zod";
import type { Line } from "./pdf-layout.ts";

/** Set in `annotationFlags` of what no reader shows: hidden, and not to be viewed. */
const UNSEEN_FLAGS = 2 | 32;
/** Links, windows of other notes, and what no text belongs to. */
const WITHOUT_TEXT = new Set([
  "Link",
  "Popup",
  "FileAttachment",
  "Screen",
  "Movie",
  "Sound",
  "RichMedia",
  "3D",
]);
const ANNOTATIONS_MAX = 5_000;
/** Of a page: among more nobody looks for the place of a field. */
const LINES_MAX = 5_000;

/** Of pdf.js's annotations, as far as it is read here. What has another form counts as missing. */
const Annotation = z.object({
  subtype: z.string(),
  annotationFlags: z.number().catch(0),
  rect: z.array(z.number()).min(4).catch([0, 0, 0, 0]),
  fieldType: z.string().optional().catch(undefined),
  fieldValue: z
    .union([z.string(), z.array(z.string())])
    .optional()
    .catch(undefined),
  password: z.boolean().optional().catch(undefined),
  options: z.array(z.object({ exportValue: z.string(), displayValue: z.string() })).catch([]),
  contentsObj: z.object({ str: z.string() }).catch({ str: "" }),
  textContent: z.array(z.string()).catch([]),
});
type Annotation = z.infer<typeof Annotation>;

export interface PageAnnotations {
  /** Each at its place among the lines of the page. */
  fields: Line[];
  /** What is seen when one opens them. */
  notes: Line[];
}

export function readAnnotations(raw: readonly unknown[], page: number): PageAnnotations {
  const read: PageAnnotations = { fields: [], notes: [] };
  for (const one of raw.slice(0, ANNOTATIONS_MAX)) {
    const { data: annotation } = Annotation.safeParse(one);
    if (!annotation || annotation.annotationFlags & UNSEEN_FLAGS || WITHOUT_TEXT.has(annotation.subtype))
      continue;
    const isNote = annotation.subtype !== "Widget" && annotation.subtype !== "FreeText";
    const text = isNote ? annotation.contentsObj.str : shownText(annotation);
    if (text.trim() === "") continue;
    const [x = 0, y = 0] = annotation.rect;
    if (isNote) read.notes.push({ text, height: 0, x, y, page, isNote });
    else read.fields.push({ text, height: 0, x, y, page });
  }
  return read;
}

function shownText({
  subtype,
  fieldType,
  fieldValue,
  password,
  options,
  contentsObj,
  textContent,
}: Annotation): string {
  if (subtype === "FreeText") return textContent.join("\n").trim() || contentsObj.str;
  // Of buttons only the mark is seen.
  if (password || (fieldType !== "Tx" && fieldType !== "Ch")) return "";
  const values = fieldValue === undefined ? [] : [fieldValue].flat();
  const named = (value: string) =>
    options.find(({ exportValue }) => exportValue === value)?.displayValue ?? value;
  return values.map(named).join(", ");
}

/** Puts each field behind the line that it stands beside, to its right, or else at the end. */
export function placeFields(lines: Line[], fields: readonly Line[]): void {
  for (const field of fields) {
    if (lines.length > LINES_MAX) {
      lines.push(field);
      continue;
    }
    const beside = lines.findLastIndex(
      (line) => line.x <= field.x && Math.abs(line.y - field.y) <= Math.max(line.height, 6),
    );
    const { height = 12, y = field.y } = lines[beside] ?? {};
    lines.splice(beside < 0 ? lines.length : beside + 1, 0, { ...field, height, y });
  }
}
