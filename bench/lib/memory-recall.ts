/** What of the evidence for a question is among the first memories found, and what these cost. */
import { searchWords } from "../../src/lib/search-words.ts";

/** Something that can be found, and the turn it came from. */
export interface Entry {
  turnId: string;
  text: string;
}

export interface Question {
  text: string;
  answer: string;
  /** Ids of the turns that hold the answer. */
  evidence: readonly string[];
}

export interface Answered {
  question: Question;
  /** The best first. */
  found: readonly Entry[];
}

/** A usual estimate for English. */
const TOKEN_CHARS = 4;
const FOUND_MAX = 64;

export interface Taken {
  /** Share of the evidence. */
  recall: number;
  tokens: number;
  /** Share of the answer's words that are in what was taken, those of the question apart. */
  answerWords: number;
}

/** Means over all questions, of the first entries of each. */
export function taken(all: readonly Answered[], take: (found: readonly Entry[]) => readonly Entry[]): Taken {
  const each = all.map(({ question, found }) => ({ question, first: take(found) }));
  return {
    recall: mean(each.map(({ question, first }) => recallOf(question, first))),
    tokens: mean(each.map(({ first }) => tokensOf(first))),
    answerWords: mean(each.flatMap(({ question, first }) => answerWordsOf(question, first) ?? [])),
  };
}

export function first(count: number): (found: readonly Entry[]) => readonly Entry[] {
  return (found) => found.slice(0, count);
}

/** As many as fit into so many tokens. */
export function within(tokensMax: number): (found: readonly Entry[]) => readonly Entry[] {
  return (found) => {
    let tokens = 0;
    const end = found.findIndex((entry) => {
      tokens += tokensOf([entry]);
      return tokens > tokensMax;
    });
    return end < 0 ? found : found.slice(0, end);
  };
}

/** The mean cost of the fewest entries that hold this much of the evidence; null when even all do not. */
export function tokensFor(recall: number, all: readonly Answered[]): number | null {
  for (let count = 1; count <= FOUND_MAX; count++) {
    const cost = taken(all, first(count));
    if (cost.recall >= recall) return cost.tokens;
  }
  return null;
}

function recallOf({ evidence }: Question, entries: readonly Entry[]): number {
  return evidence.filter((id) => entries.some(({ turnId }) => turnId === id)).length / evidence.length;
}

function tokensOf(entries: readonly Entry[]): number {
  return entries.reduce((chars, { text }) => chars + text.length, 0) / TOKEN_CHARS;
}

/** Undefined for an answer that says nothing but what was asked. */
function answerWordsOf({ text, answer }: Question, entries: readonly Entry[]): number | undefined {
  const asked = new Set(searchWords(text));
  const wanted = [...new Set(searchWords(answer))].filter((word) => !asked.has(word));
  if (wanted.length === 0) return undefined;
  const said = new Set(entries.flatMap((entry) => searchWords(entry.text)));
  return wanted.filter((word) => said.has(word)).length / wanted.length;
}

function mean(values: readonly number[]): number {
  return values.reduce((sum, value) => sum + value, 0) / Math.max(1, values.length);
}
