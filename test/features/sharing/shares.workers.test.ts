import { env } from "cloudflare:workers";
import { sql } from "drizzle-orm";
import { beforeAll, expect, test } from "vitest";
import { z } from "zod";
import { CollectionPage, Document, DocumentPage } from "../../../src/features/knowledge/schema.ts";
import { newId } from "../../../src/lib/ids.ts";
import { call, callFor, problemOf } from "../../support/api.ts";
import { connectAs } from "../../support/database.ts";
import { newColleague } from "../../support/intruders.ts";
import {
  deliver,
  documentOf,
  found,
  ingested,
  messageFor,
  replaced,
  sendDocument,
} from "../../support/knowledge.ts";
import * as shares from "../../support/sharing.ts";
import { type Grant, handbookOf } from "../../support/sharing.ts";
import { newUser, type TestUser } from "../../support/users.ts";

const admin = () => connectAs(env, "postgres");
const VersionNumbers = z.object({ data: z.array(z.object({ number: z.int() })) });

let owner: TestUser;
let colleague: TestUser;
let third: TestUser;

beforeAll(async () => {
  owner = await newUser(env);
  [colleague, third] = [await newColleague(owner), await newColleague(owner)];
});

const share = (
  resource: { id: string },
  right: Grant["right"],
  to: TestUser | null = colleague,
  by = owner,
) => shares.share(resource, { by, to, right });
const shared = (
  resource: { id: string },
  right: Grant["right"],
  to: TestUser | null = colleague,
  by = owner,
) => shares.shared(resource, { by, to, right });
const handbook = () => handbookOf(owner);

/** As their owner hands them to the queue, whoever sent them. */
const ownersMessage = (document: Document) => messageFor(owner, document);

test("what is shared to be read is found, listed and searched by whom it is shared with, and by nobody else", async () => {
  const { collection, document } = await handbook();
  const path = `/api/v1/rag/collections/${collection.id}`;
  expect((await call("GET", path, { as: colleague })).status).toBe(404);
  await shared(collection, "read");
  const seen = await (await call("GET", path, { as: colleague })).json();
  expect(seen).toEqual(await (await call("GET", path, { as: owner })).json());
  const { data } = await callFor(CollectionPage, "GET", "/rag/collections", { as: colleague });
  expect(data.map(({ id }) => id)).toContain(collection.id);
  const list = await callFor(DocumentPage, "GET", `/rag/documents?collection_id=${collection.id}`, {
    as: colleague,
  });
  expect(list.data).toEqual([document]);
  const hits = await found(colleague, collection, "otters");
  expect(hits).toEqual(await found(owner, collection, "otters"));
  expect(hits[0]?.document).toMatchObject({ id: document.id, title: "Count" });
  expect(await found(colleague, collection, "otters", { version: 1 })).toEqual(hits);
  const versions = await call("GET", `${path}/versions`, { as: colleague });
  expect(versions.status).toBe(200);
  expect((await call("GET", path, { as: third })).status).toBe(404);
  const body = { collection_id: collection.id, query: "otters" };
  expect((await call("POST", "/api/v1/rag/search", { as: third, body })).status).toBe(404);
});

test("who may read sees the newest version alone: what was taken out before is not theirs to find", async () => {
  const { collection, document } = await handbook();
  const current = await replaced(owner, document, { content: "A heron nests in the reeds." });
  await shared(collection, "read");
  await shared(collection, "write", third);
  const path = `/rag/collections/${collection.id}`;
  const versions = async (as: TestUser, of = path) => {
    const { data } = await callFor(VersionNumbers, "GET", `${of}/versions`, { as });
    return data.map(({ number }) => number);
  };
  for (const as of [owner, third]) {
    expect(await found(as, collection, "otters", { version: 1 })).toHaveLength(1);
    expect(await versions(as)).toEqual([2, 1]);
    expect(await versions(as, `/rag/documents/${document.id}`)).toEqual([2, 1]);
  }
  expect(await versions(colleague)).toEqual([2]);
  expect(await versions(colleague, `/rag/documents/${document.id}`)).toEqual([2]);
  expect(await found(colleague, collection, "heron", { version: 2 })).toHaveLength(1);
  const earlier = { collection_id: collection.id, query: "otters", version: 1 };
  const refused = await call("POST", "/api/v1/rag/search", { as: colleague, body: earlier });
  expect(await problemOf(refused)).toMatchObject({
    status: 404,
    detail: expect.stringContaining("may write into the collection"),
  });
  const { query: question, collection_id, version } = earlier;
  const asked = await call("POST", "/api/v1/rag/query", {
    as: colleague,
    body: { collection_ids: [collection_id], question, version },
  });
  expect((await problemOf(asked)).status).toBe(404);
  expect(await documentOf(colleague, document)).toEqual(current);
});

test("who may read knows nothing of a document that is not to be found, or not yet", async () => {
  const { collection, document } = await handbook();
  const added = await ingested(owner, { collection_id: collection.id, content: "A heron.", title: "Secret" });
  const body = { version: 1 };
  const restored = await call("POST", `/api/v1/rag/collections/${collection.id}/restore`, {
    as: owner,
    body,
  });
  expect(restored.status).toBe(200);
  const waiting = await sendDocument(owner, { collection_id: collection.id, content: "A badger." });
  await shared(collection, "read");
  await shared(collection, "write", third);
  const listed = async (as: TestUser) => {
    const { data } = await callFor(DocumentPage, "GET", `/rag/documents?collection_id=${collection.id}`, {
      as,
    });
    return data.map(({ id }) => id);
  };
  for (const as of [owner, third]) expect(await listed(as)).toEqual([waiting.id, added.id, document.id]);
  expect(await listed(colleague)).toEqual([document.id]);
  for (const { id } of [added, waiting]) {
    expect((await call("GET", `/api/v1/rag/documents/${id}`, { as: colleague })).status).toBe(404);
  }
});

test("who may read changes nothing, and is told so", async () => {
  const { collection, document } = await handbook();
  await shared(collection, "read");
  const content = { content: "Rewritten." };
  const attempts = [
    ["POST", "/rag/documents", { collection_id: collection.id, ...content }],
    ["POST", "/rag/documents/batch", { collection_id: collection.id, documents: [content] }],
    ["PUT", `/rag/documents/${document.id}`, content],
    ["POST", `/rag/documents/${document.id}/retry`, undefined],
    ["DELETE", `/rag/documents/${document.id}`, undefined],
    ["PATCH", `/rag/collections/${collection.id}`, { name: "Mine" }],
    ["POST", `/rag/collections/${collection.id}/restore`, { version: 1 }],
    ["DELETE", `/rag/collections/${collection.id}`, undefined],
  ] as const;
  for (const [method, path, body] of attempts) {
    const refused = await call(method, `/api/v1${path}`, { as: colleague, body });
    expect(await problemOf(refused), `${method} ${path}`).toMatchObject({ status: 403, code: "forbidden" });
  }
  expect((await share(collection, "read", third, colleague)).status).toBe(404);
  expect(await documentOf(owner, document)).toEqual(document);
});

test("who may write adds, replaces and deletes documents, which are the owner's", async () => {
  const { collection, document } = await handbook();
  await shared(collection, "write");
  const added = await callFor(Document, "POST", "/rag/documents", {
    as: colleague,
    body: { collection_id: collection.id, content: "A heron nests in the reeds." },
  });
  await deliver(ownersMessage(added));
  const [heron] = await found(owner, collection, "heron");
  expect(heron?.document.id).toBe(added.id);
  const replacement = await callFor(Document, "PUT", `/rag/documents/${document.id}`, {
    as: colleague,
    body: { content: "Badgers dig at night." },
  });
  await deliver(ownersMessage(replacement));
  expect((await found(colleague, collection, "badgers"))[0]?.document.id).toBe(document.id);
  expect((await call("DELETE", `/api/v1/rag/documents/${document.id}`, { as: colleague })).status).toBe(204);
  expect((await call("GET", `/api/v1/rag/documents/${document.id}`, { as: owner })).status).toBe(404);
  expect((await found(owner, collection, "badgers")).map((hit) => hit.document.id)).not.toContain(
    document.id,
  );
  await deliver(ownersMessage(replacement));
  const { rows } = await admin().execute(sql`
    select id, user_id from documents where collection_id = ${collection.id}`);
  expect(rows).toEqual([{ id: added.id, user_id: owner.userId }]);
  const audit = await admin().execute<{ event: string }>(sql`
    select event from audit_logs where user_id = ${colleague.userId} and event like 'document.%' order by at, id`);
  expect(audit.rows.map(({ event }) => event)).toEqual([
    "document.created",
    "document.replaced",
    "document.deleted",
  ]);
  const refused = await call("DELETE", `/api/v1/rag/collections/${collection.id}`, { as: colleague });
  expect(await problemOf(refused)).toMatchObject({ code: "forbidden" });
});

test("a share with all members reaches them, and nobody of another tenant", async () => {
  const { collection } = await handbook();
  await shared(collection, "read", null);
  for (const member of [colleague, third]) expect(await found(member, collection, "otters")).toHaveLength(1);
  const stranger = await newUser(env);
  const path = `/api/v1/rag/collections/${collection.id}`;
  expect((await call("GET", path, { as: stranger })).status).toBe(404);
  expect((await share(collection, "read", stranger)).status).toBe(404);
});

test("what is not one's own, oneself and more shares than there may be are refused", async () => {
  const { collection } = await handbook();
  expect((await share({ id: newId() }, "read")).status).toBe(404);
  expect(await problemOf(await share(collection, "read", owner))).toMatchObject({ status: 422 });
  await admin().execute(sql`
    with people as (
      insert into users (id, email) select gen_random_uuid(), gen_random_uuid() || '@example.com'
      from generate_series(1, 100) returning id
    ), joined as (
      insert into members (tenant_id, user_id, role) select ${owner.tenantId}::uuid, id, 'member' from people
      returning user_id
    )
    select count(*) from joined`);
  await admin().execute(sql`
    insert into shares (id, tenant_id, user_id, kind, resource_id, grantee_id, "right")
    select gen_random_uuid(), ${owner.tenantId}::uuid, ${owner.userId}::uuid, 'collection', ${collection.id}::uuid, user_id,
      'read'
    from members where tenant_id = ${owner.tenantId}
      and user_id not in (${owner.userId}::uuid, ${colleague.userId}::uuid, ${third.userId}::uuid) limit 100`);
  expect(await problemOf(await share(collection, "read"))).toMatchObject({ status: 409, code: "conflict" });
});
