/** What holds no more though nothing took its place: "I no longer work at Siemens." */
import { assertedIn } from "./asserted.ts";
import { plainKey } from "./core-facts.ts";
import { isOver } from "./denial.ts";
import type { Known } from "./extract.ts";
import { Grounds, tellingWords } from "./own-words.ts";
import { partsOf } from "./retracting.ts";
import type { Extraction, MemoryItem } from "./schema.ts";
import { sentencesOf } from "./sentences.ts";
import { textOf } from "./text.ts";

/** Of what is known, by its telling words: the clause that ends it must have them. */
const SHARE_MIN = 0.5;

/** Items that the model says have ended, as far as the person's own words say so of each. */
export function endedBy(
  ended: NonNullable<Extraction["ended"]>,
  { core, statements }: Known,
  own: string,
): MemoryItem[] {
  if (ended.length === 0) return [];
  const ending = endingClauses(own);
  const items = ended.flatMap(({ key, statement, quote }) => {
    const named = [
      ...(key === undefined ? [] : core.filter(({ body }) => isOf(body, key))),
      ...(statement === undefined ? [] : statements.slice(statement - 1, statement)),
    ];
    const words = new Grounds([quote]);
    const clauses = ending.filter((clause) => new Grounds([clause]).holds(quote) || words.holds(clause));
    return named.filter(({ body }) => clauses.some((clause) => isTold(textOf(body), clause)));
  });
  return [...new Set(items)];
}

/** Clauses by which something holds no more, or that take it back. */
function endingClauses(own: string): string[] {
  const asserted = assertedIn(own, { strict: false }).split("\n");
  const { retracted } = partsOf(own);
  const flat = retracted.flatMap((part) => [...sentencesOf(part)]);
  return [...asserted.filter(isOver), ...flat];
}

function isOf(body: MemoryItem["body"], key: string): boolean {
  return body.tier === "core" && plainKey(body.key) === plainKey(key);
}

function isTold(text: string, clause: string): boolean {
  const words = tellingWords(text);
  const grounds = new Grounds([clause]);
  return words.filter((word) => grounds.has(word)).length >= words.length * SHARE_MIN;
}
