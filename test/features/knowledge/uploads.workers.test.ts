import { env } from "cloudflare:workers";
import { createHash } from "node:crypto";
import { sql } from "drizzle-orm";
import { beforeAll, expect, test } from "vitest";
import { Usage } from "../../../src/features/billing/schema.ts";
import { type Collection, Document, DocumentPage } from "../../../src/features/knowledge/schema.ts";
import { newId } from "../../../src/lib/ids.ts";
import { readEnv } from "../../../src/platform/env.ts";
import { type CallOptions, call, callFor, problemOf } from "../../support/api.ts";
import { connectAs } from "../../support/database.ts";
import { docxOf, pdfOf, pdfStream, pdfText, utf8, wordParagraph } from "../../support/documents.ts";
import { newColleague } from "../../support/intruders.ts";
import { deliver, documentOf, found, messageFor, newCollection } from "../../support/knowledge.ts";
import { newUser, type TestUser } from "../../support/users.ts";

const MB = 1024 * 1024;
const DOCX = "application/vnd.openxmlformats-officedocument.wordprocessingml.document";

let user: TestUser;
let collection: Collection;

beforeAll(async () => {
  user = await newUser(env);
  collection = await newCollection(user);
});

function send(
  bytes: NonNullable<CallOptions["bytes"]>,
  { type, query = {}, headers = {}, ...rest }: SendOptions = {},
): Promise<Response> {
  const search = new URLSearchParams({ collection_id: collection.id, ...query });
  return call("POST", `/api/v1/rag/documents?${search}`, {
    as: user,
    bytes,
    headers: { ...(type && { "content-type": type }), ...headers },
    ...rest,
  });
}

interface SendOptions {
  type?: string;
  query?: Record<string, string>;
  headers?: Record<string, string>;
}

async function accepted(response: Promise<Response>): Promise<Document> {
  const answer = await response;
  if (answer.status !== 202) throw new Error(`${answer.status} ${await answer.text()}`);
  return Document.parse(await answer.json());
}

async function read(response: Promise<Response>): Promise<Document> {
  const sent = await accepted(response);
  await deliver(messageFor(user, sent));
  return documentOf(user, sent);
}

async function countDocuments(): Promise<number> {
  const page = await call("GET", `/api/v1/rag/documents?collection_id=${collection.id}&limit=100`, {
    as: user,
  });
  return DocumentPage.parse(await page.json()).data.length;
}

test.each([
  ["a PDF", pdfOf([pdfStream(pdfText("The otters of the lake"))]), "application/pdf", "pdf"],
  ["a Word document", docxOf(wordParagraph("The otters of the lake")), DOCX, "docx"],
  ["a table", utf8("animal;seen\notter;4\nheron;2\n"), "text/csv", "csv"],
  ["a PDF that is said to be a text", pdfOf([pdfStream(pdfText("The otters"))]), "text/plain", "pdf"],
  ["a table of no declared type", utf8("a;b;c\notter;4;1\nheron;2;2\n"), undefined, "csv"],
  ["what curl says of any file", utf8("The otters."), "application/x-www-form-urlencoded", "text"],
])("%s is sent as it is and read as what it is", async (_, bytes, type, expected) => {
  const ready = await read(send(bytes, type ? { type } : {}));
  expect(ready).toMatchObject({ status: "ready", type: expected, size: bytes.length, notes: [] });
});

test("a title is the sender's, else the document's own, else the name of the file", async () => {
  const page = utf8("<html><title>Of the page</title><p>The otters.");
  expect((await read(send(page, { type: "text/html", query: { title: "Of mine" } }))).title).toBe("Of mine");
  expect((await read(send(page, { type: "text/html" }))).title).toBe("Of the page");
  const form = new FormData();
  form.set("collection_id", collection.id);
  form.set("file", new Blob(["The otters."], { type: "application/octet-stream" }), "otters.md");
  expect(await read(call("POST", "/api/v1/rag/documents", { as: user, bytes: form }))).toMatchObject({
    title: "otters.md",
    type: "markdown",
  });
  form.set("file", new Blob([new Uint8Array(64)]), "broken.md");
  expect(await read(call("POST", "/api/v1/rag/documents", { as: user, bytes: form }))).toMatchObject({
    title: "broken.md",
    status: "failed",
  });
});

test("metadata come in JSON beside the bytes, and stay when the file is replaced without any", async () => {
  const metadata = { department: "sales", year: 2026 };
  const sent = await read(send("The otters.", { query: { metadata: JSON.stringify(metadata) } }));
  expect(sent.metadata).toEqual(metadata);
  const replaced = await accepted(
    call("PUT", `/api/v1/rag/documents/${sent.id}`, { as: user, bytes: "The herons." }),
  );
  expect(replaced.metadata).toEqual(metadata);
  const wrong = {
    "{": "is not JSON",
    '{"a": {"b": 1}}': "must be a text of at most 500 characters, a number or a boolean",
  };
  for (const [metadata, message] of Object.entries(wrong)) {
    expect(await problemOf(await send("The otters.", { query: { metadata } }))).toMatchObject({
      status: 422,
      errors: [{ message }],
    });
  }
});

test("a file without a declared length, of several parts, is stored whole and opens again", async () => {
  const line = utf8(`${"The otters of the lake were counted. ".repeat(1000)}\n`);
  let left = Math.ceil((6 * MB) / line.length);
  const body = new ReadableStream<Uint8Array>({
    pull(controller) {
      if (left-- > 0) controller.enqueue(line.slice());
      else controller.close();
    },
  });
  const size = left * line.length;
  const sent = await accepted(send(body, { type: "text/plain" }));
  expect(sent).toMatchObject({ status: "queued", size: 0 });
  const { objects } = readEnv(env);
  const stored = await objects.list({ prefix: `knowledge/${user.tenantId}/${sent.id}/` });
  expect(stored.objects).toHaveLength(1);
  expect(stored.objects[0]?.size).toBeGreaterThan(size);
});

test("nothing is left of a file that is too large, is not what its digest says, or has no collection", async () => {
  const before = await countDocuments();
  const declared = send("x", { headers: { "content-length": String(51 * MB) } });
  expect(await problemOf(await declared)).toMatchObject({ status: 413, code: "payload_too_large" });
  const endless = new ReadableStream<Uint8Array>({
    pull: (controller) => controller.enqueue(new Uint8Array(MB).fill(97)),
  });
  expect(await problemOf(await send(endless))).toMatchObject({ status: 413 });
  const digest = createHash("sha256").update("another").digest("base64");
  const altered = send("The otters.", { headers: { "content-digest": `sha-256=:${digest}:` } });
  expect(await problemOf(await altered)).toMatchObject({ status: 400, code: "bad_request" });
  const nowhere = await send("The otters.", { query: { collection_id: newId() } });
  expect(await problemOf(nowhere)).toMatchObject({ status: 404 });
  expect(await countDocuments()).toBe(before);
  const { rows } = await connectAs(env, "postgres").execute(
    sql`select id from documents where user_id = ${user.userId} and status = 'queued' and size = 0
        and created_at > now() - interval '1 minute' and collection_id <> ${collection.id}`,
  );
  expect(rows).toEqual([]);
});

test("what is never read is refused at once, with what to do", async () => {
  const picture = Buffer.from("89504e470d0a1a0a0000", "hex");
  const refused = await problemOf(await send(picture, { type: "image/png" }));
  expect(refused).toMatchObject({
    status: 415,
    detail: "Pictures cannot be read; run text recognition over this one and send its text.",
  });
  expect(await problemOf(await send(new Uint8Array()))).toMatchObject({ status: 400 });
});

test("a request that is repeated with its key makes one document, and another file is noticed by its length", async () => {
  const headers = { "idempotency-key": newId() };
  const first = await accepted(send("The otters.", { headers }));
  const again = await accepted(send("The otters.", { headers }));
  expect(again.id).toBe(first.id);
  expect(await problemOf(await send("The other otters.", { headers }))).toMatchObject({
    status: 422,
    code: "idempotency_mismatch",
  });
});

test("an upload that broke off can be repeated with its key", async () => {
  const headers = { "idempotency-key": newId(), "content-length": "11", "content-type": "text/plain" };
  const digest = (text: string) => `sha-256=:${createHash("sha256").update(text).digest("base64")}:`;
  const wrong = { ...headers, "content-digest": digest("The otters.") };
  expect((await send("The 0tters.", { headers: wrong })).status).toBe(400);
  expect((await read(send("The otters.", { headers: wrong }))).status).toBe("ready");
});

test("a document is replaced by a file, and what it was can be found until that has been read", async () => {
  const sent = await read(send("The herons of the lake.", { type: "text/plain" }));
  const replaced = await accepted(
    call("PUT", `/api/v1/rag/documents/${sent.id}?title=Otters`, {
      as: user,
      bytes: pdfOf([pdfStream(pdfText("The otters of the lake"))]),
      headers: { "content-type": "application/pdf", "if-match": `"${sent.version}"` },
    }),
  );
  expect(replaced).toMatchObject({ id: sent.id, status: "queued", title: sent.title });
  await deliver(messageFor(user, replaced));
  expect(await documentOf(user, sent)).toMatchObject({ status: "ready", title: "Otters", type: "pdf" });
});

test("a replacement that breaks off has failed at once, and what the document was is found until it is sent again", async () => {
  const sent = await read(send("The herons of the lake.", { type: "text/plain" }));
  const path = `/api/v1/rag/documents/${sent.id}`;
  const text = `${"The lake lies still. ".repeat(2_000)}The otters play.`;
  const headers = {
    "content-type": "text/plain",
    "content-digest": `sha-256=:${createHash("sha256").update(text).digest("base64")}:`,
    "content-length": String(text.length),
    "idempotency-key": newId(),
    "if-match": `"${sent.version}"`,
  };
  const altered = text.replace("otters", "0tters");
  const broken = await call("PUT", path, { as: user, bytes: altered, headers });
  expect(broken.status).toBe(400);
  expect(await documentOf(user, sent)).toMatchObject({
    status: "failed",
    reason: expect.stringContaining("interrupted"),
  });
  expect((await found(user, collection, "herons"))[0]?.document.id).toBe(sent.id);
  const { rows } = await connectAs(env, "postgres").execute(
    sql`select id from documents where id = ${sent.id} and due_at is not null`,
  );
  expect(rows).toEqual([]);
  const whole = await accepted(call("PUT", path, { as: user, bytes: text, headers }));
  await deliver(messageFor(user, whole));
  expect(await documentOf(user, sent)).toMatchObject({ status: "ready", size: text.length });
  expect((await found(user, collection, "otters"))[0]?.text).toContain("otters");
});

test("a file on its way is given the time it takes by a slow line before it counts as lost", async () => {
  const due = async (id: string) => {
    const { rows } = await connectAs(env, "postgres").execute<{ seconds: number }>(
      sql`select extract(epoch from due_at - created_at)::integer as seconds from documents where id = ${id}`,
    );
    return rows[0]?.seconds ?? 0;
  };
  const small = await accepted(send("The otters."));
  const large = await accepted(send(new Uint8Array(8 * MB).fill(97)));
  expect(await due(large.id)).toBeGreaterThan((await due(small.id)) + 200);
});

test("what was left out is told on the document", async () => {
  const ready = await read(
    send(`{"broken": ${"1,".repeat(20)}`, { headers: { "content-type": "text/plain; charset=utf-8" } }),
  );
  expect(ready.status).toBe("ready");
  const form = new FormData();
  form.set("collection_id", collection.id);
  form.set("file", new Blob(['{"otters": 4, broken']), "otters.json");
  const noted = await read(call("POST", "/api/v1/rag/documents", { as: user, bytes: form }));
  expect(noted).toMatchObject({
    status: "ready",
    notes: ["The JSON is damaged; it was read as plain text."],
  });
});

test("a document of too many chunks says what to do", async () => {
  const own = await newCollection(user, { settings: { chunk_tokens: 64, overlap_tokens: 0 } });
  const text = "湖のカワウソは数えられた。".repeat(120_000);
  const failed = await read(send(text, { type: "text/plain", query: { collection_id: own.id } }));
  expect(failed.status).toBe("failed");
  expect(failed.reason).toContain("more than 20,000 chunks");
});

test("how large a file may be depends on the tier, which is told before a byte is read, and by GET /usage", async () => {
  for (const [tier, mebibytes] of [
    ["free", 10],
    ["pro", 25],
    ["power", 50],
    ["team", 50],
  ] as const) {
    const person = await newUser(env, { tier });
    const home = await newCollection(person);
    const query = `collection_id=${home.id}`;
    const tooMuch = { as: person, bytes: "x", headers: { "content-length": String(mebibytes * MB + 1) } };
    expect(await problemOf(await call("POST", `/api/v1/rag/documents?${query}`, tooMuch))).toMatchObject({
      status: 413,
      detail: expect.stringContaining(`${mebibytes * MB} bytes`),
    });
    const usage = await callFor(Usage, "GET", "/usage", { as: person });
    expect(usage.tier).toBe(tier);
    expect(usage.quotas).toContainEqual({ name: "upload_bytes", used: null, limit: mebibytes * MB });
  }
});

test("what is used of the limits counts one's own collections, and nothing that is deleted", async () => {
  const person = await newUser(env);
  const colleague = await newColleague(person);
  const [first, second, gone] = [
    await newCollection(person),
    await newCollection(person),
    await newCollection(person),
  ];
  for (const { id } of [first, first, second, gone]) {
    await callFor(Document, "POST", "/rag/documents", {
      as: person,
      body: { collection_id: id, content: "Otters." },
    });
  }
  await call("DELETE", `/api/v1/rag/collections/${gone.id}`, { as: person });
  const used = async (as: TestUser) =>
    Object.fromEntries(
      (await callFor(Usage, "GET", "/usage", { as })).quotas.map((one) => [one.name, one.used]),
    );
  expect(await used(person)).toMatchObject({
    collections: 2,
    documents_in_a_collection: 2,
    documents: 3,
    document_bytes: 21,
  });
  expect(await used(colleague)).toMatchObject({ collections: 0, documents: 0, document_bytes: 0 });
});

test("nothing is left of a file whose document was deleted while it was on its way", async () => {
  const home = await newCollection(user);
  const listed = async () => {
    const path = `/rag/documents?collection_id=${home.id}`;
    return (await callFor(DocumentPage, "GET", path, { as: user })).data[0];
  };
  const line = utf8("The otters of the lake were counted. ".repeat(4000));
  let isDeleted = false;
  const body = new ReadableStream<Uint8Array>({
    async pull(controller) {
      if (isDeleted) return controller.close();
      controller.enqueue(line.slice());
      const document = await listed();
      if (!document) return;
      expect((await call("DELETE", `/api/v1/rag/documents/${document.id}`, { as: user })).status).toBe(204);
      isDeleted = true;
    },
  });
  const sent = await accepted(send(body, { type: "text/plain", query: { collection_id: home.id } }));
  expect(isDeleted).toBe(true);
  expect(await listed()).toBeUndefined();
  const prefix = `knowledge/${user.tenantId}/${sent.id}/`;
  expect((await readEnv(env).objects.list({ prefix })).objects).toEqual([]);
});
