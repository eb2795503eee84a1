import { env } from "cloudflare:workers";
import { type SQL, sql } from "drizzle-orm";
import { beforeAll, expect, test } from "vitest";
import { objectName } from "../../../src/features/knowledge/erasure.ts";
import { CreatedDocuments, Document, DocumentPage } from "../../../src/features/knowledge/schema.ts";
import { sweepDocuments } from "../../../src/features/knowledge/service.ts";
import { newId } from "../../../src/lib/ids.ts";
import { readEnv } from "../../../src/platform/env.ts";
import { openSchedulerDatabase } from "../../../src/platform/scheduler-db.ts";
import { call, callFor, problemOf } from "../../support/api.ts";
import { connectAs } from "../../support/database.ts";
import {
  deliver,
  documentOf,
  ingested,
  messageFor,
  newCollection,
  sendDocument,
} from "../../support/knowledge.ts";
import { EACH_POSTING } from "../../support/postings.ts";
import { newUser, type TestUser } from "../../support/users.ts";

const admin = () => connectAs(env, "postgres");
const TEXT = Array.from(
  { length: 40 },
  (_, day) => `On day ${day} the otters of the lake were counted.`,
).join("\n\n");

let user: TestUser;
let collection: { id: string };

beforeAll(async () => {
  user = await newUser(env);
  collection = await newCollection(user, { settings: { chunk_tokens: 64, overlap_tokens: 8 } });
});

const send = (content = TEXT) => sendDocument(user, { collection_id: collection.id, content });

async function madeOf(documentId: string) {
  const { rows } = await admin().execute<{ chunks: number; postings: number; vectors: number }>(sql`
    select count(distinct c.id)::integer as chunks, count(distinct (p.token, p.chunk))::integer as postings,
      count(distinct v.chunk_id)::integer as vectors
    from chunks c left join ${sql.raw(EACH_POSTING)} p on p.chunk = c.number left join chunk_vectors v on v.chunk_id = c.id
    where c.document_id = ${documentId}`);
  return rows[0];
}

function objectOf({ id }: { id: string }) {
  return readEnv(env).objects.get(objectName(user.tenantId, id, id));
}

test("a document is accepted at once, with where to ask for its state, and then read", async () => {
  const response = await call("POST", "/api/v1/rag/documents", {
    as: user,
    body: { collection_id: collection.id, content: `# Otters\n\n${TEXT}`, type: "markdown" },
  });
  expect(response.status).toBe(202);
  const sent = Document.parse(await response.json());
  await deliver(messageFor(user, sent));
  const state = Document.parse(await (await call("GET", sent.status_url, { as: user })).json());
  expect(state).toMatchObject({ status: "ready", progress: 1, title: "Otters", reason: null });
  expect(await madeOf(sent.id)).toMatchObject({ chunks: state.chunks, vectors: state.chunks });
  expect(state.chunks).toBeGreaterThan(3);
});

test("the terms that a document counts are those of its chunks, however many are made at once", async () => {
  const paragraphs = Array.from(
    { length: 1_200 },
    (_, day) => `Day ${day}: ${day % 90} otters and ${day % 70} herons.`,
  );
  const document = await ingested(user, { collection_id: collection.id, content: paragraphs.join("\n\n") });
  expect(document.chunks).toBeGreaterThan(150);
  const { rows } = await admin().execute<{ counted: number; made: number }>(sql`
    select d.terms as counted, (select sum(length)::integer from (select distinct p.chunk, p.length from ${sql.raw(EACH_POSTING)} p
      join chunks c on c.number = p.chunk where c.document_id = d.id) as lengths) as made
    from documents d where d.id = ${document.id}`);
  expect(rows[0]?.counted).toBe(rows[0]?.made);
});

test("a message that comes again, or for an earlier version, changes nothing", async () => {
  const sent = await send();
  expect(await deliver(messageFor(user, sent))).toBe(true);
  const once = await madeOf(sent.id);
  expect(await deliver(messageFor(user, sent))).toBe(true);
  expect(await deliver({ ...messageFor(user, sent), version: 9 })).toBe(true);
  expect(await madeOf(sent.id)).toEqual(once);
  expect(once?.postings).toBeGreaterThan(0);
});

test("two consumers that read the same document make each chunk once", async () => {
  const sent = await send();
  await Promise.all([deliver(messageFor(user, sent)), deliver(messageFor(user, sent))]);
  const { chunks, status } = await documentOf(user, sent);
  expect(status).toBe("ready");
  expect(await madeOf(sent.id)).toMatchObject({ chunks, vectors: chunks });
});

test("what was left half done by a process that died is taken up, and is as if nothing had happened", async () => {
  const undisturbed = await ingested(user, { collection_id: collection.id, content: TEXT });
  const other = await ingested(user, { collection_id: collection.id, content: TEXT });
  const whole = await madeOf(undisturbed.id);
  const places = (which: SQL) => sql`
    select chunk from chunk_places where document_id = ${other.id} and ${which}`;
  await admin().execute(sql`delete from chunks where number in (${places(sql`ordinal % 2 = 0`)})`);
  await admin().execute(sql`
    delete from chunk_vectors where chunk_id in (
      select id from chunks where number in (${places(sql`ordinal = 1`)}))`);
  await admin().execute(sql`update chunks set embedder = null where number in (${places(sql`ordinal = 1`)})`);
  await admin().execute(sql`update documents set status = 'embedding' where id = ${other.id}`);
  await deliver(messageFor(user, other));
  expect(await madeOf(other.id)).toEqual(whole);
});

test("what cannot be read fails with a reason for a person, and can be tried again", async () => {
  const sent = await send(" \n ");
  expect(await deliver(messageFor(user, sent))).toBe(true);
  const failed = await documentOf(user, sent);
  expect(failed).toMatchObject({ status: "failed", chunks: 0 });
  expect(failed.reason).toMatch(/no text|empty/);
  const again = await callFor(Document, "POST", `/rag/documents/${sent.id}/retry`, { as: user });
  expect(again).toMatchObject({ version: 2, reason: null });
  await deliver(messageFor(user, again));
  expect(await documentOf(user, sent)).toMatchObject({ status: "failed", version: 2 });
});

test("a document that has not failed cannot be tried again", async () => {
  const ready = await ingested(user, { collection_id: collection.id, content: TEXT });
  const refused = await call("POST", `/api/v1/rag/documents/${ready.id}/retry`, { as: user });
  expect(await problemOf(refused)).toMatchObject({ status: 409, code: "conflict" });
});

test("an upload that was interrupted says so", async () => {
  const sent = await send();
  await admin().execute(sql`update documents set status = 'parsing' where id = ${sent.id}`);
  await readEnv(env).objects.delete(objectName(user.tenantId, sent.id, sent.id));
  await deliver(messageFor(user, sent));
  expect((await documentOf(user, sent)).reason).toContain("interrupted");
});

test("after too many attempts a document fails instead of being tried for ever", async () => {
  const sent = await send();
  await admin().execute(sql`update documents set status = 'queued', attempts = 6 where id = ${sent.id}`);
  expect(await deliver(messageFor(user, sent), 6)).toBe(true);
  const failed = await documentOf(user, sent);
  expect(failed).toMatchObject({ status: "failed" });
  expect(failed.reason).toContain("tried several times");
  expect(await madeOf(sent.id)).toMatchObject({ chunks: 0, vectors: 0 });
});

test("the schedule queues what was accepted and never queued, and leaves alone what is under way", async () => {
  const [lost, busy] = [await send(), await send()];
  await admin().execute(sql`
    update documents set status = 'queued', due_at = now() - interval '1 minute' where id = ${lost.id}`);
  await admin().execute(sql`
    update documents set status = 'parsing', due_at = now() + interval '1 minute' where id = ${busy.id}`);
  const queued: unknown[] = [];
  await sweepDocuments(openSchedulerDatabase(readEnv(env).config.database), {
    sendBatch: async (messages) => queued.push(...messages.map(({ body }) => body)),
  });
  expect(queued).toContainEqual(messageFor(user, lost));
  expect(queued).not.toContainEqual(messageFor(user, busy));
});

test("a deleted document is gone with its bytes, chunks and vectors before the answer", async () => {
  const ready = await ingested(user, { collection_id: collection.id, content: TEXT });
  expect(await objectOf(ready)).not.toBeNull();
  expect((await call("DELETE", `/api/v1/rag/documents/${ready.id}`, { as: user })).status).toBe(204);
  expect(await objectOf(ready)).toBeNull();
  expect(await madeOf(ready.id)).toMatchObject({ chunks: 0, postings: 0, vectors: 0 });
  const { rows } = await admin().execute(sql`select id from documents where id = ${ready.id}`);
  expect(rows).toEqual([]);
  expect((await call("GET", `/api/v1/rag/documents/${ready.id}`, { as: user })).status).toBe(404);
});

test("a deletion that was interrupted is finished by the queue", async () => {
  const ready = await ingested(user, { collection_id: collection.id, content: TEXT });
  await admin().execute(sql`update documents set deleted_at = now(), due_at = now() where id = ${ready.id}`);
  await deliver(messageFor(user, ready));
  expect(await objectOf(ready)).toBeNull();
  const { rows } = await admin().execute(sql`select id from documents where id = ${ready.id}`);
  expect(rows).toEqual([]);
});

test("documents of a deleted collection go with their bytes when it is due, and not before", async () => {
  const own = await newCollection(user);
  const ready = await ingested(user, { collection_id: own.id, content: TEXT });
  await call("DELETE", `/api/v1/rag/collections/${own.id}`, { as: user });
  expect((await call("GET", `/api/v1/rag/documents/${ready.id}`, { as: user })).status).toBe(404);
  await deliver(messageFor(user, ready));
  expect(await objectOf(ready)).not.toBeNull();
  await admin().execute(
    sql`update collections set deleted_at = now() - interval '30 days 1 minute' where id = ${own.id}`,
  );
  await deliver(messageFor(user, ready));
  expect(await objectOf(ready)).toBeNull();
});

test("a collection is not erased before its documents, and is after them", async () => {
  const own = await newCollection(user);
  const ready = await ingested(user, { collection_id: own.id, content: TEXT });
  await call("DELETE", `/api/v1/rag/collections/${own.id}`, { as: user });
  await admin().execute(
    sql`update collections set deleted_at = now() - interval '31 days 1 minute' where id = ${own.id}`,
  );
  await admin().execute(sql`update documents set due_at = now() - interval '1 day' where id = ${ready.id}`);
  const left = async () =>
    (await admin().execute(sql`select id from collections where id = ${own.id}`)).rows.length;
  const sweep = async () => {
    const batches: unknown[][] = [];
    await sweepDocuments(openSchedulerDatabase(readEnv(env).config.database), {
      sendBatch: async (messages) => batches.push(messages.map(({ body }) => body)),
    });
    return batches;
  };
  expect((await sweep()).flat()).toContainEqual(messageFor(user, ready));
  expect(await left()).toBe(1);
  await deliver(messageFor(user, ready));
  expect(await objectOf(ready)).toBeNull();
  await sweep();
  expect(await left()).toBe(0);
});

test("a batch is accepted whole", async () => {
  const own = await newCollection(user);
  const documents = ["One fish.", "Two fish."].map((content) => ({ content }));
  const made = await callFor(CreatedDocuments, "POST", "/rag/documents/batch", {
    as: user,
    body: { collection_id: own.id, documents },
  });
  const list = await callFor(DocumentPage, "GET", `/rag/documents?collection_id=${own.id}`, { as: user });
  expect(list.data.map(({ id }) => id).sort()).toEqual(made.data.map(({ id }) => id).sort());
  expect(list.data).toHaveLength(2);
});

test("bytes are sent as base64, and what is no base64 is refused", async () => {
  const csv = new TextEncoder().encode("animal;seen\notter;4\nheron;2\n");
  const common = { collection_id: collection.id, encoding: "base64", type: "csv" };
  const ready = await ingested(user, { ...common, content: Buffer.from(csv).toString("base64") });
  expect(ready).toMatchObject({ status: "ready", type: "csv", size: csv.length });
  const refused = await call("POST", "/api/v1/rag/documents", {
    as: user,
    body: { ...common, content: "otter!" },
  });
  expect(await problemOf(refused)).toMatchObject({ status: 422, errors: [{ path: "body.content" }] });
});

test("a document cannot be put into a collection that is not there, and leaves nothing behind", async () => {
  const body = { collection_id: newId(), content: "Nobody's." };
  const refused = await call("POST", "/api/v1/rag/documents", { as: user, body });
  expect(await problemOf(refused)).toMatchObject({ status: 404, code: "not_found" });
});
