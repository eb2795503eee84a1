/** What elements of HTML are to a reader. */
import type { Attributes } from "./markup.ts";

/** What they hold is code, or shown only where something else is not. */
export const UNREAD = new Set(["script", "style", "template", "svg", "math", "noscript", "iframe", "object"]);
/** Of these everything up to their end is text, and none at all may follow. */
export const TEXT_ONLY = new Set(["script", "style", "iframe"]);
export const HEADING = /^h([1-6])$/;
/** Their borders end a paragraph. */
export const PARAGRAPHS = new Set(
  `address article aside body center dd details dialog div dl dt fieldset figcaption figure footer form header hr html
   legend main nav option p section select summary caption`.split(/\s+/),
);
export const BLOCKS = new Set(["pre", "blockquote", "ul", "ol", "table"]);
/** They have no end, or hide all there is until a script shows it. */
const NEVER_HIDDEN = new Set(
  "area base br col embed hr img input link meta source track wbr html body".split(" "),
);
const HIDING_STYLE =
  /(?:^|;)\s*(?:display\s*:\s*none|visibility\s*:\s*hidden|mso-hide\s*:\s*all|font-size\s*:\s*0(?:\.0*)?(?:px|pt|em|%)?\s*(?:;|!|$))/i;

/** By what the element says of itself: style sheets are not read. */
export function isHidden(name: string, attributes: Attributes): boolean {
  if (NEVER_HIDDEN.has(name)) return false;
  const hidden = attributes.get("hidden");
  if (hidden !== undefined && hidden.toLowerCase() !== "until-found") return true;
  return HIDING_STYLE.test(attributes.get("style") ?? "");
}
