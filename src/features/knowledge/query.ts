/** Answers a question from a person's documents, with the sources it rests on, or says that they do not say. */
import { AppError } from "../../lib/errors.ts";
import type { Ctx } from "../../platform/context.ts";
import { createModelClient } from "../../platform/model.ts";
import type { ModelResponse, ModelUsage } from "../../platform/model-port.ts";
import { allow } from "../auth/policy.ts";
import { AnswerReader, answerRequest, type ReadAnswer, silence } from "./core/answer.ts";
import { citationsOf } from "./core/citing.ts";
import { withinTokens } from "./core/sources.ts";
import { keepQuery } from "./query-log.ts";
import type { QueryAnswer, QueryOutcome, QueryRequest, QueryUsage } from "./query-schema.ts";
import { NO_USAGE, withUsage } from "./query-usage.ts";
import { type Found, retrieve, withoutStrays } from "./retrieve.ts";

/** From the first model call to the last word, retries included. */
const ANSWER_MS = 90_000;
/** What a model reads of the sources: about eight whole chunks of the usual size. */
const SOURCE_TOKENS_MAX = 6_000;
/** Output tokens, the model's reasoning included. */
const ANSWER_TOKENS_MAX = 6_000;

export type QueryEvent =
  | { type: "delta"; text: string }
  /** The model began anew: what was given before does not count. */
  | { type: "reset" }
  /** Always the last. */
  | { type: "answer"; answer: QueryAnswer };

/** A question with what was found for it: nothing has been asked of a model yet. */
export interface AskedQuestion {
  id: string;
  request: QueryRequest;
  sources: Found[];
  /** What finding them cost. */
  spent: QueryUsage;
}

/** Finds the sources. Throws `forbidden`, and `not_found` when one of the collections is none of the person's. */
export async function findSources(
  ctx: Ctx,
  request: QueryRequest,
  id: string,
  signal: AbortSignal,
): Promise<AskedQuestion> {
  const { collection_ids: collectionIds, question, ...rest } = request;
  await ctx.db.run(allow("knowledge_queries", "ask"), () => []);
  let spent = NO_USAGE;
  const add = (usage: ModelUsage) => {
    spent = withUsage(spent, usage);
  };
  const retrieval = { ...rest, collectionIds, query: question };
  const found = await retrieve(ctx, retrieval, { signal, spent: add });
  const sources = withinTokens(withoutStrays(ctx, question, found), SOURCE_TOKENS_MAX);
  return { id, request, sources, spent };
}

/**
 * The answer as it is written. Without sources no model is asked. Throws `model_unavailable`, `model_refused` and `timeout`;
 * ends when `signal` aborts. However it ends, the question and its sources are kept in the log.
 */
export async function* answerFromSources(
  ctx: Ctx,
  asked: AskedQuestion,
  signal: AbortSignal,
): AsyncGenerator<QueryEvent> {
  let answer: QueryAnswer | undefined;
  let outcome: QueryOutcome = "cancelled";
  const { promise: ended, resolve: end } = Promise.withResolvers<void>();
  // The platform drops what a caller who leaves has asked for; the line in the log is still to be written.
  signal.addEventListener("abort", () => ctx.waitUntil(ended), { once: true });
  try {
    for await (const event of asked.sources.length > 0 ? askModel(ctx, asked, signal) : nothingFound(asked)) {
      if (event.type !== "answer") {
        yield event;
        continue;
      }
      answer = event.answer;
      outcome = answer.answered ? "answered" : "not_answered";
      await keep(ctx, asked, outcome, answer);
      yield event;
    }
  } catch (error) {
    if (!signal.aborted) outcome = "failed";
    throw error;
  } finally {
    if (!answer) await keep(ctx, asked, outcome);
    end();
  }
}

async function* nothingFound({ id, request, spent }: AskedQuestion): AsyncGenerator<QueryEvent> {
  const text = silence(request.question);
  yield { type: "delta", text };
  yield {
    type: "answer",
    answer: { id, answered: false, answer: text, truncated: false, citations: [], usage: spent },
  };
}

async function* askModel(ctx: Ctx, asked: AskedQuestion, signal: AbortSignal): AsyncGenerator<QueryEvent> {
  const { question } = asked.request;
  const abort = new AbortController();
  const late = new AppError("timeout", { detail: "The model took too long to answer." });
  const timer = setTimeout(() => abort.abort(late), ANSWER_MS);
  try {
    const model = createModelClient(ctx.config.model);
    const stop = AbortSignal.any([signal, abort.signal]);
    const request = answerRequest({ question, sources: asked.sources, tokensMax: ANSWER_TOKENS_MAX });
    let reader = new AnswerReader(question, asked.sources.length);
    let hasSpoken = false;
    for await (const event of model.stream(request, { signal: stop })) {
      if (event.type === "response") {
        if (event.response.stopReason === "refusal") throw new AppError("model_refused");
        const read = reader.end();
        if (read.rest !== "") yield { type: "delta", text: read.rest };
        yield { type: "answer", answer: toAnswer(asked, read, event.response) };
        return;
      }
      if (event.type === "text") {
        const text = reader.push(event.text);
        if (text === "") continue;
        hasSpoken = true;
        yield { type: "delta", text };
      } else {
        reader = new AnswerReader(question, asked.sources.length);
        if (hasSpoken) yield { type: "reset" };
        hasSpoken = false;
      }
    }
    throw new AppError("model_unavailable", { detail: "The model gave no answer." });
  } finally {
    clearTimeout(timer);
  }
}

function toAnswer(
  { id, request, sources, spent }: AskedQuestion,
  read: ReadAnswer,
  response: ModelResponse,
): QueryAnswer {
  const { isAnswered, text, cited } = read;
  return {
    id,
    answered: isAnswered,
    answer: text,
    truncated: isAnswered && response.stopReason === "max_tokens",
    citations: citationsOf(sources, { question: request.question, text, cited }),
    usage: withUsage(spent, response.usage),
  };
}

async function keep(
  ctx: Ctx,
  { id, request, sources, spent }: AskedQuestion,
  outcome: QueryOutcome,
  answer?: QueryAnswer,
): Promise<void> {
  const numbers = new Map(answer?.citations.map(({ chunk_id, number }) => [chunk_id, number]));
  const given = sources.map(({ chunk_id, document }) => ({
    chunk_id,
    document_id: document.id,
    number: numbers.get(chunk_id) ?? null,
  }));
  const { question, collection_ids } = request;
  await keepQuery(ctx, {
    id,
    kind: "question",
    outcome,
    question,
    collection_ids,
    sources: given,
    usage: answer?.usage ?? spent,
  });
}
