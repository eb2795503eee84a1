/** Answers from sources that come with the question, and their order: by the words they share with it. */
import { STOP_WORDS } from "../../../src/features/knowledge/core/languages.ts";
import { searchWords } from "../../../src/lib/search-words.ts";
import { type Reply, say, use } from "../reply.ts";

export const ORDER_TOOL = "order_sources";

/** A sentence answers when it has at least this share of the question's words. */
const SHARE_MIN = 0.6;
const SENTENCES_MAX = 2;

interface Source {
  number: number;
  text: string;
}

export function holdsSources(text: string): boolean {
  return /^<sources>\n/m.test(text);
}

/** The sentences that share most words with the question, each with its source; or that there is none. */
export function answerFrom(text: string): Reply {
  const found = sentencesFor(questionIn(text), sourcesIn(text));
  if (found.length === 0) return say("NOT FOUND\nThe sources do not say.");
  return say(`FOUND\n${found.join(" ")}`);
}

export function orderSources(text: string): Reply {
  const asked = wordsOf(questionIn(text));
  const order = sourcesIn(text)
    .map(({ number, text: own }) => ({ number, share: shareOf(asked, own) }))
    .filter(({ share }) => share > 0)
    .sort((one, other) => other.share - one.share);
  return use({ name: ORDER_TOOL, input: { order: order.map(({ number }) => number) } });
}

/** Each with its mark. */
export function sentencesFor(question: string, sources: readonly Source[]): string[] {
  const asked = wordsOf(question);
  const scored = sources.flatMap(({ number, text }) =>
    sentencesOf(text).map((sentence) => ({ sentence, number, share: shareOf(asked, sentence) })),
  );
  const best = Math.max(0, ...scored.map(({ share }) => share));
  if (best < SHARE_MIN) return [];
  return scored
    .filter(({ share }) => share === best)
    .slice(0, SENTENCES_MAX)
    .map(({ sentence, number }) => sentence.replace(/([.!?]*)$/, ` [${number}]$1`));
}

export function sourcesIn(text: string): Source[] {
  return Array.from(text.matchAll(/<source number="(\d+)"[^>]*>\n([\s\S]*?)\n<\/source>/g), (match) => ({
    number: Number(match[1]),
    text: match[2] ?? "",
  }));
}

function questionIn(text: string): string {
  return /<question>\n([\s\S]*?)\n<\/question>/.exec(text)?.[1] ?? "";
}

function sentencesOf(text: string): string[] {
  const lines = text.replace(/^#+ .*$/gm, "").split(/\n{2,}|(?<=[.!?])\s+/);
  return lines.map((line) => line.replace(/\s+/g, " ").trim()).filter((line) => line !== "");
}

function shareOf(asked: ReadonlySet<string>, text: string): number {
  if (asked.size === 0) return 0;
  const words = new Set(searchWords(text));
  return [...asked].filter((word) => words.has(word)).length / asked.size;
}

const SMALL = new Set(Object.values(STOP_WORDS).flatMap((words) => searchWords([...words].join(" "))));

function wordsOf(text: string): Set<string> {
  return new Set(searchWords(text).filter((word) => !SMALL.has(word)));
}
