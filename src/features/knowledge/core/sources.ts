/** What a question is answered from: which of the found chunks are worth showing to a model, and how it sees them. */
import { unified, wordSpans } from "../../../lib/search-words.ts";
import { queryTermsOf, termsOf } from "./terms.ts";
import { countTokens } from "./tokens.ts";

export interface Source {
  text: string;
  document: { title: string };
  position: { heading: readonly string[]; page?: number | undefined };
}

const QUESTION_TERMS_MAX = 64;

/** How many of the question's words a source has, as a share; the forms of a word in any language count as it. */
export function coverageOf(question: string, source: Source): number {
  const words = queryTermsOf(question, QUESTION_TERMS_MAX);
  if (words.length === 0) return 0;
  const terms = termsOf(searchable(source));
  return words.filter((forms) => forms.some((form) => terms.has(form))).length / words.length;
}

/** Shorter words are parts of too many others. */
const PART_CHARS_MIN = 5;

/** Whether a source has a word of the question, or one that is part of a word: compounds have no common stem. */
export function isRelated(question: string, source: Source): boolean {
  if (coverageOf(question, source) > 0) return true;
  const asked = longWords(question);
  const words = longWords(searchable(source));
  return words.some((word) => asked.some((one) => one.includes(word) || word.includes(one)));
}

function longWords(text: string): string[] {
  const words = new Set(Array.from(wordSpans(unified(text)), ({ word }) => word));
  return [...words].filter((word) => word.length >= PART_CHARS_MIN);
}

function searchable({ text, document, position }: Source): string {
  return [document.title, ...position.heading, text].join("\n");
}

/**
 * The best of several lists, each ranked by itself. Scores of two collections cannot be compared: the best of a poor one
 * has as high a score as the best of a good one. How much of the question a source has can.
 */
export function mergeRanked<Item extends Source & { score: number }>(
  lists: readonly (readonly Item[])[],
  question: string,
): Item[] {
  if (lists.length <= 1) return [...(lists[0] ?? [])];
  const worth = (item: Item) => (item.score + coverageOf(question, item)) / 2;
  return lists
    .flat()
    .map((item) => ({ ...item, score: worth(item) }))
    .sort((one, other) => other.score - one.score);
}

/** As many of the first as fit. */
export function withinTokens<Item extends Source>(sources: readonly Item[], tokensMax: number): Item[] {
  let tokens = 0;
  const tooMany = sources.findIndex((source) => {
    tokens += countTokens(shown(source, 0));
    return tokens > tokensMax;
  });
  return tooMany < 0 ? [...sources] : sources.slice(0, tooMany);
}

/** Numbered from 1. What others wrote cannot end the tag it stands in, nor begin one like it. */
export function sourceBlock(sources: readonly Source[]): string {
  return `<sources>\n${sources.map((source, index) => shown(source, index + 1)).join("\n")}\n</sources>`;
}

export function questionBlock(question: string): string {
  return `<question>\n${harmless(question)}\n</question>`;
}

function shown({ text, document, position }: Source, number: number): string {
  const page = position.page === undefined ? "" : ` page="${position.page}"`;
  const section =
    position.heading.length === 0 ? "" : ` section="${attribute(position.heading.join(" › "))}"`;
  const opening = `<source number="${number}" document="${attribute(document.title)}"${section}${page}>`;
  return `${opening}\n${harmless(text)}\n</source>`;
}

const ATTRIBUTE_CHARS_MAX = 200;

function attribute(text: string): string {
  const short = text.slice(0, ATTRIBUTE_CHARS_MAX).toWellFormed();
  return short.replace(/\s+/g, " ").replaceAll('"', "'").replaceAll("<", "&lt;").replaceAll(">", "&gt;");
}

/** Two runs of white space side by side would be tried in every division of a long one. */
const OUR_TAGS = /<(?=\s*(?:\/\s*)?(?:sources?|question)\b)/gi;

function harmless(text: string): string {
  return text.replace(OUR_TAGS, "&lt;");
}
