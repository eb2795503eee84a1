/** Questions to documents over real connections: answered, and stopped when the person who asked leaves. */
import { afterAll, beforeAll, expect, it, vi } from "vitest";
import { LoggedQueryPage, QueryAnswer } from "../../src/features/knowledge/query-schema.ts";
import { Collection, Document } from "../../src/features/knowledge/schema.ts";
import { newId } from "../../src/lib/ids.ts";
import { eventsOf } from "../support/sse.ts";
import { startTestStack, type TestStack } from "../support/test-stack.ts";

const HANDBOOK = "Employees have thirty days of paid holiday a year. Bicycles are parked in the yard.";

let stack: TestStack;
let token: string;
let collectionId: string;

beforeAll(async () => {
  stack = await startTestStack();
  const account = { email: `${newId()}@example.com`, password: "correct horse battery staple" };
  token = ((await (await send("POST", "/auth/register", account)).json()) as { access_token: string })
    .access_token;
  const collection = Collection.parse(
    await (await send("POST", "/rag/collections", { name: "Handbooks" })).json(),
  );
  collectionId = collection.id;
  const sent = await send("POST", "/rag/documents", { collection_id: collectionId, content: HANDBOOK });
  const { id } = Document.parse(await sent.json());
  const status = async () => Document.parse(await (await send("GET", `/rag/documents/${id}`)).json()).status;
  await vi.waitUntil(async () => (await status()) === "ready", { timeout: 60_000, interval: 100 });
});
afterAll(() => stack?.close());

function send(method: string, path: string, body?: unknown, more: RequestInit = {}): Promise<Response> {
  return fetch(`${stack.apiUrl}/api/v1${path}`, {
    method,
    ...(body === undefined ? {} : { body: JSON.stringify(body) }),
    ...more,
    headers: {
      "content-type": "application/json",
      ...(token ? { authorization: `Bearer ${token}` } : {}),
      ...more.headers,
    },
  });
}

function ask(question: string, accept: string, signal?: AbortSignal): Promise<Response> {
  const more = { headers: { accept }, ...(signal ? { signal } : {}) };
  return send("POST", "/rag/query", { collection_ids: [collectionId], question }, more);
}

it("answers from a document, at once and as it is written", async () => {
  const question = "How many days of paid holiday are there?";
  const whole = QueryAnswer.parse(await (await ask(question, "application/json")).json());
  expect(whole.answer).toBe("Employees have thirty days of paid holiday a year [1].");
  const events = eventsOf(await (await ask(question, "text/event-stream")).text());
  expect(events.map(({ data }) => data["text"] ?? "").join("")).toBe(whole.answer);
  expect(events.at(-1)?.event).toBe("end");
});

it("ends the model's work when the caller leaves, and keeps the question as cancelled", async () => {
  const word = newId();
  const chunks = ["FOUND\nThirty days [1] ", ...Array.from({ length: 2_000 }, () => "and so on ")];
  stack.model.loadScript({
    match: word,
    exchanges: [{ reply: { content: [{ type: "text", chunks }], deltaDelayMs: 50 } }],
  });
  const leaving = new AbortController();
  const asked = await ask(`How many days of holiday? ${word}`, "text/event-stream", leaving.signal);
  await asked.body?.getReader().read();
  const outcomes = () => stack.model.requests(word).map(({ outcome }) => outcome);
  expect(outcomes()).toEqual(["pending"]);
  leaving.abort();
  await expect.poll(outcomes, { timeout: 20_000 }).toEqual(["aborted"]);
  const kept = async () => {
    const { data } = LoggedQueryPage.parse(await (await send("GET", "/rag/queries")).json());
    return data.filter(({ question }) => question.includes(word)).map(({ outcome }) => outcome);
  };
  await expect.poll(kept, { timeout: 20_000 }).toEqual(["cancelled"]);
});
