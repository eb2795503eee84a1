import type { DocumentBuilder } from "./builder.ts";

const PARAGRAPH_END = /\n[^\S\n]*\n\s*/g;

/** Plain text: empty lines end a paragraph. */
export function readText(source: string, builder: DocumentBuilder): void {
  const text = source.replace(/\r\n?/g, "\n");
  let start = 0;
  for (const { 0: border, index } of text.matchAll(PARAGRAPH_END)) {
    builder.add("paragraph", text.slice(start, index));
    start = index + border.length;
    if (builder.isFull) break;
  }
  builder.add("paragraph", text.slice(start));
}
