import { env } from "cloudflare:workers";
import { sql } from "drizzle-orm";
import { beforeAll, expect, test } from "vitest";
import { findSources } from "../../../src/features/knowledge/query.ts";
import { Document, type SearchFilter } from "../../../src/features/knowledge/schema.ts";
import { newId } from "../../../src/lib/ids.ts";
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
import { newUser, type TestUser, userCtx } from "../../support/users.ts";

let user: TestUser;
let collection: { id: string };
let sales: Document;
let support: Document;
let other: Document;

beforeAll(async () => {
  user = await newUser(env);
  collection = await newCollection(user);
  const add = (content: string, metadata: Record<string, unknown> | undefined, type = "text") =>
    ingested(user, { collection_id: collection.id, content, type, ...(metadata && { metadata }) });
  sales = await add("Otters count in the sales report.", { team: "sales", year: 2025, draft: false });
  support = await add("# Otters\n\nOtters count in support.", { team: "support", year: 2026 }, "markdown");
  other = await add("Otters count otters, otters and otters.", undefined);
});

const idsOf = async (filter: Record<string, unknown>, query = "otters", more = {}) =>
  (await found(user, collection, query, { filter, ...more })).map(({ document: { id } }) => id).toSorted();
const ids = (...documents: Document[]) => documents.map(({ id }) => id).toSorted();

test("metadata are kept, and a filter finds exactly those that have them", async () => {
  expect(await documentOf(user, sales)).toMatchObject({
    metadata: { team: "sales", year: 2025, draft: false },
  });
  expect(await documentOf(user, other)).toMatchObject({ metadata: {} });
  expect(await idsOf({})).toEqual(ids(sales, support, other));
  expect(await idsOf({ metadata: { team: "sales" } })).toEqual(ids(sales));
  expect(await idsOf({ metadata: { team: ["sales", "support"] } })).toEqual(ids(sales, support));
  expect(await idsOf({ metadata: { team: ["sales", "support"], year: 2026 } })).toEqual(ids(support));
  expect(await idsOf({ metadata: { year: "2026" } })).toEqual([]);
  expect(await idsOf({ metadata: { draft: false } })).toEqual(ids(sales));
});

test("documents are chosen by id, type and time as well", async () => {
  expect(await idsOf({ document_ids: [sales.id, other.id] })).toEqual(ids(sales, other));
  expect(await idsOf({ types: ["markdown"] })).toEqual(ids(support));
  expect(await idsOf({ created_after: sales.created_at })).toEqual(ids(support, other));
  expect(await idsOf({ created_before: support.created_at })).toEqual(ids(sales));
  expect(await idsOf({ document_ids: [sales.id], types: ["markdown"] })).toEqual([]);
});

test("what does not fit takes no place from what does, however much better it fits the words", async () => {
  const crowded = await newCollection(user, { settings: { chunk_tokens: 64, overlap_tokens: 0 } });
  const line = "The kestrel hovers, kestrel by kestrel, over kestrel fields where every kestrel hunts.";
  const crowd = Array.from({ length: 130 }, (_, day) => `${line} Day ${day} of the kestrel, and ${line}`);
  await ingested(user, { collection_id: crowded.id, content: crowd.join("\n\n") });
  const quiet = await ingested(user, {
    collection_id: crowded.id,
    content:
      "A long note about lakes, reeds, boats, nets and weather, in which a kestrel is named only once, in passing.",
    metadata: { kind: "note" },
  });
  const best = await found(user, crowded, "kestrel");
  expect(best.map(({ document: { id } }) => id)).not.toContain(quiet.id);
  for (const version of [undefined, 2]) {
    const hits = await found(user, crowded, "kestrel", {
      filter: { metadata: { kind: "note" } },
      ...(version && { version }),
    });
    expect(hits.map(({ document: { id } }) => id)).toEqual([quiet.id]);
  }
  const unnamed = await found(user, crowded, "boats", { filter: { metadata: { kind: "note" } }, limit: 1 });
  expect(unnamed).toHaveLength(1);
});

test("a question is answered from what fits alone", async () => {
  const asked = (filter: SearchFilter | undefined) =>
    findSources(
      userCtx(env, user),
      {
        collection_ids: [collection.id],
        question: "Who counts otters?",
        limit: 8,
        diversity: 0,
        rerank: false,
        ...(filter && { filter }),
      },
      newId(),
      new AbortController().signal,
    );
  const documentsIn = async (filter?: SearchFilter) =>
    (await asked(filter)).sources.map(({ document: { id } }) => id).toSorted();
  expect(await documentsIn()).toEqual(ids(sales, support, other));
  expect(await documentsIn({ metadata: { team: "support" } })).toEqual(ids(support));
});

test("title and metadata are changed, and a change of another version is refused", async () => {
  const own = await newCollection(user);
  const document = await ingested(user, {
    collection_id: own.id,
    content: "Herons wait.",
    title: "First",
    metadata: { team: "sales" },
  });
  const path = `/rag/documents/${document.id}`;
  const changed = await callFor(Document, "PATCH", path, { as: user, body: { title: "Second" } });
  expect(changed).toMatchObject({
    title: "Second",
    metadata: { team: "sales" },
    version: 2,
    status: "queued",
  });
  await deliver(messageFor(user, changed));
  expect((await found(user, own, "herons"))[0]?.document.title).toBe("Second");
  await callFor(Document, "PATCH", path, { as: user, body: { metadata: { team: "support" } } });
  expect(await found(user, own, "herons", { filter: { metadata: { team: "sales" } } })).toEqual([]);
  expect(await found(user, own, "herons", { filter: { metadata: { team: "support" } } })).toHaveLength(1);
  const headers = { "if-match": '"2"' };
  const late = await call("PATCH", `/api/v1${path}`, { as: user, body: { title: "Late" }, headers });
  expect(await problemOf(late)).toMatchObject({ status: 412 });
  expect(await problemOf(await call("PATCH", `/api/v1${path}`, { as: user, body: {} }))).toMatchObject({
    status: 422,
  });
  const again = await replaced(user, document, { content: "Herons fly.", title: "Third" });
  expect(again).toMatchObject({ title: "Third", metadata: { team: "support" } });
});

test("a document can be renamed while it is read, up to the moment before it can be found", async () => {
  const own = await newCollection(user);
  const sent = await ingested(user, { collection_id: own.id, content: "Badgers dig.", title: "Burrows" });
  await connectAs(env, "postgres").execute(sql`
    update documents set status = 'embedding', version = 7, due_at = now() + interval '10 minutes' where id = ${sent.id}`);
  const path = `/rag/documents/${sent.id}`;
  const renamed = await callFor(Document, "PATCH", path, { as: user, body: { title: "Setts" } });
  expect(renamed).toMatchObject({ title: "Setts", version: 8 });
  await deliver({ ...messageFor(user, sent), version: 7 });
  await deliver(messageFor(user, renamed));
  expect(await documentOf(user, sent)).toMatchObject({ status: "ready", title: "Setts" });
  expect(await found(user, own, "setts")).toHaveLength(1);
});

test.each([
  [
    "more keys than there may be",
    Object.fromEntries(Array.from({ length: 33 }, (_, at) => [`key${at}`, at])),
  ],
  ["a text that is too long", { note: "x".repeat(501) }],
  ["lists", { tags: ["one"] }],
  ["objects", { inner: { deep: true } }],
  ["a key without a name", { "": 1 }],
])("metadata with %s are refused", async (_what, metadata) => {
  const body = { collection_id: collection.id, content: "Nothing.", metadata };
  const refused = await call("POST", "/api/v1/rag/documents", { as: user, body });
  expect(await problemOf(refused)).toMatchObject({ status: 422, code: "validation_failed" });
});
