import { env } from "cloudflare:workers";
import { sql } from "drizzle-orm";
import { afterEach, beforeAll, expect, test, vi } from "vitest";
import {
  Collection,
  CollectionVersionPage,
  Document,
  DocumentVersionPage,
  RestoredCollection,
} from "../../../src/features/knowledge/schema.ts";
import { HashingEmbedder } from "../../../src/platform/embedder-hashing.ts";
import { readEnv } from "../../../src/platform/env.ts";
import { call, callFor, problemOf } from "../../support/api.ts";
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

const admin = () => connectAs(env, "postgres");
const ANIMALS = [
  "otter",
  "heron",
  "badger",
  "marten",
  "kestrel",
  "lynx",
  "beaver",
  "weasel",
  "adder",
  "newt",
];
const paragraph = (animal: string) =>
  `Of the ${animal} this is what is known: it was counted by the lake in every month of the year, and those who counted
it wrote down where it was seen, by whom, and whether the ${animal} was alone.`;
const textOf = (animals: readonly string[]) => animals.map(paragraph).join("\n\n");

let user: TestUser;

beforeAll(async () => {
  user = await newUser(env);
});

afterEach(async () => {
  vi.restoreAllMocks();
  const { rows } = await admin().execute(sql.raw(indexMistakes(`user_id = '${user.userId}'`)));
  expect(rows).toEqual([NO_MISTAKES]);
});

const collectionOfSmallChunks = (more: Record<string, unknown> = {}) =>
  newCollection(user, { settings: { chunk_tokens: 64, overlap_tokens: 0 }, ...more });

/** Sums of the same numbers in another order differ in the last place. */
async function foundIn(...asked: Parameters<typeof found> extends [unknown, ...infer Rest] ? Rest : never) {
  return (await found(user, ...asked)).map((hit) => ({ ...hit, score: hit.score.toFixed(9) }));
}

/** All texts that are embedded from now on. */
function watchEmbedder(): Set<string> {
  const texts = new Set<string>();
  const embed = HashingEmbedder.prototype.embed;
  vi.spyOn(HashingEmbedder.prototype, "embed").mockImplementation(function (
    this: HashingEmbedder,
    list,
    options,
  ) {
    for (const text of list) texts.add(text);
    return embed.call(this, list, options);
  });
  return texts;
}

function restore({ id }: { id: string }, version: number): Promise<RestoredCollection> {
  return callFor(RestoredCollection, "POST", `/rag/collections/${id}/restore`, {
    as: user,
    body: { version },
  });
}

async function bytesKept({ id }: { id: string }): Promise<number> {
  return (await readEnv(env).objects.list({ prefix: `knowledge/${user.tenantId}/${id}/` })).objects.length;
}

async function rowsKept(table: string, { id }: { id: string }): Promise<number> {
  const { rows } = await admin().execute<{ count: number }>(
    sql`select count(*)::integer as count from ${sql.identifier(table)} where document_id = ${id}`,
  );
  return rows[0]?.count ?? 0;
}

test("of new content only what differs is embedded, and what only moved is found in its new place", async () => {
  const collection = await collectionOfSmallChunks();
  const document = await ingested(user, { collection_id: collection.id, content: textOf(ANIMALS) });
  const [before] = await found(user, collection, "lynx");
  const embedded = watchEmbedder();
  const content = textOf(["ibex", ...ANIMALS.slice(0, 3), "ermine", ...ANIMALS.slice(4)]);
  const ready = await replaced(user, document, { content });
  vi.restoreAllMocks();
  expect(ready).toMatchObject({ status: "ready", size: content.length, version: 2 });
  expect([...embedded].length).toBeGreaterThan(0);
  expect([...embedded].filter((text) => !/ibex|ermine|otter|badger|kestrel/.test(text))).toEqual([]);
  const [after] = await found(user, collection, "lynx");
  expect(after).toMatchObject({ chunk_id: before?.chunk_id, text: before?.text });
  expect(after?.position.start).toBeGreaterThan(before?.position.start ?? Infinity);
  expect(content.slice(after?.position.start, after?.position.end)).toBe(after?.text);
  expect((await found(user, collection, "marten")).some(({ text }) => text.includes("marten"))).toBe(false);
  expect((await found(user, collection, "ermine"))[0]?.text).toContain("ermine");
});

test("the same content again makes a version and embeds nothing", async () => {
  const collection = await collectionOfSmallChunks();
  const document = await ingested(user, { collection_id: collection.id, content: textOf(ANIMALS) });
  const before = await foundIn(collection, "heron badger");
  const embedded = watchEmbedder();
  await replaced(user, document, { content: textOf(ANIMALS) });
  expect([...embedded]).toEqual([]);
  vi.restoreAllMocks();
  expect(await foundIn(collection, "heron badger")).toEqual(before);
});

test("the old content is found until the new has been read, and stays when that cannot be read", async () => {
  const collection = await newCollection(user);
  const document = await ingested(user, { collection_id: collection.id, content: paragraph("otter") });
  const sent = await callFor(Document, "PUT", `/rag/documents/${document.id}`, {
    as: user,
    body: { content: " \n" },
  });
  expect(sent.reason).toBeNull();
  expect(await found(user, collection, "otter")).toHaveLength(1);
  await deliver(messageFor(user, sent));
  const failed = await documentOf(user, document);
  expect(failed).toMatchObject({ status: "failed", chunks: 1, size: document.size });
  expect(failed.reason).toMatch(/no text|empty/);
  expect(await found(user, collection, "otter")).toHaveLength(1);
  const ready = await replaced(user, document, { content: paragraph("heron") });
  expect(ready).toMatchObject({ status: "ready", reason: null });
  expect((await found(user, collection, "heron"))[0]?.text).toContain("heron");
  expect(await bytesKept(document)).toBe(2);
});

test("a version is searched as it was: the same chunks with the same scores, and nothing that came later", async () => {
  const collection = await collectionOfSmallChunks();
  const document = await ingested(user, { collection_id: collection.id, content: textOf(ANIMALS) });
  const query = "otter counted by the lake";
  const first = await foundIn(collection, query);
  await ingested(user, { collection_id: collection.id, content: textOf(["otter", "seal", "walrus"]) });
  await replaced(user, document, { content: textOf(["moth", ...ANIMALS.slice(5)]) });
  expect(await foundIn(collection, query, { version: 1 })).toEqual(first);
  expect(await foundIn(collection, query, { version: 2 })).not.toEqual(first);
  const newest = await foundIn(collection, query);
  expect(await foundIn(collection, query, { version: 3 })).toEqual(newest);
  expect(newest.filter(({ document: { id } }) => id === document.id)).not.toEqual([]);
  expect(newest.filter(({ text }) => text.includes("heron"))).toEqual([]);
});

test("a restored version is found as it was, without embedding, and restoring can be undone", async () => {
  const collection = await collectionOfSmallChunks();
  const document = await ingested(user, { collection_id: collection.id, content: textOf(ANIMALS) });
  const other = await ingested(user, { collection_id: collection.id, content: paragraph("seal") });
  const old = await foundIn(collection, "newt seal");
  await replaced(user, document, { content: textOf(["moth", ...ANIMALS.slice(3)]) });
  await replaced(user, other, { content: paragraph("walrus") });
  const late = await ingested(user, { collection_id: collection.id, content: paragraph("toad") });
  const newest = await foundIn(collection, "newt seal");
  const embedded = watchEmbedder();
  expect(await restore(collection, 2)).toMatchObject({ content_version: 6 });
  expect([...embedded]).toEqual([]);
  vi.restoreAllMocks();
  expect(await foundIn(collection, "newt seal")).toEqual(old);
  expect(await documentOf(user, document)).toMatchObject({ chunks: document.chunks, size: document.size });
  expect(await documentOf(user, late)).toMatchObject({ chunks: 0 });
  await restore(collection, 5);
  expect(await foundIn(collection, "newt seal")).toEqual(newest);
  expect(await documentOf(user, late)).toEqual({ ...late, updated_at: expect.any(String) });
  expect(await restore(collection, 7)).toMatchObject({ content_version: 7 });
});

test("both lists say what happened, page by page", async () => {
  const collection = await newCollection(user);
  const document = await ingested(user, {
    collection_id: collection.id,
    content: paragraph("otter"),
    title: "One",
  });
  await replaced(user, document, { content: paragraph("heron"), title: "Two" });
  await restore(collection, 1);
  const path = `/rag/collections/${collection.id}/versions`;
  const first = await callFor(CollectionVersionPage, "GET", `${path}?limit=2`, { as: user });
  expect(first.data).toMatchObject([
    { number: 3, cause: "restored", restored_from: 1, document_id: null },
    { number: 2, cause: "document_replaced", document_id: document.id },
  ]);
  const rest = await callFor(CollectionVersionPage, "GET", `${path}?cursor=${first.next_cursor}`, {
    as: user,
  });
  expect(rest.data).toMatchObject([{ number: 1, cause: "document_added", document_id: document.id }]);
  const uploads = `/rag/documents/${document.id}/versions`;
  const { data } = await callFor(DocumentVersionPage, "GET", uploads, { as: user });
  expect(data).toMatchObject([
    { number: 2, title: "Two", chunks: 1, visible_in: [{ from: 2, to: 2 }] },
    {
      number: 1,
      title: "One",
      visible_in: [
        { from: 1, to: 1 },
        { from: 3, to: null },
      ],
    },
  ]);
});

test("versions beyond those that are kept are gone, with their bytes, chunks and documents", async () => {
  const collection = await collectionOfSmallChunks({ versions_kept: 2 });
  const document = await ingested(user, {
    collection_id: collection.id,
    content: textOf(["otter", "heron"]),
  });
  for (const animal of ["badger", "marten", "lynx"]) {
    await replaced(user, document, { content: textOf([animal, "heron"]) });
  }
  expect(await bytesKept(document)).toBe(2);
  expect(await rowsKept("document_versions", document)).toBe(2);
  expect(await rowsKept("chunks", document)).toBe(3);
  const gone = { collection_id: collection.id, query: "otter", version: 2 };
  expect((await call("POST", "/api/v1/rag/search", { as: user, body: gone })).status).toBe(404);
  const refused = await call("POST", `/api/v1/rag/collections/${collection.id}/restore`, {
    as: user,
    body: { version: 2 },
  });
  expect(await problemOf(refused)).toMatchObject({ status: 404, detail: "This version is not kept." });
  expect((await found(user, collection, "marten", { version: 3 }))[0]?.text).toContain("marten");
  const late = await ingested(user, { collection_id: collection.id, content: paragraph("toad") });
  await restore(collection, 4);
  expect(await documentOf(user, late)).toMatchObject({ chunks: 0 });
  await callFor(Collection, "PATCH", `/rag/collections/${collection.id}`, {
    as: user,
    body: { name: "Short memory", versions_kept: 1 },
  });
  expect(await bytesKept(document)).toBe(1);
  expect(await bytesKept(late)).toBe(0);
  expect((await call("GET", `/api/v1/rag/documents/${late.id}`, { as: user })).status).toBe(404);
});

test("what a restoration took away is kept for 30 days, however much is sent, and then goes", async () => {
  const collection = await newCollection(user, { versions_kept: 3 });
  const send = (animal: string) =>
    ingested(user, { collection_id: collection.id, content: paragraph(animal) });
  const [otter, heron] = [await send("otter"), await send("heron")];
  const { replaced: left } = await restore(collection, 1);
  expect(left).toMatchObject({ version: 2, documents: 1 });
  const days = (Date.parse(left?.kept_until ?? "") - Date.now()) / 86_400_000;
  expect(days).toBeGreaterThan(29.9);
  expect(days).toBeLessThan(30.1);
  const later: Document[] = [];
  for (const animal of ["badger", "marten", "lynx", "beaver"]) later.push(await send(animal));
  const versions = () =>
    callFor(CollectionVersionPage, "GET", `/rag/collections/${collection.id}/versions`, { as: user });
  expect((await versions()).data).toMatchObject([
    { number: 7, outlives: 2, kept_until: null },
    { number: 6, outlives: 1, kept_until: null },
    { number: 5, outlives: 0, kept_until: null },
    { number: 2, outlives: 0, kept_until: left?.kept_until },
  ]);
  expect(await found(user, collection, "heron", { version: 2 })).not.toEqual([]);
  expect((await restore(collection, 2)).replaced).toMatchObject({ version: 7, documents: 4 });
  expect((await found(user, collection, "heron"))[0]?.document.id).toBe(heron.id);
  // A month later.
  await admin().execute(sql`update collection_versions set left_at = now() - interval '30 days 1 minute'
    where collection_id = ${collection.id} and left_at is not null`);
  await send("kestrel");
  expect((await versions()).data.map(({ number }) => number)).toEqual([9, 8, 7]);
  await replaced(user, otter, { content: paragraph("adder") });
  const gone = await Promise.all(
    later.map(({ id }) => call("GET", `/api/v1/rag/documents/${id}`, { as: user })),
  );
  expect(gone.map(({ status }) => status)).toEqual([404, 404, 404, 404]);
  expect(await Promise.all(later.map(bytesKept))).toEqual([0, 0, 0, 0]);
  // What the newest version has is there, in whichever version it came.
  for (const { id } of [otter, heron]) {
    expect((await call("GET", `/api/v1/rag/documents/${id}/content`, { as: user })).status).toBe(200);
  }
  expect((await found(user, collection, "heron"))[0]?.document.id).toBe(heron.id);
});

test("the schedule comes back for what a restoration took away, though nobody does anything any more", async () => {
  const collection = await newCollection(user, { versions_kept: 2 });
  const send = (animal: string) =>
    ingested(user, { collection_id: collection.id, content: paragraph(animal) });
  const [, heron] = [await send("otter"), await send("heron")];
  const { replaced: left } = await restore(collection, 1);
  await send("badger");
  await send("marten");
  // Not before: what comes for another reason puts it off to then.
  await deliver(messageFor(user, heron));
  const { rows } = await admin().execute(
    sql`select due_at from documents where id = ${heron.id} and due_at = ${left?.kept_until}::timestamptz`,
  );
  expect(rows).toHaveLength(1);
  expect(await bytesKept(heron)).toBe(1);
  await admin().execute(sql`update collection_versions set left_at = now() - interval '30 days 1 minute'
    where collection_id = ${collection.id} and left_at is not null`);
  await deliver(messageFor(user, heron));
  expect((await call("GET", `/api/v1/rag/documents/${heron.id}`, { as: user })).status).toBe(404);
  expect(await bytesKept(heron)).toBe(0);
});

test("of what restorations took away no more is kept than of versions at all", async () => {
  const collection = await newCollection(user, { versions_kept: 2 });
  for (const animal of ["otter", "heron"]) {
    await ingested(user, { collection_id: collection.id, content: paragraph(animal) });
  }
  for (const version of [1, 2, 3]) await restore(collection, version);
  await ingested(user, { collection_id: collection.id, content: paragraph("lynx") });
  const path = `/rag/collections/${collection.id}/versions`;
  const { data } = await callFor(CollectionVersionPage, "GET", path, { as: user });
  expect(data.map(({ number, kept_until }) => [number, kept_until !== null])).toEqual([
    [6, false],
    [5, false],
    [4, true],
  ]);
});

test("a deleted document is in no version any more", async () => {
  const collection = await newCollection(user);
  const document = await ingested(user, { collection_id: collection.id, content: paragraph("otter") });
  await replaced(user, document, { content: paragraph("heron") });
  expect((await call("DELETE", `/api/v1/rag/documents/${document.id}`, { as: user })).status).toBe(204);
  for (const version of [1, 2, 3])
    expect(await found(user, collection, "otter heron", { version })).toEqual([]);
  expect(await bytesKept(document)).toBe(0);
  await restore(collection, 1);
  expect(await found(user, collection, "otter heron")).toEqual([]);
});

test("of two uploads the later one counts, whichever is read first", async () => {
  const collection = await newCollection(user);
  const document = await ingested(user, { collection_id: collection.id, content: paragraph("otter") });
  const send = (animal: string) =>
    callFor(Document, "PUT", `/rag/documents/${document.id}`, {
      as: user,
      body: { content: paragraph(animal) },
    });
  const [heron, badger] = [await send("heron"), await send("badger")];
  await deliver(messageFor(user, badger));
  await deliver(messageFor(user, heron));
  expect((await found(user, collection, "otter heron badger")).map(({ text }) => text)).toEqual([
    expect.stringContaining("badger"),
  ]);
  expect(await bytesKept(document)).toBe(2);
});

test("a replacement of another version than the one that was read is refused, and sends nothing", async () => {
  const collection = await newCollection(user);
  const document = await ingested(user, { collection_id: collection.id, content: paragraph("otter") });
  const late = await call("PUT", `/api/v1/rag/documents/${document.id}`, {
    as: user,
    body: { content: paragraph("heron") },
    headers: { "if-match": '"9"' },
  });
  expect(await problemOf(late)).toMatchObject({ status: 412 });
  expect(await bytesKept(document)).toBe(1);
  const restoring = await call("POST", `/api/v1/rag/collections/${collection.id}/restore`, {
    as: user,
    body: { version: 1 },
    headers: { "if-match": '"9"' },
  });
  expect(await problemOf(restoring)).toMatchObject({ status: 412 });
});
