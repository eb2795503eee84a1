/** Collections and documents of people in tests. */
import { createExecutionContext, createMessageBatch, getQueueResult } from "cloudflare:test";
import { env } from "cloudflare:workers";
import {
  Collection,
  Document,
  type IngestMessage,
  SearchAnswer,
  type SearchHit,
} from "../../src/features/knowledge/schema.ts";
import { handleBatch } from "../../src/queues.ts";
import { callFor } from "./api.ts";
import type { TestUser } from "./users.ts";

export function newCollection(user: TestUser, body: Record<string, unknown> = {}): Promise<Collection> {
  return callFor(Collection, "POST", "/rag/collections", { as: user, body: { name: "Handbooks", ...body } });
}

export function sendDocument(
  user: TestUser,
  body: {
    collection_id: string;
    content: string;
    encoding?: string;
    title?: string;
    type?: string;
    metadata?: Record<string, unknown>;
  },
): Promise<Document> {
  return callFor(Document, "POST", "/rag/documents", { as: user, body });
}

export function documentOf(user: TestUser, { id }: { id: string }): Promise<Document> {
  return callFor(Document, "GET", `/rag/documents/${id}`, { as: user });
}

export function messageFor(user: TestUser, { id, version }: Document): IngestMessage {
  return {
    kind: "document.ingest",
    tenant_id: user.tenantId,
    user_id: user.userId,
    document_id: id,
    version,
  };
}

/** Hands the queue's consumer one message, as the platform does, and answers whether it was acknowledged. */
export async function deliver(body: unknown, attempts = 1): Promise<boolean> {
  const batch = createMessageBatch<unknown>("adjutant-ingest-dev", [
    { id: "1", timestamp: new Date(), attempts, body },
  ]);
  await handleBatch(batch, env);
  return (await getQueueResult(batch, createExecutionContext())).explicitAcks.length === 1;
}

/** A document that was sent and has been read. Beside the tests no consumer runs: messages come when they are delivered. */
export async function ingested(user: TestUser, body: Parameters<typeof sendDocument>[1]): Promise<Document> {
  const sent = await sendDocument(user, body);
  await deliver(messageFor(user, sent));
  return documentOf(user, sent);
}

/** The document with other content, which has been read. */
export async function replaced(
  user: TestUser,
  { id }: { id: string },
  body: { content: string; title?: string; type?: string },
): Promise<Document> {
  const sent = await callFor(Document, "PUT", `/rag/documents/${id}`, { as: user, body });
  await deliver(messageFor(user, sent));
  return documentOf(user, sent);
}

/** What is found, best first. */
export async function found(
  user: TestUser,
  { id }: { id: string },
  query: string,
  more: Record<string, unknown> = {},
): Promise<SearchHit[]> {
  const body = { collection_id: id, query, diversity: 0, limit: 50, ...more };
  return (await callFor(SearchAnswer, "POST", "/rag/search", { as: user, body })).data;
}
