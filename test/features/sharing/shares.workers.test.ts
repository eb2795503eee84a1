import { env } from "cloudflare:workers";
import { type SQL, sql } from "drizzle-orm";
import { beforeAll, expect, test } from "vitest";
import { z } from "zod";
import { CollectionPage, Document, DocumentPage } from "../../../src/features/knowledge/schema.ts";
import { Share, SharePage } from "../../../src/features/sharing/schema.ts";
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
  newCollection,
  replaced,
  sendDocument,
} from "../../support/knowledge.ts";
import { newUser, type TestUser } from "../../support/users.ts";

const admin = () => connectAs(env, "postgres");
const VersionNumbers = z.object({ data: z.array(z.object({ number: z.int() })) });
const CONTENT = "The otters of the lake were counted in spring.";

let owner: TestUser;
let colleague: TestUser;
let third: TestUser;

beforeAll(async () => {
  owner = await newUser(env);
  [colleague, third] = [await newColleague(owner), await newColleague(owner)];
});

function share(
  resource: { id: string },
  right: "read" | "write",
  to: TestUser | null = colleague,
  as = owner,
): Promise<Response> {
  const body = { kind: "collection", resource_id: resource.id, user_id: to?.userId ?? null, right };
  return call("POST", "/api/v1/shares", { as, body });
}

async function shared(...asked: Parameters<typeof share>): Promise<Share> {
  const response = await share(...asked);
  expect(response.status).toBe(201);
  return Share.parse(await response.json());
}

async function handbook() {
  const collection = await newCollection(owner);
  const document = await ingested(owner, { collection_id: collection.id, content: CONTENT, title: "Count" });
  return { collection, document };
}

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

test("the database itself lets a reader change nothing, and a writer delete nothing", async () => {
  const { collection, document } = await handbook();
  const touched = async (change: SQL) => (await asColleague(change)).length;
  const retitled = sql`update documents set version = version where id = ${document.id} returning id`;
  const hidden = sql`update chunks set hidden = true where document_id = ${document.id} returning id`;
  const erased = sql`delete from documents where id = ${document.id} returning id`;
  const owned = sql`update shares set "right" = 'write' where resource_id = ${collection.id} returning id`;
  const posted = sql`
    insert into postings (collection, token, chunk, frequency, length)
    select collection, 1, number, 1, 1 from chunks where document_id = ${document.id} returning chunk`;
  await shared(collection, "read");
  expect(await asColleague(sql`select id from chunks where document_id = ${document.id}`)).toHaveLength(1);
  for (const change of [retitled, hidden, erased, owned]) expect(await touched(change)).toBe(0);
  await expect(asColleague(posted)).rejects.toMatchObject({ code: "42501" });
  await shared(collection, "write");
  expect(await touched(retitled)).toBe(1);
  for (const change of [erased, owned]) expect(await touched(change)).toBe(0);
  await expect(asColleague(posted)).rejects.toMatchObject({ code: "42501" });
});

test("the database itself lets nobody share what is not their own, nor turn a share of theirs to it", async () => {
  const { collection } = await handbook();
  const own = await newCollection(colleague);
  const ofOwn = await shared(own, "read", third, colleague);
  const given = (resource: { id: string }, kind: string, to: TestUser | null) => sql`
    insert into shares (id, user_id, kind, resource_id, grantee_id, "right")
    values (${newId()}, ${colleague.userId}, ${kind}, ${resource.id}, ${to?.userId ?? null}, 'write') returning id`;
  const turned = sql`update shares set resource_id = ${collection.id} where id = ${ofOwn.id} returning id`;
  await shared(collection, "write");
  for (const change of [given(collection, "collection", third), given(own, "agent", third), turned]) {
    await expect(asColleague(change)).rejects.toMatchObject({ code: "42501" });
  }
  expect(await asColleague(given(own, "collection", null))).toHaveLength(1);
});

/** As the application role, with no verb in between. */
async function asColleague(query: SQL): Promise<unknown[]> {
  const connection = connectAs(env, "adjutant_app");
  const { tenantId, userId } = colleague;
  const [, { rows }] = await connection.batch([
    connection.execute(
      sql`select set_config('app.tenant_id', ${tenantId}, true), set_config('app.user_id', ${userId}, true)`,
    ),
    connection.execute(query),
  ]);
  return rows;
}

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

test("a share ends by either side, and is listed to both", async () => {
  const { collection } = await handbook();
  const given = await shared(collection, "read");
  expect(await shared(collection, "write")).toEqual({ ...given, right: "write" });
  for (const side of [owner, colleague]) {
    const { data } = await callFor(SharePage, "GET", `/shares?resource_id=${collection.id}`, { as: side });
    expect(data).toEqual([{ ...given, right: "write" }]);
  }
  const { data } = await callFor(SharePage, "GET", `/shares?resource_id=${collection.id}`, { as: third });
  expect(data).toEqual([]);
  expect((await call("DELETE", `/api/v1/shares/${given.id}`, { as: third })).status).toBe(404);
  expect((await call("DELETE", `/api/v1/shares/${given.id}`, { as: colleague })).status).toBe(204);
  const path = `/api/v1/rag/collections/${collection.id}`;
  expect((await call("GET", path, { as: colleague })).status).toBe(404);
  const again = await shared(collection, "read");
  expect((await call("DELETE", `/api/v1/shares/${again.id}`, { as: owner })).status).toBe(204);
  expect((await call("GET", path, { as: colleague })).status).toBe(404);
});

test("a share goes with the membership and with what was shared", async () => {
  const { collection } = await handbook();
  const guest = await newColleague(owner);
  await shared(collection, "read", guest);
  await admin().execute(sql`
    delete from members where user_id = ${guest.userId} and tenant_id = ${owner.tenantId}`);
  await shared(collection, "read", third);
  const count = async () =>
    (await admin().execute(sql`select id from shares where resource_id = ${collection.id}`)).rows.length;
  expect(await count()).toBe(1);
  await admin().execute(sql`delete from collections where id = ${collection.id}`);
  expect(await count()).toBe(0);
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
