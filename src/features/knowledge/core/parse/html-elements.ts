/** What elements of HTML are to a reader. */
import type { Attributes } from "./markup.ts";
/** What they hold is code, or shown only where something else is not. */
export const UNREAD = new Set(
  `script style template svg noscript iframe object audio video canvas datalist noframes noembed annotation
   annotation-xml`.split(/\s+/),
);
/** Of these everything up to their end is text, and none at all may follow. */
export const TEXT_ONLY = new Set(["script", "style", "iframe"]);
export const HEADING = /^h([1-6])$/;
/** Their borders end a paragraph. */
export const PARAGRAPHS = new Set(
  `address article aside body center dd details dialog div dl dt fieldset figcaption figure footer form header hr html
   legend main nav option p section select summary caption`.split(/\s+/),
);
export const BLOCKS = new Set(["pre", "blockquote", "ul", "ol", "table"]);

export function isBlock(name: string): boolean {
  return PARAGRAPHS.has(name) || HEADING.test(name) || BLOCKS.has(name);
}

/** What stands in these fields is not seen as text, or not at all. */
const FIELD_UNSEEN = /^(?:hidden|password|checkbox|radio|file|image|color|range)$/i;

/** What a field shows as text, apart from what stands around it. */
export function shownValue(attributes: Attributes): string {
  const isSeen = !FIELD_UNSEEN.test(attributes.get("type") ?? "");
  return isSeen ? ` ${attributes.get("value") ?? ""} ` : "";
}

/** The encoding that a page names in its first kilobyte. */
export function encodingOfHtml(bytes: Uint8Array): string | undefined {
  const head = new TextDecoder("windows-1252").decode(bytes.subarray(0, 1_024));
  return /<meta\s[^>]{0,200}charset\s{0,10}=\s{0,10}["']?([\w-]{1,40})/i.exec(head)?.[1];
}
