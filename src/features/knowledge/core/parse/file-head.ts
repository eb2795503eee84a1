/** What a file is by its beginning: what somebody says it is decides only between kinds of text. Loads no reader. */
import { type Claim, DocumentProblem, type DocumentType } from "./document.ts";

const CLAIMS: Readonly<Record<string, DocumentType>> = {
  text: "text",
  markdown: "markdown",
  md: "markdown",
  html: "html",
  htm: "html",
  xhtml: "html",
  "xhtml+xml": "html",
  csv: "csv",
  tsv: "csv",
  "tab-separated-values": "csv",
  json: "json",
  jsonl: "json",
  ndjson: "json",
  "x-ndjson": "json",
  eml: "eml",
  rfc822: "eml",
  txt: "text",
  plain: "text",
  log: "text",
};

/** The kind of text that was claimed: by name, since programs often send a general media type. */
export function claimedType({ type, name }: Claim): DocumentType | undefined {
  const ending = name?.includes(".") ? name.slice(name.lastIndexOf(".") + 1).toLowerCase() : "";
  const media = type?.split(";")[0]?.trim().toLowerCase().split("/").at(-1) ?? "";
  const byName = CLAIMS[ending];
  const byMedia = CLAIMS[media];
  return byMedia && byMedia !== "text" ? byMedia : (byName ?? byMedia);
}

/** The encoding in a media type, such as `text/plain; charset=iso-8859-1`. */
export function claimedEncoding({ type }: Claim): string | undefined {
  return /;\s*charset\s*=\s*"?([\w-]{1,40})/i.exec(type?.slice(0, 1_000) ?? "")?.[1];
}

type Binary = "pdf" | "zip";
const PDF_MARK_WITHIN = 1_024;

const PICTURE = "Pictures cannot be read; run text recognition over this one and send its text.";

/** Formats that are not read, by their first bytes in hexadecimal. */
const UNREAD: readonly (readonly [start: string, sentence: string])[] = [
  [
    "d0cf11e0a1b11ae1",
    "Files of old Office versions, and those with a password, cannot be read; save this as DOCX or PDF without one.",
  ],
  ["789f3e22", "Outlook's winmail.dat cannot be read; have what is in it sent as it is."],
  ["7b5c727466", "RTF files cannot be read; save this as DOCX or PDF."],
  ["89504e47", PICTURE],
  ["ffd8ff", PICTURE],
  ["47494638", PICTURE],
  ["52494646", "Pictures, sounds and films cannot be read."],
  ["49492a00", PICTURE],
  ["4d4d002a", PICTURE],
  ["424d", PICTURE],
  ["494433", "Sounds and films cannot be read."],
  ["fffb", "Sounds and films cannot be read."],
  ["4f676753", "Sounds and films cannot be read."],
  ["664c6143", "Sounds and films cannot be read."],
  ["1a45dfa3", "Sounds and films cannot be read."],
  ["1f8b", "Archives cannot be read; upload the documents in them."],
  ["425a68", "Archives cannot be read; upload the documents in them."],
  ["fd377a585a", "Archives cannot be read; upload the documents in them."],
  ["28b52ffd", "Archives cannot be read; upload the documents in them."],
  ["377abcaf271c", "Archives cannot be read; upload the documents in them."],
  ["526172211a07", "Archives cannot be read; upload the documents in them."],
  ["4d5a", "Programs cannot be read."],
  ["7f454c46", "Programs cannot be read."],
  ["0061736d", "Programs cannot be read."],
  ["53514c69746520666f", "Databases cannot be read; save this as CSV."],
  ["50415231", "Databases cannot be read; save this as CSV."],
];
/** Marks that a text may begin with as well: without zeros it is one. */
const SHORT_MARK_CHARS = 6;
/** Of pictures and films that begin with the length of their first part. */
const BRAND = /^.{4}ftyp(?:hei|mif|avif)?/s;

/** Throws `DocumentProblem` for what is known and not read. Null means text, a mail perhaps. */
export function sniffBinary(bytes: Uint8Array): Binary | null {
  const head = bytes.subarray(0, PDF_MARK_WITHIN);
  const characters = new TextDecoder("windows-1252").decode(head);
  if (characters.startsWith("PK\x03\x04") || characters.startsWith("PK\x05\x06")) return "zip";
  if (characters.includes("%PDF-")) return "pdf";
  const start = Array.from(bytes.subarray(0, 9), (byte) => byte.toString(16).padStart(2, "0")).join("");
  const unread = UNREAD.find(
    ([mark]) => start.startsWith(mark) && (mark.length > SHORT_MARK_CHARS || bytes.includes(0)),
  );
  if (unread) throw unsupported(unread[1]);
  const brand = BRAND.exec(characters)?.[0];
  if (brand) throw unsupported(brand.length > 8 ? PICTURE : "Sounds and films cannot be read.");
  if (characters.startsWith("ustar", 257))
    throw unsupported("Archives cannot be read; upload the documents in them.");
  return null;
}

/** Enough to tell what a file is. */
export const HEAD_BYTES = 8_192;

/** What a file is by its beginning, as far as that tells. Throws `DocumentProblem` for what is known and not read. */
export function typeOfHead(head: Uint8Array, claim: Claim): DocumentType {
  const binary = sniffBinary(head);
  // Whatever else is in an archive is told when it has come whole.
  if (binary !== null) return binary === "zip" ? "docx" : binary;
  const claimed = claimedType(claim);
  return looksLikeMail(head, claimed) ? "eml" : (claimed ?? "text");
}

export function unsupported(sentence: string): DocumentProblem {
  return new DocumentProblem("unsupported", sentence);
}

const HEADER_LINE = /^[!-9;-~]{1,70}:/;
const MAIL_HEADERS = new Set(
  `from to cc bcc subject date received return-path message-id mime-version content-type delivered-to reply-to sender
   in-reply-to references dkim-signature x-mailer authentication-results content-transfer-encoding`.split(
    /\s+/,
  ),
);

const BYTE_ORDER_MARK = [0xef, 0xbb, 0xbf];

/** Past a mark and empty lines, which editors put there. */
export function beginningOfMail(bytes: Uint8Array): number {
  let at = BYTE_ORDER_MARK.every((byte, index) => bytes[index] === byte) ? BYTE_ORDER_MARK.length : 0;
  while (at < HEAD_BYTES && [10, 13].includes(bytes[at] ?? 0)) at++;
  return at;
}

/** It begins with headers, and they are those of mail: two of them, or one where mail was claimed. */
export function looksLikeMail(bytes: Uint8Array, claimed: DocumentType | undefined): boolean {
  const head = bytes.subarray(beginningOfMail(bytes)).subarray(0, HEAD_BYTES);
  const lines = new TextDecoder("windows-1252").decode(head).split(/\r?\n|\r/);
  const first = lines[0]?.startsWith("From ") ? 1 : 0;
  const names = new Set<string>();
  for (const line of lines.slice(first)) {
    if (line === "" || (!HEADER_LINE.test(line) && !/^[ \t]/.test(line))) break;
    const name = HEADER_LINE.exec(line)?.[0].slice(0, -1).toLowerCase();
    if (name && MAIL_HEADERS.has(name)) names.add(name);
  }
  return names.size >= (claimed === "eml" ? 1 : 2);
}
