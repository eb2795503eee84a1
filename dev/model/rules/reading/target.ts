/** Which row a phrase means. */
import type { Intent, Reading } from "./intent.ts";
import { type Domain, ordinalOf, pointerOf, WORDS } from "./vocabulary.ts";

export function setTarget(intent: Intent, { unmask }: Reading, phrase: string): void {
  const trimmed = phrase
    .replace(/[?.!,:]+$/, "")
    .replace(/\s+/g, " ")
    .trim();
  const index = ordinalOf(trimmed);
  const pointer = pointerOf(trimmed);
  const title = unmask(stripNoun(intent.domain, trimmed)).trim();
  if (index !== undefined) intent.target = { kind: "ordinal", index };
  else if (pointer) intent.target = { kind: "pointer", count: pointer };
  else if (title !== "" && !isPlural(intent.domain, trimmed)) intent.target = { kind: "title", title };
}

/** "the ‘Buy milk’ task", "my note about pricing" → what names the row. */
function stripNoun(domain: Domain, phrase: string): string {
  const quoted = /§\d+§/.exec(phrase)?.[0];
  if (quoted) return quoted;
  return phrase
    .replace(/^(?:the|my|a|an|our|that|this) /i, "")
    .replace(new RegExp(`^(?:open |new )?${WORDS[domain].pattern.source}:?\\s*`, "i"), "")
    .replace(new RegExp(`\\s*${WORDS[domain].pattern.source}$`, "i"), "")
    .replace(/^(?:called|named|titled|about|for|of|to|on) /i, "");
}

/** "my tasks" names no single row. */
function isPlural(domain: Domain, phrase: string): boolean {
  return (
    new RegExp(`\\b${WORDS[domain].many}\\b`, "i").test(phrase) ||
    /^(?:me )?(?:everything|all)\b/i.test(phrase)
  );
}
