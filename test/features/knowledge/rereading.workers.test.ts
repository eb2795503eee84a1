/** Documents that are read again from the bytes that are there, and what one sees of a collection and its documents. */
import { env } from "cloudflare:workers";
import { beforeAll, expect, test } from "vitest";
import {
  Collection,
  CollectionStatistics,
  Document,
  DocumentPage,
  DocumentVersionPage,
  Reindexing,
} from "../../../src/features/knowledge/schema.ts";
import { call, callFor, problemOf } from "../../support/api.ts";
import { newColleague } from "../../support/intruders.ts";
import {
  deliver,
  documentOf,
  found,
  ingested,
  messageFor,
  newCollection,
  sendDocument,
} from "../../support/knowledge.ts";
import { newUser, type TestUser } from "../../support/users.ts";

let user: TestUser;

beforeAll(async () => {
  user = await newUser(env);
});

function rename({ id }: { id: string }, title: string, as = user): Promise<Document> {
  return callFor(Document, "PATCH", `/rag/documents/${id}`, { as, body: { title } });
}

async function read(document: Document): Promise<Document> {
  await deliver(messageFor(user, document));
  return documentOf(user, document);
}

function versionsOf({ id }: { id: string }) {
  return callFor(DocumentVersionPage, "GET", `/rag/documents/${id}/versions`, { as: user });
}

function statisticsOf({ id }: { id: string }, as = user) {
  return callFor(CollectionStatistics, "GET", `/rag/collections/${id}/statistics`, { as });
}

test("a document is found by its new title once it has been read again, and by the old one until then", async () => {
  const collection = await newCollection(user);
  const content = "Otters were counted by the lake.";
  const before = await ingested(user, { collection_id: collection.id, title: "Census", content });
  const renamed = await rename(before, "Zensus");
  expect(renamed).toMatchObject({ title: "Zensus", status: "queued" });
  const ids = async (query: string) => (await found(user, collection, query)).map((hit) => hit.document);
  expect(await ids("census")).toEqual([{ id: before.id, title: "Census" }]);
  expect(await read(renamed)).toMatchObject({
    title: "Zensus",
    status: "ready",
    chunks: 1,
    size: content.length,
  });
  expect(await ids("zensus")).toEqual([{ id: before.id, title: "Zensus" }]);
  // By likeness it may still be found: by the word it is not.
  expect((await found(user, collection, "census"))[0]?.score ?? 0).toBeLessThan(0.5);
  expect((await versionsOf(before)).data.map(({ number, title }) => [number, title])).toEqual([
    [2, "Zensus"],
    [1, "Census"],
  ]);
  const [earlier] = await found(user, collection, "census", { version: 1 });
  expect(earlier?.document).toEqual({ id: before.id, title: "Census" });
  // The bytes came along: it can be renamed once more.
  const again = await read(await rename(before, "Recensement"));
  expect(again).toMatchObject({ status: "ready", chunks: 1 });
  expect(await ids("recensement")).toHaveLength(1);
});

test("nothing is read again under the title it has, for metadata alone, or before it was read at all", async () => {
  const collection = await newCollection(user);
  const ready = await ingested(user, { collection_id: collection.id, title: "Census", content: "Otters." });
  expect(await rename(ready, "Census")).toEqual(ready);
  const metadata = await callFor(Document, "PATCH", `/rag/documents/${ready.id}`, {
    as: user,
    body: { metadata: { year: 2026 } },
  });
  expect(metadata).toMatchObject({ status: "ready", version: ready.version + 1 });
  const sent = await sendDocument(user, { collection_id: collection.id, title: "Late", content: "Herons." });
  const renamed = await rename(sent, "Later");
  expect(await rename(sent, "Later")).toEqual(renamed);
  expect(await read(renamed)).toMatchObject({ title: "Later", status: "ready" });
  expect((await versionsOf(sent)).data).toHaveLength(1);
});

test("what was sent before keeps its title, whatever is renamed later, or not after all", async () => {
  const collection = await newCollection(user);
  const content = "Otters were counted by the lake.";
  const before = await ingested(user, { collection_id: collection.id, title: "Census", content });
  const titles = async () => (await versionsOf(before)).data.map(({ title }) => title);
  const title = async () => (await documentOf(user, before)).title;
  await callFor(Document, "PUT", `/rag/documents/${before.id}`, {
    as: user,
    body: { title: "Count", content: "Herons were counted too." },
  });
  // Of the upload that is on its way.
  expect(await rename(before, "Zensus")).toMatchObject({ title: "Zensus", status: "queued" });
  expect(await titles()).toEqual(["Zensus", "Census"]);
  await callFor(Document, "POST", `/rag/documents/${before.id}/cancel`, { as: user });
  expect(await title()).toBe("Census");
  const renamed = await read(await rename(before, "Recensement"));
  expect(await titles()).toEqual(["Recensement", "Census"]);
  const path = `/rag/collections/${collection.id}/restore`;
  await callFor(Collection, "POST", path, { as: user, body: { version: 1 } });
  expect(await title()).toBe("Census");
  expect(await rename(renamed, "Census")).toMatchObject({ title: "Census", version: renamed.version });
  await read(await rename(before, "Volkszählung"));
  expect(await titles()).toEqual(["Volkszählung", "Recensement", "Census"]);
});

test("a collection is read again with its new settings, by its owner, and each document once", async () => {
  const collection = await newCollection(user);
  const content = Array.from({ length: 60 }, (_, at) => `Paragraph ${at} tells of otters.\n\n`).join("");
  const [first, second] = [
    await ingested(user, { collection_id: collection.id, content }),
    await ingested(user, { collection_id: collection.id, content: "Herons." }),
  ];
  const reindex = async (as = user) =>
    callFor(Reindexing, "POST", `/rag/collections/${collection.id}/reindex`, { as });
  expect(await reindex()).toEqual({ documents: 0 });
  const settings = { chunk_tokens: 64, overlap_tokens: 0 };
  await callFor(CollectionStatistics.partial(), "PATCH", `/rag/collections/${collection.id}`, {
    as: user,
    body: { name: "Handbooks", settings },
  });
  expect(await statisticsOf(collection)).toMatchObject({ outdated: 2, documents: { ready: 2 } });
  const colleague = await newColleague(user);
  const share = { kind: "collection", resource_id: collection.id, user_id: colleague.userId, right: "write" };
  expect((await call("POST", "/api/v1/shares", { as: user, body: share })).status).toBe(201);
  const refused = await call("POST", `/api/v1/rag/collections/${collection.id}/reindex`, { as: colleague });
  expect(await problemOf(refused)).toMatchObject({ status: 403 });
  expect(await reindex()).toEqual({ documents: 2 });
  expect(await reindex()).toEqual({ documents: 0 });
  expect((await found(user, collection, "herons"))[0]?.document.id).toBe(second.id);
  const read1 = await read(await documentOf(user, first));
  await read(await documentOf(user, second));
  expect(read1.chunks).toBeGreaterThan(first.chunks);
  expect(await statisticsOf(collection)).toEqual({
    documents: { queued: 0, parsing: 0, embedding: 0, ready: 2, failed: 0, cancelled: 0 },
    chunks: read1.chunks + 1,
    bytes: content.length + "Herons.".length,
    // Of the second nothing differs: it takes the place of what it was.
    bytes_kept: 2 * content.length + "Herons.".length,
    outdated: 0,
  });
  // Who only reads is told nothing of earlier versions.
  const reader = await newColleague(user);
  await call("POST", "/api/v1/shares", {
    as: user,
    body: { ...share, user_id: reader.userId, right: "read" },
  });
  const { bytes, bytes_kept } = await statisticsOf(collection, reader);
  expect(bytes_kept).toBe(bytes);
});

test("documents are listed by their state, and counted by it", async () => {
  const collection = await newCollection(user);
  const common = { collection_id: collection.id };
  const broken = await ingested(user, { ...common, content: "\u0000\u0001\u0002\u0003\u0004\u0005" });
  const waiting = await sendDocument(user, { ...common, content: "Otters." });
  const listed = async (status: string) => {
    const path = `/rag/documents?collection_id=${collection.id}&status=${status}`;
    return (await callFor(DocumentPage, "GET", path, { as: user })).data.map(({ id }) => id);
  };
  expect(await listed("failed")).toEqual([broken.id]);
  expect(await listed("queued")).toEqual([waiting.id]);
  expect(await listed("ready")).toEqual([]);
  expect(await statisticsOf(collection)).toMatchObject({
    documents: { queued: 1, failed: 1 },
    chunks: 0,
    bytes: 0,
  });
});
