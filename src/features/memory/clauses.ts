import { deniesWhatFollows, isDenied } from "./denial.ts";
import { wordsAt } from "./small-words.ts";

const CLAUSE_END = new RegExp(
  `[,;:()、，；：]|\\s[–—-]+\\s|${wordsAt("", "but however aber sondern mais pero sino ma però").source}|\\s(?=${wordsAt("", "if unless wenn falls si se").source})`,
  "giu",
);

export interface Clause {
  /** With what parts it from the one before it. */
  text: string;
  /** Without. */
  words: string;
  isDenied: boolean;
}

export function clausesOf(sentence: string): Clause[] {
  const clauses: Clause[] = [];
  let [from, skipped, isCarried] = [0, 0, false];
  const add = (to: number) => {
    const words = sentence.slice(from + skipped, to).trim();
    clauses.push({ text: sentence.slice(from, to), words, isDenied: isCarried || isDenied(words) });
    isCarried ||= deniesWhatFollows(words);
  };
  for (const { index, 0: end } of sentence.matchAll(CLAUSE_END)) {
    add(index);
    [from, skipped] = [index, end.length];
    // "Do not email her but call her" asks for the call.
    if (/\p{L}/u.test(end)) isCarried = false;
  }
  add(sentence.length);
  return clauses;
}
