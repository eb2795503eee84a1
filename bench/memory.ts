/**
 * `npm run bench:memory`: how much of the evidence for a question is among the first 5 and 10 memories that are found for
 * it, and how many tokens they put into a turn; next to the verbatim baseline, which embeds every turn and
 * extracts nothing. A third row ranks the verbatim turns as this system does: the rest of the difference is extraction.
 * Prints a table. With ANTHROPIC_API_KEY or MODEL_BASE_URL set the `small` model extracts; otherwise the heuristic does.
 */
import { existsSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { z } from "zod";
import { type Exchange, extract, heuristicExtraction } from "../src/features/memory/extract.ts";
import { likeness } from "../src/features/memory/likeness.ts";
import { merge } from "../src/features/memory/merge.ts";
import type { MemoryItem } from "../src/features/memory/schema.ts";
import { textOf } from "../src/features/memory/text.ts";
import { newId } from "../src/lib/ids.ts";
import { HashingEmbedder } from "../src/platform/embedder-hashing.ts";
import { createModelClient } from "../src/platform/model.ts";
import type { ModelClient } from "../src/platform/model-port.ts";

const FILE = join(import.meta.dirname, "../../shared/data/memory/conversations.json");
const CUTOFFS = [5, 10] as const;
/** As many as a hub opens and ranks by their words. */
const OPENED = 64;
/** Questions of this kind have no answer in the conversation. */
const UNANSWERABLE = 5;
/** A usual estimate for English. */
const TOKEN_CHARS = 4;
const KEY = new Uint8Array(32).fill(7);
const DEFAULT_MODEL = "claude-haiku-4-5";

const Turn = z.object({ speaker: z.string(), dia_id: z.string(), text: z.string() });
type Turn = z.infer<typeof Turn>;
const Conversations = z.array(
  z.object({
    conversation: z.record(z.string(), z.unknown()),
    qa: z.array(z.object({ question: z.string(), evidence: z.array(z.string()), category: z.int() })),
  }),
);

/** Something that can be found, and the turn it came from. */
interface Entry {
  turnId: string;
  text: string;
}

interface Question {
  text: string;
  evidence: string[];
}

interface Score {
  questions: number;
  recall: Map<number, number>;
  tokens: Map<number, number>;
}

if (!existsSync(FILE)) {
  console.log("Skipped: ../shared/data/memory/conversations.json is not here.");
  process.exit(0);
}

const model = configuredModel();
const embedder = new HashingEmbedder();
const [verbatim, reranked, ours] = [emptyScore(), emptyScore(), emptyScore()];
for (const { conversation, qa } of Conversations.parse(JSON.parse(readFileSync(FILE, "utf8")))) {
  const turns = turnsOf(conversation);
  const known = new Set(turns.map(({ dia_id }) => dia_id));
  const questions = qa
    .filter(({ category }) => category !== UNANSWERABLE)
    .map(({ question, evidence }) => ({
      text: question,
      evidence: idsIn(evidence).filter((id) => known.has(id)),
    }))
    .filter(({ evidence }) => evidence.length > 0);
  const everything = turns.map(({ dia_id, speaker, text }) => ({
    turnId: dia_id,
    text: `${speaker}: ${text}`,
  }));
  await measure(verbatim, everything, questions, { byWords: false });
  await measure(reranked, everything, questions, { byWords: true });
  await measure(ours, await remembered(turns, model), questions, { byWords: true });
}
report();

function turnsOf(conversation: Record<string, unknown>): Turn[] {
  const sessions = Object.keys(conversation).filter((name) => /^session_\d+$/.test(name));
  return sessions.flatMap((name) => z.array(Turn).parse(conversation[name]));
}

/** Some entries name several turns. */
function idsIn(evidence: readonly string[]): string[] {
  return [...new Set(evidence.flatMap((entry) => entry.split(/[;,\s]+/)).filter((id) => id !== ""))];
}

/** What is kept of a conversation, each turn taken as a message of the person. */
async function remembered(turns: readonly Turn[], small: ModelClient | null): Promise<Entry[]> {
  const items = new Map<string, { item: MemoryItem; speaker: string }>();
  for (const [at, { dia_id: requestId, speaker, text }] of turns.entries()) {
    const exchange: Exchange = { requestId, at, said: text, confirmed: [] };
    const statements = [...items.values()]
      .map(({ item }) => item)
      .filter(({ body }) => body.tier === "associative");
    const known = { core: [], statements: nearest(text, statements) };
    const extraction = small
      ? await extract(small, exchange, known, { signal: AbortSignal.timeout(60_000) }).catch(() =>
          heuristicExtraction(exchange),
        )
      : heuristicExtraction(exchange);
    for (const { item } of merge(known, extraction, exchange, { now: at, newId: () => newId() }).changes) {
      items.set(item.id, { item, speaker: items.get(item.id)?.speaker ?? speaker });
    }
  }
  return [...items.values()]
    .filter(({ item }) => item.validTo === null)
    .map(({ item, speaker }) => ({
      turnId: item.provenance.requestId ?? "",
      text: `${speaker}: ${textOf(item.body)}`,
    }));
}

function nearest(text: string, items: readonly MemoryItem[]): MemoryItem[] {
  const scores = likeness(
    text,
    items.map(({ body }) => ({ text: textOf(body), cosine: null })),
  );
  return items
    .map((item, at) => ({ item, score: scores[at] ?? 0 }))
    .filter(({ score }) => score > 0)
    .toSorted((one, other) => other.score - one.score)
    .slice(0, 8)
    .map(({ item }) => item);
}

async function measure(
  score: Score,
  entries: readonly Entry[],
  questions: readonly Question[],
  { byWords }: { byWords: boolean },
): Promise<void> {
  const vectors = await embedder.embed(
    entries.map(({ text }) => text),
    { key: KEY },
  );
  const asked = await embedder.embed(
    questions.map(({ text }) => text),
    { key: KEY },
  );
  for (const [at, question] of questions.entries()) {
    const byVector = entries
      .map((entry, index) => ({ entry, cosine: dot(vectors[index]!, asked[at]!) }))
      .toSorted((one, other) => other.cosine - one.cosine)
      .slice(0, OPENED);
    const weights = byWords
      ? likeness(
          question.text,
          byVector.map(({ entry, cosine }) => ({ text: entry.text, cosine })),
        )
      : byVector.map(({ cosine }) => cosine);
    const ranked = byVector
      .map(({ entry }, index) => ({ entry, weight: weights[index] ?? 0 }))
      .toSorted((one, other) => other.weight - one.weight);
    count(
      score,
      question,
      ranked.map(({ entry }) => entry),
    );
  }
}

function count(score: Score, { evidence }: Question, ranked: readonly Entry[]): void {
  score.questions++;
  for (const cutoff of CUTOFFS) {
    const top = ranked.slice(0, cutoff);
    const found = evidence.filter((id) => top.some(({ turnId }) => turnId === id)).length;
    const chars = top.reduce((sum, { text }) => sum + text.length, 0);
    score.recall.set(cutoff, (score.recall.get(cutoff) ?? 0) + found / evidence.length);
    score.tokens.set(cutoff, (score.tokens.get(cutoff) ?? 0) + chars / TOKEN_CHARS);
  }
}

function emptyScore(): Score {
  return { questions: 0, recall: new Map(), tokens: new Map() };
}

function dot(left: Float32Array, right: Float32Array): number {
  let sum = 0;
  for (let index = 0; index < left.length; index++) sum += left[index]! * right[index]!;
  return sum;
}

function configuredModel(): ModelClient | null {
  const {
    ANTHROPIC_API_KEY: apiKey,
    MODEL_BASE_URL: baseUrl,
    MODEL_SMALL: small = DEFAULT_MODEL,
  } = process.env;
  if (!apiKey && !baseUrl) return null;
  return createModelClient({ apiKey, baseUrl, models: { supervisor: small, worker: small, small } });
}

function report(): void {
  console.log(
    `${verbatim.questions} questions; extraction by ${model ? "the small model" : "the heuristic"}, vectors by ${embedder.id}\n`,
  );
  console.log("| | recall@5 | recall@10 | tokens of 5 | tokens of 10 |\n|---|---|---|---|---|");
  for (const [name, { questions, recall, tokens }] of Object.entries({
    "this system": ours,
    verbatim,
    "verbatim, ranked as here": reranked,
  })) {
    const mean = (sums: Map<number, number>, cutoff: number) => (sums.get(cutoff) ?? 0) / questions;
    const recalls = CUTOFFS.map((cutoff) => mean(recall, cutoff).toFixed(3));
    const costs = CUTOFFS.map((cutoff) => mean(tokens, cutoff).toFixed(0));
    console.log(`| ${name} | ${[...recalls, ...costs].join(" | ")} |`);
  }
}
