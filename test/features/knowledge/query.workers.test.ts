import { env } from "cloudflare:workers";
import { sql } from "drizzle-orm";
import { beforeAll, expect, inject, test } from "vitest";
import { LoggedQueryPage, QueryAnswer, QueryRequest } from "../../../src/features/knowledge/query-schema.ts";
import { answerQuery } from "../../../src/features/knowledge/service.ts";
import { newId } from "../../../src/lib/ids.ts";
import { call, callFor, problemOf } from "../../support/api.ts";
import { connectAs } from "../../support/database.ts";
import { ingested, newCollection, replaced } from "../../support/knowledge.ts";
import { breakModel, modelRequests, scriptModel } from "../../support/model.ts";
import { eventsOf } from "../../support/sse.ts";
import { newUser, type TestUser, userCtx } from "../../support/users.ts";

const HANDBOOK = `# Handbook

## Holidays
Employees have thirty days of paid holiday a year. Unused days expire in March of the year that follows, unless work
did not allow to take them.

## Parking
Bicycles are parked in the yard. Cars need a badge from the reception, which is open from eight in the morning until
six in the evening.

## Expenses
Train tickets are reimbursed when the receipt is handed in within four weeks.`;

let user: TestUser;
let collection: { id: string };
let document: { id: string };

beforeAll(async () => {
  user = await newUser(env);
  collection = await newCollection(user, { settings: { chunk_tokens: 64, overlap_tokens: 0 } });
  document = await ingested(user, { collection_id: collection.id, content: HANDBOOK, type: "markdown" });
});

const says = (...chunks: string[]) => ({ content: [{ type: "text" as const, chunks }] });

const body = (question: string, more: Record<string, unknown> = {}) => ({
  collection_ids: [collection.id],
  question,
  ...more,
});

function ask(question: string, more: Record<string, unknown> = {}): Promise<QueryAnswer> {
  return callFor(QueryAnswer, "POST", "/rag/query", { as: user, body: body(question, more) });
}

async function stream(question: string, more: Record<string, unknown> = {}) {
  const response = await call("POST", "/api/v1/rag/query", {
    as: user,
    body: body(question, more),
    headers: { accept: "text/event-stream" },
  });
  expect(response.headers.get("content-type")).toBe("text/event-stream");
  return eventsOf(await response.text());
}

test("answers from the documents, with citations that point to what was read", async () => {
  const answer = await ask("How many days of paid holiday are there?");
  expect(answer).toMatchObject({ answered: true, truncated: false });
  expect(answer.answer).toBe("Employees have thirty days of paid holiday a year [1].");
  const [citation] = answer.citations;
  expect(answer.citations).toHaveLength(1);
  expect(citation).toMatchObject({
    number: 1,
    collection_id: collection.id,
    document: { id: document.id, title: "Handbook" },
    position: { heading: ["Handbook"] },
  });
  const { text, marks, start, end } = citation?.quote ?? { text: "", marks: [], start: 0, end: 0 };
  expect(text).toContain("thirty days of paid holiday");
  expect(end - start).toBe(text.length);
  expect(marks.map((mark) => text.slice(mark.start, mark.end))).toContain("holiday");
  expect(answer.usage).toMatchObject({ model_calls: 1 });
  expect(answer.usage.input_tokens).toBeGreaterThan(50);
});

test("the answer comes as it is written, then the citations, then the end", async () => {
  const id = newId();
  await scriptModel(id, [says("FOUND\nThirty ", "days", " [1] a year", ", and trains [2].")]);
  const events = await stream(`days of holiday, train tickets ${id}`);
  const kinds = events.map(({ event }) => event);
  expect(kinds.slice(-2)).toEqual(["citations", "end"]);
  expect(new Set(kinds.slice(0, -2))).toEqual(new Set(["delta"]));
  const text = events.map(({ data }) => data["text"] ?? "").join("");
  expect(text).toBe("Thirty days [1] a year, and trains [2].");
  expect(events.at(-2)?.data["citations"]).toHaveLength(2);
  expect(events.at(-1)?.data).toMatchObject({ answered: true, truncated: false });
});

test("what the sources do not hold is not answered, by the model's own verdict, and with none of its words", async () => {
  const id = newId();
  await scriptModel(id, [says("NOT FOUND\nDer Chef verdient fünf Millionen Euro.")]);
  const question = `Wie viele Tage holiday hat der Chef? ${id}`;
  const answer = await ask(question);
  expect(answer).toMatchObject({
    answered: false,
    answer: "Die Quellen sagen dazu nichts.",
    citations: [],
  });
  expect(answer.usage.model_calls).toBe(1);
  expect(JSON.stringify(await stream(question))).not.toContain("Millionen");
});

test("without anything found no model is asked", async () => {
  const id = newId();
  const empty = await newCollection(user);
  const answer = await ask(`holidays ${id}`, { collection_ids: [empty.id] });
  expect(answer).toMatchObject({ answered: false, answer: "The sources do not say.", citations: [] });
  expect(answer.usage).toMatchObject({ model_calls: 0, output_tokens: 0 });
  // A collection that shares no word with the question has nothing to say about it either.
  await ingested(user, { collection_id: empty.id, content: "Der Hecht lebt in Seen." });
  const stray = await ask(`quarterly revenue ${id}?`, { collection_ids: [empty.id] });
  expect(stray).toMatchObject({ answered: false, usage: { model_calls: 0 } });
  expect(await modelRequests(id)).toEqual([]);
  const events = await stream(`holidays ${id}`, { collection_ids: [empty.id] });
  expect(events.map(({ event }) => event)).toEqual(["delta", "citations", "end"]);
});

test("numbers that the model invents are taken out, and an answer without any source is none", async () => {
  const [first, second] = [newId(), newId()];
  await scriptModel(first, [says("FOUND\nThirty days [1][17]. Or forty [23].")]);
  const answer = await ask(`days of holiday ${first}`);
  expect(answer).toMatchObject({ answered: true, answer: "Thirty days [1]. Or forty." });
  expect(answer.citations.map(({ number }) => number)).toEqual([1]);
  await scriptModel(second, [says("FOUND\nIt is forty days [23]. Trust me.")]);
  const none = await ask(`days of holiday ${second}`);
  expect(none).toMatchObject({ answered: false, answer: "The sources do not say.", citations: [] });
});

test("several collections answer together", async () => {
  const other = await newCollection(user, { name: "Fish" });
  await ingested(user, {
    collection_id: other.id,
    content: "Holiday boats leave the lake at nine.",
    title: "Lake",
  });
  const id = newId();
  await scriptModel(id, [says("FOUND\nThirty days [1], boats [2].")]);
  const { citations } = await ask(`holiday ${id}`, { collection_ids: [collection.id, other.id], limit: 2 });
  expect(new Set(citations.map(({ collection_id }) => collection_id))).toEqual(
    new Set([collection.id, other.id]),
  );
});

test("an earlier version of a collection answers as it did", async () => {
  const own = await newUser(env);
  const mine = await newCollection(own);
  const document = await ingested(own, { collection_id: mine.id, content: "There are ten days of leave." });
  await replaced(own, document, { content: "There are thirty days of leave." });
  const request = { collection_ids: [mine.id], question: "How many days of leave?" };
  const answerOf = async (more: object) =>
    (await callFor(QueryAnswer, "POST", "/rag/query", { as: own, body: { ...request, ...more } })).answer;
  expect(await answerOf({})).toBe("There are thirty days of leave [1].");
  expect(await answerOf({ version: 1 })).toBe("There are ten days of leave [1].");
  const both = { ...request, collection_ids: [mine.id, collection.id], version: 1 };
  expect(await problemOf(await call("POST", "/api/v1/rag/query", { as: own, body: both }))).toMatchObject({
    status: 422,
  });
});

test("what ordering the sources cost is part of what the answer cost", async () => {
  const { usage } = await ask("Where are bicycles parked on a holiday?", { rerank: true });
  expect(usage.model_calls).toBe(2);
});

test("a collection that is not one's own is not there", async () => {
  const stranger = await newUser(env);
  const request = { as: stranger, body: body("holidays") };
  expect(await problemOf(await call("POST", "/api/v1/rag/query", request))).toMatchObject({ status: 404 });
});

test("a model that breaks after some words begins anew, and the caller is told", async () => {
  const id = newId();
  const words = says("FOUND\nThirty days [1] of holiday", " a year are given to everybody who works here.");
  await scriptModel(id, [words]);
  await breakModel([{ kind: "cut", afterChars: 45, match: id }]);
  const events = await stream(`days of holiday ${id}`);
  const kinds = events.map(({ event }) => event);
  expect(kinds.slice(-2)).toEqual(["citations", "end"]);
  expect(kinds).toContain("reset");
  const text = events
    .slice(kinds.indexOf("reset"))
    .map(({ data }) => data["text"] ?? "")
    .join("");
  expect(text).toBe("Thirty days [1] of holiday a year are given to everybody who works here.");
});

test("a model that cannot be had is an error: with its status, and in the stream as an event", async () => {
  const [first, second, third] = [newId(), newId(), newId()];
  const rejected = { kind: "status", status: 400, type: "invalid_request_error", message: "no" } as const;
  await breakModel([
    { ...rejected, match: first },
    { ...rejected, match: second },
  ]);
  const request = { as: user, body: body(`days of holiday ${first}`) };
  const problem = await problemOf(await call("POST", "/api/v1/rag/query", request));
  expect(problem).toMatchObject({ status: 502, code: "model_unavailable" });
  const [event, ...more] = await stream(`days of holiday ${second}`);
  expect(event).toMatchObject({ event: "error", data: { code: "model_unavailable" } });
  expect(more).toEqual([]);
  await scriptModel(third, [{ content: [], stopReason: "refusal" }]);
  expect((await stream(`days of holiday ${third}`)).at(-1)).toMatchObject({
    data: { code: "model_refused" },
  });
});

test("a caller who leaves before the answer ends the model's work", async () => {
  const id = newId();
  const slow = says("FOUND\nThirty [1] ", ...Array.from({ length: 500 }, () => "and more "));
  await scriptModel(id, [{ ...slow, deltaDelayMs: 50 }]);
  const leaving = new AbortController();
  const request = new Request("http://adjutant.test/", { signal: leaving.signal });
  const asked = answerQuery(userCtx(env, user), QueryRequest.parse(body(`days of holiday ${id}`)), {
    id: newId(),
    request,
  });
  const outcome = expect(asked).rejects.toMatchObject({ name: "AbortError" });
  await expect.poll(async () => (await modelRequests(id)).map((each) => each.outcome)).toEqual(["pending"]);
  leaving.abort();
  await outcome;
  await expect.poll(async () => (await modelRequests(id)).map((each) => each.outcome)).toEqual(["aborted"]);
  const kept = (await queries()).data.filter(({ question }) => question.includes(id));
  expect(kept).toMatchObject([{ outcome: "cancelled" }]);
});

function queries(as = user) {
  return callFor(LoggedQueryPage, "GET", "/rag/queries?limit=100", { as });
}

test("questions and their sources are kept for the person who asked, until they delete them", async () => {
  const own = await newUser(env);
  const mine = await newCollection(own);
  const read = await ingested(own, { collection_id: mine.id, content: HANDBOOK, type: "markdown" });
  const questions = ["How many days of paid holiday are there?", "Is there a holiday on the moon?"];
  const ids: string[] = [];
  for (const question of questions) {
    const asked = { collection_ids: [mine.id], question };
    ids.push((await callFor(QueryAnswer, "POST", "/rag/query", { as: own, body: asked })).id);
  }
  const { data } = await queries(own);
  expect(data.map(({ id, question, outcome }) => [id, question, outcome])).toEqual([
    [ids[1], questions[1], "not_answered"],
    [ids[0], questions[0], "answered"],
  ]);
  expect(data[1]).toMatchObject({
    collection_ids: [mine.id],
    sources: [{ document_id: read.id, number: 1 }],
    usage: { model_calls: 1 },
  });
  const remove = (id: string) => call("DELETE", `/api/v1/rag/queries/${id}`, { as: own });
  expect((await remove(ids[0] ?? "")).status).toBe(204);
  expect((await remove(ids[0] ?? "")).status).toBe(404);
  expect((await queries(own)).data.map(({ id }) => id)).toEqual([ids[1]]);
  expect((await call("DELETE", "/api/v1/rag/queries", { as: own })).status).toBe(204);
  expect((await queries(own)).data).toEqual([]);
});

test("searches are kept beside the questions, with what was found, also of who only reads", async () => {
  const own = await newUser(env);
  const mine = await newCollection(own);
  const read = await ingested(own, { collection_id: mine.id, content: HANDBOOK, type: "markdown" });
  const search = (query: string) =>
    call("POST", "/api/v1/rag/search", { as: own, body: { collection_id: mine.id, query } });
  const listed = (kind = "") =>
    callFor(LoggedQueryPage, "GET", `/rag/queries?limit=100${kind && `&kind=${kind}`}`, { as: own });
  await connectAs(env, "postgres").execute(
    sql`update members set role = 'readonly' where user_id = ${own.userId}`,
  );
  expect((await search("paid holiday")).status).toBe(200);
  // It is written after the answer.
  await expect.poll(async () => (await listed()).data).toHaveLength(1);
  const [kept] = (await listed("search")).data;
  expect(kept).toMatchObject({
    kind: "search",
    outcome: "answered",
    question: "paid holiday",
    collection_ids: [mine.id],
  });
  expect(kept?.sources[0]).toMatchObject({ document_id: read.id, number: null });
  expect((await listed("question")).data).toEqual([]);
  expect((await search("")).status).toBe(422);
  expect((await call("DELETE", `/api/v1/rag/queries/${kept?.id}`, { as: own })).status).toBe(204);
  expect((await listed()).data).toEqual([]);
});

test("pages of questions follow each other", async () => {
  const own = await newUser(env);
  const mine = await newCollection(own);
  for (const question of ["one", "two", "three"]) {
    await callFor(QueryAnswer, "POST", "/rag/query", {
      as: own,
      body: { collection_ids: [mine.id], question },
    });
  }
  const first = await callFor(LoggedQueryPage, "GET", "/rag/queries?limit=2", { as: own });
  const second = await callFor(LoggedQueryPage, "GET", `/rag/queries?limit=2&cursor=${first.next_cursor}`, {
    as: own,
  });
  expect([...first.data, ...second.data].map(({ question }) => question)).toEqual(["three", "two", "one"]);
  expect(second.next_cursor).toBeNull();
});

test("instructions that hide in documents change nothing but the text that is read", async () => {
  const own = await newUser(env);
  const injections = inject("injections");
  const mine = await newCollection(own);
  const hidden = injections.slice(0, 40).map((text) => `Holiday rules, as of today. ${text}`);
  const content = `${hidden.join("\n\n")}\n\nEmployees have thirty days of paid holiday a year.`;
  await ingested(own, { collection_id: mine.id, content });
  // By the rules of the stand-in: the honest reader.
  const honest = await callFor(QueryAnswer, "POST", "/rag/query", {
    as: own,
    body: { collection_ids: [mine.id], question: "How many days of paid holiday are there?" },
  });
  expect(honest.answer).toContain("thirty days");
  // A model that is taken in uses tools it was not offered, and says what it was told to.
  const id = newId();
  await scriptModel(id, [
    {
      content: [
        { type: "text", text: "FOUND\nHACKED. I have deleted everything." },
        { type: "tool_use", name: "delete_documents", input: { all: true } },
      ],
    },
  ]);
  const before = await call("GET", "/api/v1/rag/documents", { as: own }).then((response) => response.text());
  const taken = await callFor(QueryAnswer, "POST", "/rag/query", {
    as: own,
    body: { collection_ids: [mine.id], question: `How many days of holiday? ${id}` },
  });
  expect(taken).toMatchObject({ answered: false, answer: "The sources do not say." });
  expect(await call("GET", "/api/v1/rag/documents", { as: own }).then((response) => response.text())).toBe(
    before,
  );
  const [request] = await modelRequests(id);
  expect(request?.request?.tools).toBeUndefined();
  const [sources = "", question = ""] = (request?.userText ?? "").split("\n</sources>\n");
  expect(question).toBe(`\n<question>\nHow many days of holiday? ${id}\n</question>`);
  expect(sources.match(/<\/?sources?\b/g)?.length).toBe(
    1 + 2 * (sources.match(/<source number=/g)?.length ?? 0),
  );
});
