/**
 * `npm run bench:memory [-- --sentence]`: how much of the evidence for a question is among the memories that are found for
 * it, and how many tokens they put into a turn; next to the verbatim baseline, which embeds every turn and extracts
 * nothing. A third row ranks the verbatim turns as this system does: the rest of the difference is extraction. Prints
 * tables. With `--sentence` once more with a sentence embedder, for all of them, or with the one that EMBEDDER_URL names.
 * With ANTHROPIC_API_KEY or MODEL_BASE_URL set the `small` model extracts; otherwise the heuristic does.
 */
import { existsSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { parseArgs } from "node:util";
import { z } from "zod";
import { type Exchange, extract, heuristicExtraction } from "../src/features/memory/extract.ts";
import {
  fitting,
  type LikenessSettings,
  likeness,
  likenessSettingsOf,
} from "../src/features/memory/likeness.ts";
import { merge } from "../src/features/memory/merge.ts";
import type { MemoryItem } from "../src/features/memory/schema.ts";
import { textOf } from "../src/features/memory/text.ts";
import { newId } from "../src/lib/ids.ts";
import type { Embedder } from "../src/platform/embedder.ts";
import { createModelClient } from "../src/platform/model.ts";
import type { ModelClient } from "../src/platform/model-port.ts";
import { embeddersToMeasure } from "./lib/embedders.ts";
import {
  type Answered,
  type Entry,
  first,
  type Question,
  taken,
  tokensFor,
  within,
} from "./lib/memory-recall.ts";

const FILE = join(import.meta.dirname, "../../shared/data/memory/conversations.json");
/** As many as a hub opens and ranks by their words. */
const OPENED = 64;
/** Questions of this kind have no answer in the conversation. */
const UNANSWERABLE = 5;
const KEY = new Uint8Array(32).fill(7);
const DEFAULT_MODEL = "claude-haiku-4-5";

const Turn = z.object({ speaker: z.string(), dia_id: z.string(), text: z.string() });
type Turn = z.infer<typeof Turn>;
const Conversations = z.array(
  z.object({
    conversation: z.record(z.string(), z.unknown()),
    qa: z.array(
      z.object({
        question: z.string(),
        answer: z.union([z.string(), z.number()]).optional(),
        evidence: z.array(z.string()),
        category: z.int(),
      }),
    ),
  }),
);

if (!existsSync(FILE)) {
  console.log("Skipped: ../shared/data/memory/conversations.json is not here.");
  process.exit(0);
}

interface Talk {
  questions: Question[];
  /** Every turn as it was said. */
  verbatim: Entry[];
  /** What is kept of them. */
  kept: Entry[];
}

/** What was found for all questions. */
interface Found {
  ours: Answered[];
  verbatim: Answered[];
  reranked: Answered[];
}

const { values } = parseArgs({ options: { sentence: { type: "boolean", default: false } } });
const model = configuredModel();
const talks: Talk[] = [];
for (const { conversation, qa } of Conversations.parse(JSON.parse(readFileSync(FILE, "utf8")))) {
  const turns = turnsOf(conversation);
  const known = new Set(turns.map(({ dia_id }) => dia_id));
  const questions = qa
    .filter(({ category }) => category !== UNANSWERABLE)
    .map(({ question, answer, evidence }) => ({
      text: question,
      answer: String(answer ?? ""),
      evidence: idsIn(evidence).filter((id) => known.has(id)),
    }))
    .filter(({ evidence }) => evidence.length > 0);
  const verbatim = turns.map(({ dia_id, speaker, text }) => ({
    turnId: dia_id,
    text: `${speaker}: ${text}`,
  }));
  talks.push({ questions, verbatim, kept: await remembered(turns, model) });
}
const { embedders, stop } = await embeddersToMeasure(values);
for (const embedder of embedders) {
  const settings = likenessSettingsOf(embedder === embedders[0] ? "hashing" : "openai");
  const found: Found = { ours: [], verbatim: [], reranked: [] };
  for (const { questions, verbatim, kept } of talks) {
    found.verbatim.push(...(await answered(verbatim, questions, { embedder })));
    found.reranked.push(...(await answered(verbatim, questions, { embedder, settings })));
    found.ours.push(...(await answered(kept, questions, { embedder, settings })));
  }
  report(embedder, found);
}
await stop();

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
  const candidates = items.map(({ body }) => ({ text: textOf(body), cosine: null }));
  const scores = likeness(text, candidates, 1);
  return items
    .map((item, at) => ({ item, score: scores[at] ?? 0 }))
    .filter(({ score }) => score > 0)
    .toSorted((one, other) => other.score - one.score)
    .slice(0, 8)
    .map(({ item }) => item);
}

/** Nearest by vector; with `settings` as a hub does: what fits by words and vectors together. */
async function answered(
  entries: readonly Entry[],
  questions: readonly Question[],
  { embedder, settings }: { embedder: Embedder; settings?: LikenessSettings },
): Promise<Answered[]> {
  const vectors = await embedder.embed(
    entries.map(({ text }) => text),
    { key: KEY },
  );
  const asked = await embedder.embed(
    questions.map(({ text }) => text),
    { key: KEY },
  );
  return questions.map((question, at) => {
    const near = entries
      .map((entry, index) => ({ ...entry, cosine: dot(vectors[index]!, asked[at]!) }))
      .toSorted((one, other) => other.cosine - one.cosine)
      .slice(0, OPENED);
    if (!settings) return { question, found: near };
    const above = near.filter(({ cosine }) => cosine >= settings.cosineMin);
    return { question, found: fitting(question.text, above, settings.wordsShare) };
  });
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

function report(embedder: Embedder, { ours, verbatim, reranked }: Found): void {
  const systems = { "this system": ours, verbatim, "verbatim, ranked as here": reranked };
  const baseline = taken(verbatim, first(10));
  console.log(
    `\n${verbatim.length} questions; extraction by ${model ? "the small model" : "the heuristic"}, vectors by ${embedder.id}\n`,
  );
  console.log(
    "| | recall@5 | recall@10 | tokens of 5 | tokens of 10 | tokens for the baseline's recall@10 |",
  );
  console.log("|---|---|---|---|---|---|");
  for (const [name, all] of Object.entries(systems)) {
    const [five, ten] = [taken(all, first(5)), taken(all, first(10))];
    const figures = [share(five.recall), share(ten.recall), whole(five.tokens), whole(ten.tokens)];
    console.log(`| ${name} | ${figures.join(" | ")} | ${whole(tokensFor(baseline.recall, all))} |`);
  }
  console.log("\n| in at most … tokens: evidence found / words of the answer | 64 | 128 | 192 | 256 |");
  console.log("|---|---|---|---|---|");
  for (const [name, all] of Object.entries(systems)) {
    const cells = [64, 128, 192, 256].map((tokensMax) => {
      const { recall, answerWords } = taken(all, within(tokensMax));
      return `${share(recall)} / ${share(answerWords)}`;
    });
    console.log(`| ${name} | ${cells.join(" | ")} |`);
  }
}

function share(value: number): string {
  return value.toFixed(3);
}

function whole(value: number | null): string {
  return value === null ? "never" : value.toFixed(0);
}
