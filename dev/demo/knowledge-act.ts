/**
 * The second act: a document goes in over REST, is read by the queue, and answers a question with a citation that is
 * compared with the document word for word; what the document does not say is not answered.
 */
import { setTimeout as delay } from "node:timers/promises";
import { z } from "zod";
import { HANDBOOK, HANDBOOK_QUESTIONS, type HandbookQuestion } from "./handbook.ts";
import type { Stage } from "./stage.ts";
import { mark, paint, say, wrap } from "./terminal.ts";

const READING_MAX_MS = 60_000;
const ASK_AGAIN_MS = 100;

const Made = z.object({ id: z.uuid() });
const Reading = z.object({ status: z.string(), reason: z.string().nullable(), chunks: z.int() });
const Answer = z.object({
  answered: z.boolean(),
  answer: z.string(),
  citations: z.array(
    z.object({
      number: z.int(),
      document: z.object({ title: z.string() }),
      quote: z.object({ text: z.string(), marks: z.array(z.object({ start: z.int(), end: z.int() })) }),
    }),
  ),
});
type Answer = z.infer<typeof Answer>;
type Quote = Answer["citations"][number]["quote"];

/** Answers in what the answers and the document differ; nothing when all is right. */
export async function playKnowledge(stage: Stage): Promise<string[]> {
  say(`\n${paint.strong("A document goes in")}`);
  const collectionId = await addHandbook(stage);
  const differences: string[] = [];
  for (const question of HANDBOOK_QUESTIONS) {
    say(`\n${paint.accent("ask ›")} ${paint.strong(question.asks)}`);
    const startedAt = performance.now();
    const answer = await post(stage, "/rag/query", Answer, {
      collection_ids: [collectionId],
      question: question.asks,
    });
    show(answer, performance.now() - startedAt);
    const problem = problemOf(question, answer);
    say(`    ${mark(problem === null)} ${problem ?? finding(question)}`);
    if (problem !== null) differences.push(`“${question.asks}”: ${problem}`);
  }
  return differences;
}

async function addHandbook(stage: Stage): Promise<string> {
  const { id: collectionId } = await post(stage, "/rag/collections", Made, { name: "Handbooks" });
  const startedAt = performance.now();
  const { id } = await post(stage, "/rag/documents", Made, {
    collection_id: collectionId,
    title: HANDBOOK.title,
    content: HANDBOOK.content,
    type: "markdown",
  });
  const { chunks } = await untilRead(stage, id);
  const seconds = ((performance.now() - startedAt) / 1000).toFixed(1);
  say(
    `  ${mark(true)} “${HANDBOOK.title}”  ${paint.quiet(`${chunks} chunks, sealed and indexed  ${seconds} s`)}`,
  );
  return collectionId;
}

/** Throws with the document's own reason when it cannot be read. */
async function untilRead({ session }: Stage, id: string): Promise<z.infer<typeof Reading>> {
  for (const deadline = Date.now() + READING_MAX_MS; Date.now() < deadline; await delay(ASK_AGAIN_MS)) {
    const reading = Reading.parse(await session.request(`/rag/documents/${id}`, { method: "GET" }));
    if (reading.status === "ready") return reading;
    if (reading.status === "failed") throw new Error(`The document was not read: ${reading.reason}`);
  }
  throw new Error(`The document was not read within ${READING_MAX_MS / 1000} s.`);
}

async function post<Value>(
  { session }: Stage,
  path: string,
  schema: z.ZodType<Value>,
  body: Record<string, unknown>,
): Promise<Value> {
  return schema.parse(await session.request(path, { method: "POST", body }));
}

function show({ answer, citations }: Answer, tookMs: number): void {
  for (const line of wrap(answer, "  ")) say(line);
  for (const { number, document, quote } of citations) {
    say(paint.quiet(`    [${number}] ${document.title}: “${tellingLine(quote)}”`));
  }
  say(paint.quiet(`    ${(tookMs / 1000).toFixed(2)} s`));
}

/** The line of a quote with the most of its marks. */
function tellingLine({ text, marks }: Quote): string {
  let from = 0;
  const lines = text.split("\n").map((line) => {
    const [start, end] = [from, from + line.length];
    from = end + 1;
    return { line, marks: marks.filter((one) => one.start >= start && one.end <= end).length };
  });
  return lines.reduce((best, one) => (one.marks > best.marks ? one : best)).line.trim();
}

function problemOf({ holds }: HandbookQuestion, { answered, citations }: Answer): string | null {
  if (holds === null) return answered ? "the document does not say, and yet there is an answer" : null;
  if (!answered) return "the document says it, and there is no answer";
  const quotes = citations.map(({ quote }) => quote.text);
  // A quote is cut from the document's text, which has the marks of headings no more.
  const lines = quotes.flatMap((quote) => quote.split("\n"));
  if (!lines.every((line) => HANDBOOK.content.includes(line))) return "a quote is not in the document";
  return quotes.some((quote) => quote.includes(holds)) ? null : `no citation shows “${holds}”`;
}

function finding({ holds }: HandbookQuestion): string {
  return holds === null
    ? "the document does not say, and neither does the answer"
    : `the quote is in the document, word for word, and holds “${holds}”`;
}
