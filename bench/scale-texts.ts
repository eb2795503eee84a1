/** Texts and queries for the bench of scale: sentences of public collections where they are at hand, else made-up ones. */
import { existsSync, readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";

const COLLECTIONS = join(import.meta.dirname, "..", "..", "shared", "data", "retrieval");
const WORDS = 50_000;
const MADE_UP = 20_000;

export interface Texts {
  /** Where the sentences are from. */
  source: string;
  /** About as long as asked, of whole sentences in paragraphs. */
  document(characters: number): string;
  /** Three to eight words that stand together in some sentence. */
  query(): string;
}

/** The same texts and queries in each run. */
export function makeTexts(): Texts {
  const random = seeded(20_261_120);
  const pick = <Item>(items: readonly Item[]) => items[Math.floor(random() * items.length)]!;
  const read = existsSync(COLLECTIONS) ? readSentences() : [];
  const sentences = read.length > 0 ? read : makeSentences(random);
  return {
    source:
      read.length > 0 ? `${read.length} sentences of public collections` : "made-up words, by Zipf's law",
    document(characters) {
      const paragraphs: string[] = [];
      for (let length = 0; length < characters; ) {
        const paragraph = Array.from({ length: 6 }, () => pick(sentences)).join(" ");
        paragraphs.push(paragraph);
        length += paragraph.length;
      }
      return paragraphs.join("\n\n");
    },
    query() {
      const words = pick(sentences).split(/\s+/);
      const count = 3 + Math.floor(random() * 6);
      const start = Math.floor(random() * Math.max(1, words.length - count));
      return words.slice(start, start + count).join(" ");
    },
  };
}

function readSentences(): string[] {
  return readdirSync(COLLECTIONS).flatMap((name) => {
    const file = join(COLLECTIONS, name, "corpus.jsonl");
    if (!existsSync(file)) return [];
    const lines = readFileSync(file, "utf8").trim().split("\n");
    return lines.flatMap((line) => String(JSON.parse(line).text).split(/(?<=[.?!])\s+/)).filter(isSentence);
  });
}

function isSentence(text: string): boolean {
  return text.split(/\s+/).length >= 5;
}

function makeSentences(random: () => number): string[] {
  const words = Array.from({ length: WORDS }, (_, rank) => wordOf(rank));
  // The n-th word occurs 1/n as often as the first.
  const word = () => words[Math.min(WORDS - 1, Math.floor(WORDS ** random()) - 1)]!;
  return Array.from({ length: MADE_UP }, () => {
    const count = 8 + Math.floor(random() * 20);
    return `${Array.from({ length: count }, word).join(" ")}.`;
  });
}

function wordOf(rank: number): string {
  const syllables = [
    "ba",
    "do",
    "fe",
    "gi",
    "ku",
    "la",
    "mo",
    "ne",
    "pi",
    "ra",
    "su",
    "te",
    "vo",
    "wa",
    "xi",
    "zu",
  ];
  let text = syllables[rank % 16]!;
  for (let rest = rank >> 4; rest > 0; rest >>= 4) text += syllables[rest % 16]!;
  return text;
}

/** Mulberry32. */
function seeded(seed: number): () => number {
  let state = seed;
  return () => {
    state = (state + 0x6d2b79f5) | 0;
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state);
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed;
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  };
}
