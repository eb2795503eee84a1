import { env } from "cloudflare:workers";
import { sql } from "drizzle-orm";
import { beforeAll, expect, inject, test } from "vitest";
import { type Collection, CreatedDocuments, Document } from "../../../src/features/knowledge/schema.ts";
import { newId } from "../../../src/lib/ids.ts";
import { call, callFor, problemOf } from "../../support/api.ts";
import { connectAs } from "../../support/database.ts";
import { deliver, documentOf, messageFor, newCollection } from "../../support/knowledge.ts";
import { newUser, type TestUser } from "../../support/users.ts";

const WEB = `http://${inject("web")}`;

let user: TestUser;
let collection: Collection;

beforeAll(async () => {
  user = await newUser(env);
  collection = await newCollection(user);
});

function add(url: string, body: Record<string, unknown> = {}): Promise<Document> {
  return callFor(Document, "POST", "/rag/documents", {
    as: user,
    body: { collection_id: collection.id, url, ...body },
  });
}

async function fetched(url: string, body: Record<string, unknown> = {}): Promise<Document> {
  const sent = await add(url, body);
  await deliver(messageFor(user, sent));
  return documentOf(user, sent);
}

async function found(query: string): Promise<string> {
  const body = { collection_id: collection.id, query };
  return (await call("POST", "/api/v1/rag/search", { as: user, body })).text();
}

test("a page is accepted at once, fetched by the queue, and found by its words", async () => {
  const url = `${WEB}/says/The%20quokkas%20of%20the%20island`;
  const sent = await add(url);
  expect(sent).toMatchObject({ status: "queued", url, title: "" });
  await deliver(messageFor(user, sent));
  const ready = await documentOf(user, sent);
  expect(ready).toMatchObject({ status: "ready", url, title: "Of the web", type: "html" });
  expect(ready.size).toBeGreaterThan(20);
  expect(await found("quokkas")).toContain(sent.id);
});

test("what a page is, its bytes, its server and its name tell, in this order", async () => {
  expect(await fetched(`${WEB}/table/animals.csv`)).toMatchObject({ status: "ready", type: "csv" });
  expect(await fetched(`${WEB}/picture/page.html`)).toMatchObject({
    status: "failed",
    reason: "Pictures cannot be read; run text recognition over this one and send its text.",
  });
});

test.each([
  ["missing", "The server answered 404: there is nothing at this address."],
  ["large", "There is more than the 25 MB that can be read."],
  ["inside", "The address leads into a private or reserved network and is not fetched."],
])("%s: the document says why it failed", async (kind, reason) => {
  expect(await fetched(`${WEB}/${kind}/page`)).toMatchObject({ status: "failed", reason });
});

test("a name without a server fails with that", async () => {
  const failing = await add("https://nobody.example.com/");
  for (let attempt = 1; attempt <= 3; attempt++) await deliver(messageFor(user, failing), attempt);
  expect(await documentOf(user, failing)).toMatchObject({
    status: "failed",
    reason: "There is no server of this name.",
  });
});

test("what may pass is tried again, three times in all, and then told", async () => {
  const sent = await add(`${WEB}/unwell/page`);
  // The queue may bring its message as well.
  const outcomes: boolean[] = [];
  for (let attempt = 1; attempt <= 4; attempt++) {
    outcomes.push(await deliver(messageFor(user, sent), attempt));
  }
  expect(outcomes.at(-1)).toBe(true);
  expect(await documentOf(user, sent)).toMatchObject({
    status: "failed",
    reason: "The server answered 503: it could not deliver this now.",
  });
});

test("each upload is fetched once, however often its message comes; replaced, it is fetched again", async () => {
  const url = `${WEB}/counts/${newId()}`;
  const ready = await fetched(url);
  await deliver(messageFor(user, ready));
  expect(await found("asked for, and that 1 times")).toContain(ready.id);
  const replaced = await callFor(Document, "PUT", `/rag/documents/${ready.id}`, { as: user, body: { url } });
  await deliver(messageFor(user, replaced));
  const body = JSON.parse(await found("this page was asked for"));
  expect(JSON.stringify(body)).toContain("and that 2 times");
  expect(JSON.stringify(body)).not.toContain("and that 1 times");
});

test("bytes that had come before a crash are not fetched again", async () => {
  const sent = await fetched(`${WEB}/counts/${newId()}`);
  await connectAs(env, "postgres").execute(
    sql`update documents set status = 'parsing', version = version + 1 where id = ${sent.id}`,
  );
  await deliver({ ...messageFor(user, sent), version: sent.version + 1 });
  expect(await documentOf(user, sent)).toMatchObject({ status: "ready", chunks: 1 });
  expect(await found("asked for, and that 1 times")).toContain(sent.id);
});

test("one that failed is fetched again when it is tried again", async () => {
  const failed = await fetched(`${WEB}/missing/${newId()}`);
  const again = await callFor(Document, "POST", `/rag/documents/${failed.id}/retry`, { as: user });
  await deliver(messageFor(user, again));
  expect(await documentOf(user, failed)).toMatchObject({ status: "failed", version: 2 });
});

test.each([
  ["ftp://example.com/file", "begin with http:// or https://"],
  ["https://user:word@example.com/", "user name or a password"],
  ["http://127.0.0.1/", "private or reserved"],
  ["http://2130706433:80/", "private or reserved"],
  ["http://[::ffff:10.0.0.1]/", "private or reserved"],
  ["http://metadata.google.internal/", "private or reserved"],
  ["https://example.com:8443/", "Only the ports 80 and 443"],
])("%s is refused before it is accepted", async (url, message) => {
  const body = { collection_id: collection.id, url };
  const refused = await problemOf(await call("POST", "/api/v1/rag/documents", { as: user, body }));
  expect(refused).toMatchObject({ status: 422, errors: [{ path: "body.url" }] });
  expect(refused.errors?.[0]?.message).toContain(message);
});

test("there is either content or an address", async () => {
  for (const source of [{}, { content: "The otters.", url: `${WEB}/says/otters` }]) {
    const body = { collection_id: collection.id, ...source };
    const refused = await call("POST", "/api/v1/rag/documents", { as: user, body });
    expect(await problemOf(refused)).toMatchObject({ status: 422, errors: [{ path: "body.content" }] });
  }
});

test("a batch holds both, and names the item that is refused", async () => {
  const documents = [{ content: "The herons." }, { url: `${WEB}/says/otters`, title: "Otters" }];
  const made = await callFor(CreatedDocuments, "POST", "/rag/documents/batch", {
    as: user,
    body: { collection_id: collection.id, documents },
  });
  expect(made.data.map(({ url, title }) => ({ url, title }))).toEqual([
    { url: null, title: "" },
    { url: `${WEB}/says/otters`, title: "Otters" },
  ]);
  const refused = await call("POST", "/api/v1/rag/documents/batch", {
    as: user,
    body: { collection_id: collection.id, documents: [...documents, { url: "http://10.0.0.1/" }] },
  });
  expect(await problemOf(refused)).toMatchObject({ status: 422, errors: [{ path: "body.documents.2.url" }] });
});
