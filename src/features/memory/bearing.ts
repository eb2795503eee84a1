import { isWordedIn } from "../../lib/wording.ts";
import { clausesOf } from "./clauses.ts";
import { QUOTE_CHARS_MAX } from "./schema.ts";
import { sentencesOf } from "./sentences.ts";

/** What joins two things that are both said. */
const JOINT = /\s+(?:and|und|et|y|e)\s+|\s*[、，]\s*/iu;

/** The words of a person that bear a value out: the shortest part of the first text that has them; null where none has. */
export function bearingWords(value: string, texts: readonly string[]): string | null {
  for (const text of texts) {
    const parts = [...sentencesOf(text)].flatMap((sentence) => {
      const clauses = clausesOf(sentence).map(({ words }) => words);
      return [sentence, ...clauses, ...clauses.flatMap((words) => words.split(JOINT))];
    });
    const [shortest] = parts
      .filter((part) => part.length <= QUOTE_CHARS_MAX && isWordedIn(value, [part]))
      .toSorted((one, other) => one.length - other.length);
    if (shortest !== undefined) return shortest;
  }
  return null;
}
