import { env } from "cloudflare:workers";
import { sql } from "drizzle-orm";
import { expect, test } from "vitest";
import { Usage } from "../../../src/features/billing/schema.ts";
import { Collection, CollectionPage } from "../../../src/features/knowledge/schema.ts";
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
  sendDocument,
} from "../../support/knowledge.ts";
import { newUser, type TestUser } from "../../support/users.ts";

const admin = () => connectAs(env, "postgres");
const CONTENT = "Otters were counted by the lake.";

const remove = async (user: TestUser, { id }: { id: string }) =>
  expect((await call("DELETE", `/api/v1/rag/collections/${id}`, { as: user })).status).toBe(204);

function undelete(user: TestUser, { id }: { id: string }): Promise<Response> {
  return call("POST", `/api/v1/rag/collections/${id}/undelete`, { as: user });
}

/** As many as a person may have, but for what they have. */
async function fillCollections({ tenantId, userId }: TestUser, count: number): Promise<void> {
  await admin().execute(sql`
    insert into collections (id, tenant_id, user_id, body, chunk_tokens, overlap_tokens, embedder)
    select gen_random_uuid(), ${tenantId}, ${userId}, '\\x00', 64, 0, 'none' from generate_series(1, ${count}::integer)`);
}

async function fillDocuments(collectionId: string, count: number): Promise<void> {
  await admin().execute(sql`
    insert into documents (id, tenant_id, user_id, collection_id, collection, body, type, size, status)
    select gen_random_uuid(), tenant_id, user_id, id, number, '\\x00', 'text', 1, 'ready'
    from collections, generate_series(1, ${count}::integer) where id = ${collectionId}`);
}

test("a deleted collection comes back with its documents and versions, and what was not read yet is read", async () => {
  const user = await newUser(env);
  const collection = await newCollection(user);
  const document = await ingested(user, { collection_id: collection.id, content: CONTENT });
  const unread = await sendDocument(user, { collection_id: collection.id, content: "A heron waits." });
  await admin().execute(sql`update documents set status = 'queued' where id = ${unread.id}`);
  await remove(user, collection);
  await remove(user, await newCollection(user));
  const { data } = await callFor(CollectionPage, "GET", "/rag/collections?deleted=true", { as: user });
  expect(data).toHaveLength(2);
  expect(data[1]).toMatchObject({ id: collection.id, deleted_at: expect.any(String) });
  const back = Collection.parse(await (await undelete(user, collection)).json());
  expect(back).toMatchObject({ id: collection.id, deleted_at: null });
  expect((await found(user, collection, "otters"))[0]?.document.id).toBe(document.id);
  const { rows } = await admin().execute(sql`
    select due_at is null as done, due_at <= now() as due from documents where collection_id = ${collection.id} order by id`);
  expect(rows).toEqual([
    { done: true, due: null },
    { done: false, due: true },
  ]);
  await deliver(messageFor(user, unread));
  expect(await documentOf(user, unread)).toMatchObject({ status: "ready" });
  expect((await undelete(user, collection)).status).toBe(200);
});

test("after 30 days it does not come back, and to others it never does", async () => {
  const user = await newUser(env);
  const colleague = await newColleague(user);
  const collection = await newCollection(user);
  const body = { kind: "collection", resource_id: collection.id, user_id: colleague.userId, right: "write" };
  expect((await call("POST", "/api/v1/shares", { as: user, body })).status).toBe(201);
  await remove(user, collection);
  expect(await problemOf(await undelete(colleague, collection))).toMatchObject({ status: 404 });
  const list = await callFor(CollectionPage, "GET", "/rag/collections?deleted=true", { as: colleague });
  expect(list.data).toEqual([]);
  await admin().execute(sql`
    update collections set deleted_at = now() - interval '30 days 1 minute' where id = ${collection.id}`);
  expect(await problemOf(await undelete(user, collection))).toMatchObject({ status: 404 });
});

test.each([
  ["free", 50, 5_000],
  ["pro", 100, 10_000],
  ["power", 250, 10_000],
  ["team", 250, 10_000],
] as const)(
  "in the tier %s there is room for %i collections of %i documents, as GET /usage says",
  async (tier, collectionsMax, documentsMax) => {
    const user = await newUser(env, { tier });
    const { quotas } = await callFor(Usage, "GET", "/usage", { as: user });
    expect(quotas).toContainEqual({ name: "collections", used: 0, limit: collectionsMax });
    expect(quotas).toContainEqual({ name: "documents_in_a_collection", used: 0, limit: documentsMax });
    const { id } = await newCollection(user);
    await fillCollections(user, collectionsMax - 2);
    await newCollection(user);
    const refused = await call("POST", "/api/v1/rag/collections", { as: user, body: { name: "One more" } });
    expect(await problemOf(refused)).toMatchObject({
      status: 409,
      code: "conflict",
      detail: expect.stringContaining(`${collectionsMax} collections in the tier ${tier}`),
    });
    await fillDocuments(id, documentsMax);
    const body = { collection_id: id, content: "One more." };
    expect(await problemOf(await call("POST", "/api/v1/rag/documents", { as: user, body }))).toMatchObject({
      status: 409,
      detail: expect.stringContaining(`${documentsMax.toLocaleString("en")} documents in the tier ${tier}`),
    });
  },
);

test("who pays for another tier has its limits at once, and keeps what is beyond them", async () => {
  const user = await newUser(env, { tier: "pro" });
  await fillCollections(user, 60);
  const setTier = (tier: string) =>
    admin().execute(sql`update tenants set tier = ${tier} where id = ${user.tenantId}`);
  await setTier("free");
  const create = () => call("POST", "/api/v1/rag/collections", { as: user, body: { name: "One more" } });
  expect((await create()).status).toBe(409);
  const { quotas } = await callFor(Usage, "GET", "/usage", { as: user });
  expect(quotas).toContainEqual({ name: "collections", used: 60, limit: 50 });
  await setTier("pro");
  expect((await create()).status).toBe(201);
});

test("a collection is brought back when there is room for it", async () => {
  const user = await newUser(env);
  const collection = await newCollection(user);
  await fillCollections(user, 49);
  await remove(user, collection);
  const instead = await newCollection(user);
  expect(await problemOf(await undelete(user, collection))).toMatchObject({ status: 409 });
  await remove(user, instead);
  expect((await undelete(user, collection)).status).toBe(200);
});

test("of a batch that has no room nothing is added", async () => {
  const user = await newUser(env);
  const { id } = await newCollection(user);
  await fillDocuments(id, 4_999);
  const documents = [{ content: "One." }, { content: "Two." }];
  const batch = { collection_id: id, documents };
  const refused = await call("POST", "/api/v1/rag/documents/batch", { as: user, body: batch });
  expect(await problemOf(refused)).toMatchObject({
    status: 409,
    detail: expect.stringContaining("5,000 documents"),
  });
  const last = await sendDocument(user, { collection_id: id, content: "The last." });
  const full = await call("POST", "/api/v1/rag/documents", {
    as: user,
    body: { collection_id: id, content: "No." },
  });
  expect(await problemOf(full)).toMatchObject({ status: 409, code: "conflict" });
  const { rows } = await admin().execute<{ count: number }>(sql`
    select count(*)::integer as count from documents where collection_id = ${id}`);
  expect(rows[0]?.count).toBe(5_000);
  expect((await documentOf(user, last)).id).toBe(last.id);
});
