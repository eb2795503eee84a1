import { detectLanguage } from "../languages.ts";
import { DocumentBuilder } from "./builder.ts";
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
import { encodingOfHtml, readHtml } from "./html.ts";
import { readJson } from "./json.ts";
import { readMarkdown } from "./markdown.ts";
import { readPdf } from "./pdf.ts";
import { claimedEncoding, claimedType, expectWord, looksLikeMail, sniffBinary, textTypeOf } from "./sniff.ts";
import { readText } from "./text.ts";
import { ZipArchive } from "./zip.ts";

const LANGUAGE_CHARS = 20_000;

/** See `parseDocument`. */
export async function readDocument(bytes: Uint8Array, options: ParseOptions): Promise<ParsedDocument> {
  const limits = { ...PARSE_LIMITS, ...options.limits };
  const builder = new DocumentBuilder(limits);
  const type = await readAny(bytes, options, builder, 0);
  const document = builder.finish(type);
  if (document.blocks.length === 0) throw nothingIn(document);
  const language = detectLanguage(document.text.slice(0, LANGUAGE_CHARS));
  return { ...document, ...(language && { language }) };
}

/** `depth`: how many messages it is within. */
async function readAny(
  bytes: Uint8Array,
  claim: Claim,
  builder: DocumentBuilder,
  depth: number,
): Promise<DocumentType> {
  const { bytesMax } = builder.limits;
  if (bytes.length === 0) throw new DocumentProblem("empty", "This document is empty.");
  if (bytes.length > bytesMax) {
    const sizes = `${megabytes(bytes.length)}, at most ${megabytes(bytesMax)} can be read`;
    throw new DocumentProblem("too_large", `This document is too large: it has ${sizes}.`);
  }
  try {
    return await readKnown(bytes, claim, builder, depth);
  } catch (cause) {
    if (cause instanceof DocumentProblem) throw cause;
    throw new DocumentProblem("unreadable", "This document is damaged and cannot be read.", cause);
  }
}

async function readKnown(
  bytes: Uint8Array,
  claim: Claim,
  builder: DocumentBuilder,
  depth: number,
): Promise<DocumentType> {
  const binary = sniffBinary(bytes);
  if (binary === "pdf") await readPdf(bytes, builder);
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
    await readEml(bytes, builder, async (carried, carriedClaim) => {
      await readAny(carried, carriedClaim, builder, depth + 1);
    });
    return "eml";
  }
  return readAnyText(bytes, claim, builder);
}

function readAnyText(bytes: Uint8Array, claim: Claim, builder: DocumentBuilder): DocumentType {
  const { text, unreadable } = decodeText(bytes, encodingOfHtml(bytes) ?? claimedEncoding(claim));
  if (unreadable > 0) builder.cut("Some bytes are no characters of its encoding; each was read as “\ufffd”.");
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

function nothingIn({ type, cuts: [cut] }: Pick<ParsedDocument, "type" | "cuts">): DocumentProblem {
  if (cut) return new DocumentProblem("unreadable", `Nothing of this document could be read. ${cut}`);
  const sentence =
    type === "pdf"
      ? "There is no text in this PDF; it may be a scan. Run text recognition over it first."
      : "There is no text in this document.";
  return new DocumentProblem("empty", sentence);
}
