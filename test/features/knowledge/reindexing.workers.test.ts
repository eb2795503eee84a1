/** A collection that is read again with new settings: one version, whatever comes in between, and none for nothing. */
import { env } from "cloudflare:workers";
import { sql } from "drizzle-orm";
import { afterEach, beforeAll, expect, test } from "vitest";
import {
  Collection,
  CollectionStatistics,
  CollectionVersionPage,
  Document,
  DocumentPage,
  DocumentVersionPage,
  Reindexing,
} from "../../../src/features/knowledge/schema.ts";
import { call, callFor } from "../../support/api.ts";
import { connectAs } from "../../support/database.ts";
import {
  deliver,
  documentOf,
  found,
  ingested,
  messageFor,
  newCollection,
  replaced,
} from "../../support/knowledge.ts";
import { indexMistakes, NO_MISTAKES } from "../../support/postings.ts";
import { newUser, type TestUser } from "../../support/users.ts";

const SMALL = { chunk_tokens: 64, overlap_tokens: 0 };
const LARGE = { chunk_tokens: 400, overlap_tokens: 0 };
const longText = (animal: string) =>
  Array.from({ length: 12 }, (_, month) => `In month ${month} the ${animal} was counted by the lake.`).join(
    "\n\n",
  );

let user: TestUser;

beforeAll(async () => {
  user = await newUser(env);
});

afterEach(async () => {
  const { rows } = await connectAs(env, "postgres").execute(
    sql.raw(indexMistakes(`user_id = '${user.userId}'`)),
  );
  expect(rows).toEqual([NO_MISTAKES]);
});

/** A collection of long texts, one a document, and what is sent to read them all again in smaller chunks. */
async function outdated(animals: readonly string[], more: Record<string, unknown> = {}) {
  const collection = await newCollection(user, { settings: LARGE, ...more });
  const documents: Document[] = [];
  for (const animal of animals) {
    documents.push(await ingested(user, { collection_id: collection.id, content: longText(animal) }));
  }
  await callFor(Collection, "PATCH", `/rag/collections/${collection.id}`, {
    as: user,
    body: { settings: SMALL },
  });
  return { collection, documents };
}

async function reindex({ id }: { id: string }): Promise<Document[]> {
  await callFor(Reindexing, "POST", `/rag/collections/${id}/reindex`, { as: user });
  const path = `/rag/documents?collection_id=${id}&status=queued`;
  return (await callFor(DocumentPage, "GET", path, { as: user })).data.toReversed();
}

const read = (document: Document) => deliver(messageFor(user, document));

async function versionsOf({ id }: { id: string }) {
  return (
    await callFor(CollectionVersionPage, "GET", `/rag/collections/${id}/versions`, { as: user })
  ).data.map(({ number, cause, document_id }) => ({ number, cause, document_id }));
}

async function uploadsOf({ id }: { id: string }) {
  const path = `/rag/documents/${id}/versions`;
  return (await callFor(DocumentVersionPage, "GET", path, { as: user })).data;
}

function restore({ id }: { id: string }, version: number): Promise<Collection> {
  return callFor(Collection, "POST", `/rag/collections/${id}/restore`, { as: user, body: { version } });
}

/** Into how many chunks each version cuts what it has of this animal. */
async function chunksIn(collection: Collection, animal: string, versions: readonly number[]) {
  const each = versions.map(async (version) => {
    const hits = await found(user, collection, animal, { version });
    return hits.filter(({ text }) => text.includes(animal)).length;
  });
  return Promise.all(each);
}

test("a collection that is read again is one version, and the one before it stays what it was", async () => {
  const { collection, documents } = await outdated(["otter", "heron", "badger"], { versions_kept: 4 });
  const [otter] = documents;
  const queued = await reindex(collection);
  expect(queued).toHaveLength(3);
  for (const document of queued) {
    await read(document);
    // Delivered twice, it does nothing twice.
    await read(document);
  }
  expect(await versionsOf(collection)).toEqual([
    { number: 4, cause: "reindexed", document_id: null },
    { number: 3, cause: "document_added", document_id: documents[2]?.id },
    { number: 2, cause: "document_added", document_id: documents[1]?.id },
    { number: 1, cause: "document_added", document_id: otter?.id },
  ]);
  const [before, after] = await chunksIn(collection, "otter", [3, 4]);
  expect(before).toBe(otter?.chunks);
  expect(after).toBeGreaterThan(before ?? Infinity);
  expect((await uploadsOf(otter!)).map(({ number, visible_in }) => ({ number, visible_in }))).toEqual([
    { number: 2, visible_in: [{ from: 4, to: null }] },
    { number: 1, visible_in: [{ from: 1, to: 3 }] },
  ]);
  expect(await restore(collection, 3)).toMatchObject({ content_version: 5 });
  for (const document of documents) expect((await documentOf(user, document)).chunks).toBe(document.chunks);
});

test("what is cut into the same chunks makes no version, and counts as read with the new settings", async () => {
  const collection = await newCollection(user, { settings: LARGE });
  const document = await ingested(user, { collection_id: collection.id, content: "Otters by the lake." });
  const [upload] = await uploadsOf(document);
  await callFor(Collection, "PATCH", `/rag/collections/${collection.id}`, {
    as: user,
    body: { settings: SMALL },
  });
  for (const queued of await reindex(collection)) await read(queued);
  expect(await documentOf(user, document)).toMatchObject({ status: "ready", chunks: 1 });
  expect(await versionsOf(collection)).toEqual([
    { number: 1, cause: "document_added", document_id: document.id },
  ]);
  expect(await uploadsOf(document)).toEqual([{ ...upload, number: 2 }]);
  const path = `/rag/collections/${collection.id}/statistics`;
  expect(await callFor(CollectionStatistics, "GET", path, { as: user })).toMatchObject({
    outdated: 0,
    bytes_kept: document.size,
  });
  expect(await found(user, collection, "otters", { version: 1 })).toHaveLength(1);
});

test("what is sent, cancelled or fails meanwhile leaves the rest one version", async () => {
  const animals = ["otter", "heron", "badger", "marten", "lynx"];
  const { collection, documents } = await outdated(animals);
  const [otter, heron, badger, marten, lynx] = await reindex(collection);
  await read(otter!);
  const late = await ingested(user, { collection_id: collection.id, content: longText("kestrel") });
  const sent = await replaced(user, heron!, { content: longText("beaver") });
  await read(heron!);
  await call("POST", `/api/v1/rag/documents/${badger!.id}/cancel`, { as: user });
  await read(badger!);
  // As often as the queue tries.
  await connectAs(env, "postgres").execute(sql`update documents set attempts = 6 where id = ${marten!.id}`);
  await read(marten!);
  await read(lynx!);
  expect(await versionsOf(collection)).toMatchObject([
    { number: 8, cause: "document_replaced", document_id: sent.id },
    { number: 7, cause: "document_added", document_id: late.id },
    { number: 6, cause: "reindexed" },
    { number: 5, cause: "document_added" },
    { number: 4 },
    { number: 3 },
    { number: 2 },
    { number: 1 },
  ]);
  // No version has one half read with these settings, and one with those.
  expect(new Set(await chunksIn(collection, "otter", [6, 7, 8])).size).toBe(1);
  const counts = await chunksIn(collection, "lynx", [5, 6, 7, 8]);
  expect(counts[0]).toBe(documents[4]?.chunks);
  expect(counts[1]).toBeGreaterThan(counts[0] ?? Infinity);
  expect(counts.slice(2)).toEqual([counts[1], counts[1]]);
  // What was not read again is what it was.
  expect(await documentOf(user, badger!)).toMatchObject({ status: "ready", chunks: documents[2]?.chunks });
  expect(await documentOf(user, marten!)).toMatchObject({ status: "failed", chunks: documents[3]?.chunks });
  expect(await chunksIn(collection, "marten", [5, 8])).toEqual([documents[3]?.chunks, documents[3]?.chunks]);
  expect(await chunksIn(collection, "heron", [6, 8])).toEqual([documents[1]?.chunks, 0]);
  // Read at last, it belongs to the others.
  await read(await callFor(Document, "POST", `/rag/documents/${marten!.id}/retry`, { as: user }));
  const [old, ...since] = await chunksIn(collection, "marten", [5, 6, 8]);
  expect(old).toBe(documents[3]?.chunks);
  expect(since[0]).toBeGreaterThan(old ?? Infinity);
  expect(since[1]).toBe(since[0]);
  expect((await versionsOf(collection))[0]).toMatchObject({ number: 8 });
});

test("to restore a version from before it undoes it, and stops what is left of it", async () => {
  const { collection, documents } = await outdated(["otter", "heron", "badger", "marten"]);
  const [otter, heron, badger, marten] = await reindex(collection);
  await read(otter!);
  await connectAs(env, "postgres").execute(sql`update documents set attempts = 6 where id = ${heron!.id}`);
  await read(heron!);
  const refused = await call("POST", `/api/v1/rag/collections/${collection.id}/restore`, {
    as: user,
    body: { version: 4 },
    headers: { "if-match": '"99"' },
  });
  expect(refused.status).toBe(412);
  expect(await documentOf(user, heron!)).toMatchObject({ status: "failed" });
  // A version that has what was read again stops nothing.
  const late = await ingested(user, { collection_id: collection.id, content: longText("lynx") });
  await restore(collection, 5);
  await read(badger!);
  expect((await versionsOf(collection))[0]).toMatchObject({ number: 7, cause: "restored" });
  const [before, ...after] = await chunksIn(collection, "badger", [4, 5, 6, 7]);
  expect(before).toBe(documents[2]?.chunks);
  expect(new Set(after).size).toBe(1);
  expect(after[0]).toBeGreaterThan(before ?? Infinity);
  expect(await documentOf(user, late)).toMatchObject({ chunks: 0 });
  expect(await restore(collection, 4)).toMatchObject({ content_version: 8 });
  await read(marten!);
  for (const [at, each] of [otter, heron, badger, marten].entries()) {
    const { chunks } = documents[at]!;
    expect(await documentOf(user, each!)).toMatchObject({ status: "ready", reason: null, chunks });
  }
  expect((await versionsOf(collection))[0]).toMatchObject({ number: 8, cause: "restored" });
  expect(await reindex(collection)).toHaveLength(4);
});

test("to restore an earlier version ends a reindexing of which nothing has been read yet", async () => {
  const { collection, documents } = await outdated(["otter", "heron", "badger"]);
  const again = await reindex(collection);
  await restore(collection, 2);
  for (const each of again) await read(each);
  expect((await versionsOf(collection))[0]).toMatchObject({ number: 4, cause: "restored" });
  const [otter, heron] = documents;
  for (const { id, chunks } of [otter!, heron!]) {
    expect(await documentOf(user, { id })).toMatchObject({ status: "ready", chunks });
  }
});

test("what is restored while it is to be read again is not read over", async () => {
  const collection = await newCollection(user, { settings: LARGE });
  const otter = await ingested(user, { collection_id: collection.id, content: longText("otter") });
  const beaver = await replaced(user, otter, { content: longText("beaver") });
  await callFor(Collection, "PATCH", `/rag/collections/${collection.id}`, {
    as: user,
    body: { settings: SMALL },
  });
  const [again] = await reindex(collection);
  await restore(collection, 1);
  expect(await documentOf(user, otter)).toMatchObject({ status: "ready", chunks: otter.chunks });
  await read(again!);
  expect(await chunksIn(collection, "otter", [3])).toEqual([otter.chunks]);
  expect(await chunksIn(collection, "beaver", [2, 3])).toEqual([beaver.chunks, 0]);
});
