/** Fills a hub's memory with made-up statements and searches it, inside the runtime. */
import type { Hub } from "../../durable-objects/user-hub/hub.ts";
import { inserted } from "../../src/features/memory/item.ts";

const BATCH = 500;
const RESULTS = 8;

const WHO = [
  "Anna",
  "the landlord",
  "our team",
  "my sister",
  "the Berlin office",
  "Tom",
  "the choir",
  "Dr. Weiss",
];
const DOES = [
  "prefers",
  "pays for",
  "moved",
  "cancelled",
  "is allergic to",
  "ordered",
  "repairs",
  "asked about",
];
const WHAT = [
  "the garden fence",
  "oat milk",
  "quarterly reports",
  "the blue bicycle",
  "a new boiler",
  "train tickets",
];
const WHEN = [
  "on Mondays",
  "since March",
  "every winter",
  "before lunch",
  "by the end of June",
  "at the weekend",
];
const QUESTIONS = [
  "What did Anna order for the garden?",
  "When are the quarterly reports due?",
  "Who repairs the bicycle?",
];

/** Adds statements until there are `to`. */
export async function fillMemory({ parts }: Hub, to: number): Promise<void> {
  const { memory } = parts;
  for (let from = memory.store.page("", to).length; from < to; from += BATCH) {
    const making = memory.making();
    const changes = Array.from({ length: Math.min(BATCH, to - from) }, (_, at) =>
      inserted(
        { tier: "associative", statement: statementOf(from + at) },
        { source: "turn", requestId: null, quote: null },
        making,
      ),
    );
    const texts = changes.map((_, at) => statementOf(from + at));
    const vectors = await memory.embedding.embed(texts);
    memory.change(() =>
      memory.apply(changes, new Map(changes.map(({ item }, at) => [item.id, vectors[at]!]))),
    );
  }
}

/** Searches as a turn does, its vector included. Cold: each time as after waking, with nothing of it in memory. */
export async function searchMemory({ parts }: Hub, { times, isCold }: { times: number; isCold: boolean }) {
  let found = 0;
  for (let time = 0; time < times; time++) {
    if (isCold) parts.memory.vectors.forget();
    const question = await parts.memory.embedding.question(QUESTIONS[time % QUESTIONS.length]!);
    if (question) found += parts.memory.search.find(question, "associative", RESULTS).length;
  }
  return found;
}

function statementOf(number: number): string {
  const pick = (words: string[], step: number) => words[Math.floor(number / step) % words.length]!;
  return `${pick(WHO, 1)} ${pick(DOES, 8)} ${pick(WHAT, 64)} ${pick(WHEN, 384)}, note ${number}`;
}
