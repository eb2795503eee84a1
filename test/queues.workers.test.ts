import { createExecutionContext, createMessageBatch, getQueueResult } from "cloudflare:test";
import { env } from "cloudflare:workers";
import { beforeAll, expect, test, vi } from "vitest";
import type { Document } from "../src/features/knowledge/schema.ts";
import { readEnv } from "../src/platform/env.ts";
import { handleBatch } from "../src/queues.ts";
import { documentOf, ingested, messageFor, newCollection, sendDocument } from "./support/knowledge.ts";
import { newUser, type TestUser } from "./support/users.ts";

const QUEUE = "adjutant-ingest-dev";
const DEAD_LETTERS = "adjutant-ingest-dead-dev";

let user: TestUser;
let collection: { id: string };

beforeAll(async () => {
  user = await newUser(env);
  collection = await newCollection(user);
});

/** As the platform would hand them over; answers the places of those that are done and of those that are to come again. */
async function handle(queue: string, bodies: unknown[]): Promise<{ done: number[]; again: number[] }> {
  const messages = bodies.map((body, index) => ({
    id: String(index),
    timestamp: new Date(),
    attempts: 1,
    body,
  }));
  const batch = createMessageBatch<unknown>(queue, messages);
  await handleBatch(batch, env);
  const { explicitAcks, retryMessages } = await getQueueResult(batch, createExecutionContext());
  return { done: explicitAcks.map(Number), again: retryMessages.map(({ msgId }) => Number(msgId)) };
}

const send = (content = "The otters were counted.") =>
  sendDocument(user, { collection_id: collection.id, content });

/** Each attempt to read it fails for a reason that is not the document's. */
async function poison(document: Document): Promise<void> {
  const { objects } = readEnv(env);
  const { objects: list } = await objects.list({ prefix: `knowledge/${user.tenantId}/${document.id}` });
  expect(list).not.toEqual([]);
  for (const { key } of list) await objects.put(key, "nobody sealed this");
}

test("a message that no handler knows is tried again, and never taken for done", async () => {
  const settled = await handle(QUEUE, [{ kind: "nobody.knows" }, "not even an object"]);
  expect(settled).toEqual({ done: [], again: [0, 1] });
});

test("a document that cannot be processed holds no other up", async () => {
  const documents = [await send(), await send(), await send()];
  await poison(documents[1]!);
  const settled = await handle(
    QUEUE,
    documents.map((document) => messageFor(user, document)),
  );
  expect(settled).toEqual({ done: [0, 2], again: [1] });
  const states = await Promise.all(documents.map((document) => documentOf(user, document)));
  expect(states.map(({ status }) => status)).toEqual(["ready", "parsing", "ready"]);
});

test("what was tried in vain has failed, with a reason for its owner, and can be tried again", async () => {
  const document = await send();
  await poison(document);
  const message = messageFor(user, document);
  expect(await handle(QUEUE, [message])).toEqual({ done: [], again: [0] });
  expect(await handle(DEAD_LETTERS, [message])).toEqual({ done: [0], again: [] });
  const failed = await documentOf(user, document);
  expect(failed).toMatchObject({ status: "failed", chunks: 0 });
  expect(failed.reason).toContain("tried several times");
});

test("what was given up too late stays as it is", async () => {
  const document = await ingested(user, { collection_id: collection.id, content: "The herons, too." });
  expect(await handle(DEAD_LETTERS, [messageFor(user, document)])).toEqual({ done: [0], again: [] });
  expect(await documentOf(user, document)).toEqual(document);
});

test("a message that nobody knows is given up with a line in the log, and without its words", async () => {
  const error = vi.spyOn(console, "error").mockImplementation(() => {});
  const settled = await handle(DEAD_LETTERS, [{ kind: "nobody.knows" }, "not even an object"]);
  expect(settled).toEqual({ done: [0, 1], again: [] });
  const lines = error.mock.calls.map(([line]) => String(line));
  error.mockRestore();
  expect(lines.filter((line) => line.includes('"event":"message.given_up"'))).toHaveLength(2);
  expect(lines.join("\n")).not.toMatch(/nobody\.knows|not even/);
});
