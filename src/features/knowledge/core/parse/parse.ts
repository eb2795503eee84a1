import type { ParsedDocument, ParseOptions } from "./document.ts";

/**
 * Reads a document of any supported type, told by its content. Every limit ends in a sentence, among the `cuts` of what
 * was read or as the `DocumentProblem` this throws, which is the only thing it throws. The bytes are left as they
 * are, unless they are given away with `isOwn`.
 */
export async function parseDocument(bytes: Uint8Array, options: ParseOptions = {}): Promise<ParsedDocument> {
  // The readers are large: what never parses starts without them.
  const { readDocument } = await import("./read.ts");
  return readDocument(bytes, options);
}
