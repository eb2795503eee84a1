/** What a document is, by all that it holds. */
import { looksLikeCsv } from "./csv.ts";
import type { DocumentType } from "./document.ts";
import { HEAD_BYTES, unsupported } from "./file-head.ts";
import { isJson } from "./json.ts";

/** Throws `DocumentProblem` where the files of a ZIP archive, in lower case, are no Word document. */
export function expectWord(names: readonly string[]): void {
  const has = (start: string) => names.some((name) => name.startsWith(start));
  if (has("xl/")) throw unsupported("Excel files cannot be read; save this as CSV.");
  if (has("ppt/")) throw unsupported("Presentations cannot be read; save this as PDF.");
  if (has("word/") || has("[content_types].xml")) return;
  if (has("mimetype"))
    throw unsupported("OpenDocument files and e-books cannot be read; save this as DOCX or PDF.");
  throw unsupported("Archives cannot be read; upload the documents in them.");
}

const HTML_HEAD_CHARS = 2_048;

/** What kind of text it is: only what is unmistakable overrides a claim. */
export function textTypeOf(text: string, claimed: DocumentType | undefined): DocumentType {
  const head = text.slice(0, HTML_HEAD_CHARS).trimStart().toLowerCase();
  if (/^(?:<\?xml|<!--)/.test(head) ? head.includes("<html") : /^<(?:!doctype html|html)\b/.test(head))
    return "html";
  if (claimed === "json" || ((claimed === undefined || claimed === "text") && /^[{[]/.test(head))) {
    return isJson(text.replace(/^\ufeff/, "")) ? "json" : "text";
  }
  if (claimed === "markdown" || claimed === "html" || claimed === "csv" || claimed === "text") return claimed;
  if (looksLikeCsv(text)) return "csv";
  if (/^<(?:head|body|div|p|table|h[1-6])\b[^<>]*>/.test(head)) return "html";
  return /^(?:#{1,6} +\S|```|\|? *:?-{3,}:? *\|)/m.test(text.slice(0, HEAD_BYTES)) ? "markdown" : "text";
}
