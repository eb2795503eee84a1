/** What parsing yields: a text with a structure over it, or a problem that a person can act on. */
import type { Language } from "../languages.ts";

export const DOCUMENT_TYPES = ["text", "markdown", "html", "pdf", "docx", "eml", "csv", "json"] as const;
export type DocumentType = (typeof DOCUMENT_TYPES)[number];

export type BlockKind = "heading" | "paragraph" | "list" | "table" | "code" | "quote";

export interface Block {
  kind: BlockKind;
  /** `document.text.slice(start, end)`. */
  text: string;
  start: number;
  end: number;
  /** Of headings: 1 is the highest, 6 the lowest. */
  level?: number;
  /** From 1, where the format has pages. */
  page?: number;
  /** Of tables: the line that names the columns, to go with each part of them. It may be the first line of the text. */
  head?: string;
}

export interface ParsedDocument {
  type: DocumentType;
  title?: string;
  language?: Language;
  /** All blocks in order, with white space between them. Positions are offsets into it, in UTF-16 units. */
  text: string;
  blocks: Block[];
  /** What was left out, a sentence each, without content. Empty when everything was read. */
  cuts: string[];
}

/** How much of a document is read. Beyond a limit it is cut or refused, as each says. */
export interface ParseLimits {
  /** Refused: a Worker has 128 MB for the bytes and all that is made of them. */
  bytesMax: number;
  /** Cut, and of messages refused: here each byte may become a character or more. */
  textBytesMax: number;
  /** Cut: characters of the text. */
  charsMax: number;
  /** Cut: blocks of the text. */
  blocksMax: number;
  /** Cut: pages of a PDF. */
  pagesMax: number;
  /** Cut: rows of a CSV. */
  rowsMax: number;
  /** Refused: the parts of a DOCX that are read, and each stream of a PDF, unpacked. */
  unpackedBytesMax: number;
  /** Refused: files in a DOCX. */
  entriesMax: number;
  /** Cut: messages within messages. */
  depthMax: number;
  /** Cut: attachments of a message, all depths together. */
  attachmentsMax: number;
  /** Cut: for the pages of a PDF. The rest is as fast as it is long; the platform's own limit stands behind both. */
  timeMs: number;
}

export const PARSE_LIMITS: ParseLimits = {
  bytesMax: 50 * 1024 * 1024,
  textBytesMax: 25 * 1024 * 1024,
  charsMax: 8_000_000,
  blocksMax: 100_000,
  pagesMax: 2_000,
  rowsMax: 100_000,
  unpackedBytesMax: 16 * 1024 * 1024,
  entriesMax: 2_000,
  depthMax: 8,
  attachmentsMax: 50,
  timeMs: 30_000,
};

/** What somebody says a document is. */
export interface Claim {
  /** A media type or one of `DOCUMENT_TYPES`. */
  type?: string | undefined;
  /** A file name. */
  name?: string | undefined;
}

export interface ParseOptions extends Claim {
  limits?: Partial<ParseLimits>;
  /** The bytes are nobody else's: they may be changed, which spares a copy of a PDF. */
  isOwn?: boolean;
}

export type DocumentProblemCode =
  | "too_large"
  | "unreadable"
  | "unsupported"
  | "protected"
  | "empty"
  | "unreachable";

/** Why a document cannot be read at all. The message is a sentence for its owner and holds nothing of the content. */
export class DocumentProblem extends Error {
  override readonly name = "DocumentProblem";
  readonly code: DocumentProblemCode;

  constructor(code: DocumentProblemCode, message: string, cause?: unknown) {
    super(message, { cause });
    this.code = code;
  }
}

export function megabytes(bytes: number): string {
  return `${Math.max(0.1, bytes / 1024 / 1024).toFixed(bytes < 10 * 1024 * 1024 ? 1 : 0)} MB`;
}
