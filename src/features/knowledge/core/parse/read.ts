import { detectLanguage } from "../languages.ts";
import { DocumentBuilder } from "./builder.ts";
import { isCalendar, readCalendar } from "./calendar.ts";
import { readCsv } from "./csv.ts";
import { decodeText } from "./decode.ts";
import {
  type Claim,
  DocumentProblem,
  type DocumentType,
  megabytes,
  PARSE_LIMITS,
  type ParsedDocument,
  type ParseOptions,
} from "./document.ts";
import { readDocx } from "./docx.ts";
import { readEml } from "./eml.ts";
import { beginningOfMail, claimedEncoding, claimedType, looksLikeMail, sniffBinary } from "./file-head.ts";
import { readHtml } from "./html.ts";
import { encodingOfHtml } from "./html-elements.ts";
import { readJson } from "./json.ts";
import { readMarkdown } from "./markdown.ts";
import { readPdf } from "./pdf.ts";
import { expectWord, textTypeOf } from "./sniff.ts";
import { readText } from "./text.ts";
import { ZipArchive } from "./zip.ts";

const LANGUAGE_CHARS = 20_000;

/** See `parseDocument`. */
export async function readDocument(bytes: Uint8Array, options: ParseOptions): Promise<ParsedDocument> {
  const limits = { ...PARSE_LIMITS, ...options.limits };
  const builder = new DocumentBuilder(limits);
  const type = await readAny(bytes, options, builder, { depth: 0, isOwn: options.isOwn ?? false });
  const document = builder.finish(type);
  if (document.blocks.length === 0) throw nothingIn(document);
  const language = detectLanguage(document.text.slice(0, LANGUAGE_CHARS));
  return { ...document, ...(language && { language }) };
}

interface Place {
  /** How many messages it is within. */
  depth: number;
  isOwn: boolean;
}

async function readAny(
  bytes: Uint8Array,
  claim: Claim,
  builder: DocumentBuilder,
  place: Place,
): Promise<DocumentType> {
  const { bytesMax } = builder.limits;
  if (bytes.length === 0) throw new DocumentProblem("empty", "This document is empty.");
  if (bytes.length > bytesMax) throw tooLarge("document", bytes, bytesMax);
  try {
    return await readKnown(bytes, claim, builder, place);
  } catch (cause) {
    if (cause instanceof DocumentProblem) throw cause;
    throw new DocumentProblem("unreadable", "This document is damaged and cannot be read.", cause);
  }
}

async function readKnown(
  bytes: Uint8Array,
  claim: Claim,
  builder: DocumentBuilder,
  { depth, isOwn }: Place,
): Promise<DocumentType> {
  const binary = sniffBinary(bytes);
  if (binary === "pdf") await readPdf(isOwn ? bytes : bytes.slice(), builder);
  if (binary === "pdf") return "pdf";
  if (binary === "zip") {
    const archive = new ZipArchive(bytes, builder.limits);
    expectWord(archive.names);
    readDocx(archive, builder);
    return "docx";
  }
  if (looksLikeMail(bytes, claimedType(claim))) {
    if (depth >= builder.limits.depthMax) {
      const sentence = `Messages within more than ${depth} others are not read.`;
      throw new DocumentProblem("too_large", sentence);
    }
    const { textBytesMax } = builder.limits;
    if (bytes.length > textBytesMax) throw tooLarge("message", bytes, textBytesMax);
    await readEml(bytes.subarray(beginningOfMail(bytes)), builder, async (carried, carriedClaim) => {
      await readAny(carried, carriedClaim, builder, { depth: depth + 1, isOwn: true });
    });
    return "eml";
  }
  return readAnyText(bytes, claim, builder);
}

function readAnyText(whole: Uint8Array, claim: Claim, builder: DocumentBuilder): DocumentType {
  const bytes = beginningOf(whole, builder.limits.textBytesMax);
  if (bytes.length < whole.length) builder.cutShort();
  const { text, unreadable, guessed } = decodeText(bytes, encodingOfHtml(bytes) ?? claimedEncoding(claim));
  if (unreadable > 0) builder.cut("Some bytes are no characters of its encoding; each was read as “\ufffd”.");
  if (guessed) {
    builder.cut(`It does not say how its letters are encoded: they were read as ${guessed.toUpperCase()}.`);
  }
  if (isCalendar(text)) {
    readCalendar(text, builder);
    return "text";
  }
  const claimed = claimedType(claim);
  const type = textTypeOf(text, claimed);
  if (claimed === "json" && type === "text") builder.cut("The JSON is damaged; it was read as plain text.");
  if (type === "html") readHtml(text, builder);
  else if (type === "markdown") readMarkdown(text, builder);
  else if (type === "csv") readCsv(text, builder);
  else if (type === "json") readJson(text.replace(/^\ufeff/, ""), builder);
  else readText(text, builder);
  return type;
}

const UTF8_CONTINUES = 0x80;

/** Never between the bytes of one character, in UTF-8 or UTF-16. */
function beginningOf(bytes: Uint8Array, bytesMax: number): Uint8Array {
  if (bytes.length <= bytesMax) return bytes;
  let end = bytesMax - (bytesMax % 4);
  while (end > bytesMax - 8 && (bytes[end]! & 0xc0) === UTF8_CONTINUES) end--;
  return bytes.subarray(0, end);
}

function tooLarge(what: string, bytes: Uint8Array, bytesMax: number): DocumentProblem {
  const sizes = `${megabytes(bytes.length)}, at most ${megabytes(bytesMax)} can be read`;
  return new DocumentProblem("too_large", `This ${what} is too large: it has ${sizes}.`);
}

function nothingIn({ type, cuts: [cut] }: Pick<ParsedDocument, "type" | "cuts">): DocumentProblem {
  if (cut) return new DocumentProblem("unreadable", `Nothing of this document could be read. ${cut}`);
  const sentence =
    type === "pdf"
      ? "There is no text in this PDF; it may be a scan. Run text recognition over it first."
      : "There is no text in this document.";
  return new DocumentProblem("empty", sentence);
}
