/** The bytes of documents, as they were sent. */
import { env } from "cloudflare:workers";
import { beforeAll, expect, test } from "vitest";
import { Document } from "../../../src/features/knowledge/schema.ts";
import { readEnv } from "../../../src/platform/env.ts";
import { call, callFor, problemOf } from "../../support/api.ts";
import { pdfOf, pdfStream, pdfText, utf8 } from "../../support/documents.ts";
import { newColleague } from "../../support/intruders.ts";
import {
  deliver,
  documentOf,
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

async function read(document: Document): Promise<Document> {
  await deliver(messageFor(user, document));
  return documentOf(user, document);
}

test("a document is downloaded as it was sent, as a file that no browser runs", async () => {
  const collection = await newCollection(user);
  const pdf = pdfOf([pdfStream(pdfText("The otters of the lake"))]);
  const path = `/api/v1/rag/documents?collection_id=${collection.id}&title=${encodeURIComponent('Otter: "größer"\r\n')}`;
  const sent = await call("POST", path, {
    as: user,
    bytes: pdf,
    headers: { "content-type": "application/pdf" },
  });
  const document = Document.parse(await sent.json());
  const download = (as = user) => call("GET", `/api/v1/rag/documents/${document.id}/content`, { as });
  const answer = await download();
  expect(new Uint8Array(await answer.arrayBuffer())).toEqual(new Uint8Array(pdf));
  expect(Object.fromEntries(answer.headers)).toMatchObject({
    "content-type": "application/pdf",
    "content-length": String(pdf.length),
    "content-disposition": "attachment; filename*=UTF-8''Otter%20gr%C3%B6%C3%9Fer.pdf",
    "x-content-type-options": "nosniff",
    "content-security-policy": "default-src 'none'; sandbox",
  });
  await deliver(messageFor(user, document));
  await callFor(Document, "PUT", `/rag/documents/${document.id}`, {
    as: user,
    body: { content: "# Not read yet" },
  });
  // Until the new content has been read, the old is what can be found.
  expect((await (await download()).arrayBuffer()).byteLength).toBe(pdf.length);
  expect(await problemOf(await download(await newColleague(user)))).toMatchObject({ status: 404 });
  const small = await sendDocument(user, { collection_id: collection.id, content: "Ottér" });
  const text = await call("GET", `/api/v1/rag/documents/${small.id}/content`, { as: user });
  expect(new Uint8Array(await text.arrayBuffer())).toEqual(utf8("Ottér"));
});

test("what was sent before is downloaded by its number as long as it is kept, by who may see versions", async () => {
  const collection = await newCollection(user, { versions_kept: 2 });
  const document = await ingested(user, {
    collection_id: collection.id,
    title: "Census",
    content: "Otters.",
  });
  const body = { content: "# Herons", type: "markdown", title: "Count" };
  await read(await callFor(Document, "PUT", `/rag/documents/${document.id}`, { as: user, body }));
  const download = (version: number | string, as = user) =>
    call("GET", `/api/v1/rag/documents/${document.id}/content?version=${version}`, { as });
  const first = await download(1);
  expect(await first.text()).toBe("Otters.");
  expect(first.headers.get("content-disposition")).toBe("attachment; filename*=UTF-8''Census.txt");
  expect(await (await download(2)).text()).toBe("# Herons");
  // To be read again under another title: its bytes are those of the one before.
  const renamed = await callFor(Document, "PATCH", `/rag/documents/${document.id}`, {
    as: user,
    body: { title: "Recensement" },
  });
  expect(await (await download(3)).text()).toBe("# Herons");
  const [reader, writer] = [await newColleague(user), await newColleague(user)];
  for (const [to, right] of [
    [reader, "read"],
    [writer, "write"],
  ] as const) {
    const share = { kind: "collection", resource_id: collection.id, user_id: to.userId, right };
    expect((await call("POST", "/api/v1/shares", { as: user, body: share })).status).toBe(201);
  }
  expect(await (await download(1, writer)).text()).toBe("Otters.");
  expect(await (await download(2, reader)).text()).toBe("# Herons");
  expect(await problemOf(await download(1, reader))).toMatchObject({ status: 404 });
  expect(await problemOf(await download(1, await newColleague(user)))).toMatchObject({ status: 404 });
  await read(renamed);
  expect(await problemOf(await download(1))).toMatchObject({
    status: 404,
    detail: expect.stringContaining("is kept"),
  });
  expect(await (await download(3)).text()).toBe("# Herons");
  expect((await download(0)).status).toBe(422);
});

test("bytes that are on their way are waited for, and those that did not come are not there", async () => {
  const collection = await newCollection(user);
  const sent = await sendDocument(user, { collection_id: collection.id, content: "Otters." });
  const { objects } = readEnv(env);
  const { objects: stored } = await objects.list({ prefix: `knowledge/${user.tenantId}/${sent.id}/` });
  await objects.delete(stored.map(({ key }) => key));
  const download = () => call("GET", `/api/v1/rag/documents/${sent.id}/content`, { as: user });
  expect(await problemOf(await download())).toMatchObject({ status: 409, code: "conflict" });
  expect(await read(sent)).toMatchObject({ status: "failed" });
  expect(await problemOf(await download())).toMatchObject({ status: 404, detail: "Its bytes did not come." });
});
