import { Buffer } from "node:buffer";
import type { PDFDocumentProxy, PDFPageProxy } from "unpdf/pdfjs";
import type { DocumentBuilder } from "./builder.ts";
import { DocumentProblem } from "./document.ts";
import { placeFields, readAnnotations } from "./pdf-annotations.ts";
import { disarmPdf } from "./pdf-guard.ts";
import { type Line, LineReader, layOut, type TextRun } from "./pdf-layout.ts";

/** What one page may draw: it takes some seconds at most. */
const DRAWN_BYTES_MAX = 128 * 1024 * 1024;
/** The reader keeps some 100 KB of each page until it is told to forget them, fonts included. */
const PAGES_KEPT = 32;
/** Runs of text on one page, of which some say nothing. */
const RUNS_MAX = 500_000;

const UNSEEN =
  "Some text of this PDF is not seen on its pages, as where text recognition laid it over a scan; it was read, too.";

/** The bytes are taken: unsafe parts are emptied, and the reader keeps them. */
export async function readPdf(own: Uint8Array, builder: DocumentBuilder): Promise<void> {
  const limits = { streamBytesMax: builder.limits.unpackedBytesMax, drawnBytesMax: DRAWN_BYTES_MAX };
  const { isCut, hasUnseenText, hasEndlessAnnotations } = disarmPdf(own, limits);
  if (isCut) builder.cut("Parts of the PDF are too large or damaged and were left out.");
  // Before the reader takes the bytes.
  const hasFiles = Buffer.from(own.buffer, own.byteOffset, own.byteLength).includes("/EmbeddedFile");
  const { getDocumentProxy } = await import("unpdf");
  let pdf: PDFDocumentProxy;
  try {
    pdf = await getDocumentProxy(own, { verbosity: 0, stopAtErrors: false });
  } catch (cause) {
    if (cause instanceof Error && cause.name === "PasswordException") {
      throw new DocumentProblem(
        "protected",
        "This PDF is protected by a password and cannot be read.",
        cause,
      );
    }
    throw new DocumentProblem("unreadable", "This PDF is damaged and cannot be read.", cause);
  }
  try {
    if (hasFiles) builder.cut("Files that are attached to the PDF were left out; send them on their own.");
    if (hasEndlessAnnotations)
      builder.cut("Filled fields and notes on the pages were left out; there may be too many.");
    if (hasUnseenText) builder.cut(UNSEEN);
    await readTitle(pdf, builder);
    layOut(await readLines(pdf, builder, !hasEndlessAnnotations), builder);
  } finally {
    await pdf.loadingTask.destroy();
  }
}

async function readTitle(pdf: PDFDocumentProxy, builder: DocumentBuilder): Promise<void> {
  const info: unknown = (await pdf.getMetadata().catch(() => null))?.info;
  const title = typeof info === "object" && info !== null && "Title" in info ? info.Title : undefined;
  if (typeof title === "string") builder.title ??= title.trim() || undefined;
}

async function readLines(
  pdf: PDFDocumentProxy,
  builder: DocumentBuilder,
  withAnnotations: boolean,
): Promise<Line[]> {
  const { pagesMax, timeMs } = builder.limits;
  const deadline = Date.now() + timeMs;
  const lines: Line[] = [];
  let charsLeft = builder.charsLeft;
  let damaged = 0;
  const count = Math.min(pdf.numPages, pagesMax);
  if (count < pdf.numPages) builder.cut(`Only the first ${pagesMax} pages were read.`);
  for (let page = 1; page <= count; page++) {
    try {
      const proxy = await pdf.getPage(page);
      const read = await readPage(proxy, charsLeft);
      charsLeft -= read.chars;
      if (withAnnotations && charsLeft > 0) charsLeft -= await addAnnotations(proxy, read.lines, builder);
      for (const line of read.lines) lines.push(line);
      proxy.cleanup();
    } catch {
      damaged++;
    }
    if (page % PAGES_KEPT === 0) await pdf.cleanup();
    // In a Worker the clock stands still until something is waited for.
    await new Promise((resolve) => setTimeout(resolve, 0));
    if (charsLeft <= 0) builder.cutShort();
    if (Date.now() > deadline)
      builder.cut(`Reading took too long after ${page} pages; the rest was left out.`);
    if (charsLeft <= 0 || Date.now() > deadline) break;
  }
  if (damaged > 0) builder.cut(`Pages that are damaged were left out: ${damaged}.`);
  return lines;
}

/** The lines of one page, and what they count towards the limit. */
async function readPage(page: PDFPageProxy, charsMax: number): Promise<{ lines: Line[]; chars: number }> {
  const lines: Line[] = [];
  const reader = new LineReader(page.pageNumber);
  const stream: ReadableStreamDefaultReader<{ items: (TextRun | { type: string })[] }> = page
    .streamTextContent()
    .getReader();
  let [chars, runs] = [0, 0];
  for (;;) {
    const { done, value } = await stream.read();
    if (done) break;
    for (const item of value.items) {
      if (!("str" in item)) continue;
      runs++;
      const line = reader.add(item);
      if (!line) continue;
      lines.push(line);
      // A line costs something even if it says little.
      chars += line.text.length + 8;
    }
    if (chars > charsMax || runs > RUNS_MAX) {
      await stream.cancel(new Error("There is enough text."));
      break;
    }
  }
  const last = reader.end();
  if (last) lines.push(last);
  return { lines, chars: chars + (last?.text.length ?? 0) };
}

/** What they count towards the limit is returned. */
async function addAnnotations(page: PDFPageProxy, lines: Line[], builder: DocumentBuilder): Promise<number> {
  try {
    const { fields, notes } = readAnnotations(await page.getAnnotations(), page.pageNumber);
    placeFields(lines, fields);
    for (const note of notes) lines.push(note);
    return [...fields, ...notes].reduce((chars, { text }) => chars + text.length + 8, 0);
  } catch {
    builder.cut("Fields or notes of a page are damaged and were left out.");
    return 0;
  }
}
