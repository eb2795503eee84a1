import { env } from "cloudflare:workers";
import { createHash } from "node:crypto";
import { sql } from "drizzle-orm";
import { beforeAll, expect, test } from "vitest";
import { LoggedQueryPage } from "../../../src/features/knowledge/query-schema.ts";
import { SharePage } from "../../../src/features/sharing/schema.ts";
import { newId } from "../../../src/lib/ids.ts";
import { call, callFor, problemOf } from "../../support/api.ts";
import { connectAs } from "../../support/database.ts";
import { newColleague } from "../../support/intruders.ts";
import { deliver, found, ingested, messageFor } from "../../support/knowledge.ts";
import * as shares from "../../support/sharing.ts";
import { type Grant, handbookOf } from "../../support/sharing.ts";
import { newUser, type TestUser } from "../../support/users.ts";

const admin = () => connectAs(env, "postgres");

let owner: TestUser;
let colleague: TestUser;
let third: TestUser;

beforeAll(async () => {
  owner = await newUser(env);
  [colleague, third] = [await newColleague(owner), await newColleague(owner)];
});

const shared = (
  resource: { id: string },
  right: Grant["right"],
  to: TestUser | null = colleague,
  by = owner,
) => shares.shared(resource, { by, to, right });
const handbook = () => handbookOf(owner);

async function statusFor(as: TestUser, { id }: { id: string }): Promise<number> {
  return (await call("GET", `/api/v1/rag/collections/${id}`, { as })).status;
}

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

test("a share with all members is seen by each, and ended by who gave it alone", async () => {
  const { collection } = await handbook();
  const given = await shared(collection, "read", null);
  for (const as of [owner, colleague, third]) {
    const { data } = await callFor(SharePage, "GET", `/shares?resource_id=${collection.id}`, { as });
    expect(data).toEqual([given]);
  }
  expect((await call("DELETE", `/api/v1/shares/${given.id}`, { as: colleague })).status).toBe(404);
  expect(await statusFor(colleague, collection)).toBe(200);
  expect((await call("DELETE", `/api/v1/shares/${given.id}`, { as: owner })).status).toBe(204);
  expect([await statusFor(colleague, collection), await statusFor(third, collection)]).toEqual([404, 404]);
});

test("who leaves the tenant reaches nothing of it with the token they still have, and gets nothing back by returning", async () => {
  const { collection } = await handbook();
  const guest = await newColleague(owner);
  await shared(collection, "write", guest);
  expect(await statusFor(guest, collection)).toBe(200);
  const left = sql`delete from members where tenant_id = ${owner.tenantId} and user_id = ${guest.userId}`;
  await admin().execute(left);
  const body = { collection_id: collection.id, query: "otters", content: "Mine." };
  const attempts = [
    ["GET", "/rag/collections"],
    ["GET", `/rag/collections/${collection.id}`],
    ["GET", "/shares"],
    ["POST", "/rag/search"],
    ["POST", "/rag/documents"],
  ] as const;
  for (const [method, path] of attempts) {
    const refused = await call(method, `/api/v1${path}`, { as: guest, ...(method === "POST" && { body }) });
    expect(await problemOf(refused), `${method} ${path}`).toMatchObject({ status: 403, code: "forbidden" });
  }
  await admin().execute(sql`
    insert into members (tenant_id, user_id, role) values (${owner.tenantId}, ${guest.userId}, 'member')`);
  expect(await statusFor(guest, collection)).toBe(404);
});

test("a change of role or a disabled account counts from the next request on, with the token they still have", async () => {
  const { collection } = await handbook();
  const guest = await newColleague(owner);
  await shared(collection, "write", guest);
  const send = async () => {
    const body = { collection_id: collection.id, content: "A heron." };
    return call("POST", "/api/v1/rag/documents", { as: guest, body });
  };
  expect((await send()).status).toBe(202);
  await admin().execute(sql`update members set role = 'readonly' where user_id = ${guest.userId}`);
  expect(await problemOf(await send())).toMatchObject({ status: 403, code: "forbidden" });
  expect(await statusFor(guest, collection)).toBe(200);
  await admin().execute(sql`update users set disabled_at = now() where id = ${guest.userId}`);
  expect(await problemOf(await send())).toMatchObject({ status: 403, code: "account_disabled" });
  expect(await statusFor(guest, collection)).toBe(403);
});

test("what somebody shares ends when they leave the tenant, and with their account and the tenant itself", async () => {
  const giver = await newColleague(owner);
  const count = async (of: TestUser) =>
    (await admin().execute(sql`select id from shares where user_id = ${of.userId}`)).rows.length;
  const { collection } = await handbookOf(giver);
  await shared(collection, "read", colleague, giver);
  await shared(collection, "read", null, giver);
  await admin().execute(sql`
    delete from members where tenant_id = ${owner.tenantId} and user_id = ${giver.userId}`);
  expect(await count(giver)).toBe(0);
  expect(await statusFor(colleague, collection)).toBe(404);

  // By the role that has accounts and tenants, with vectors that an index outside is to drop.
  const identity = connectAs(env, "adjutant_identity");
  const leaver = await newColleague(owner);
  const theirs = await handbookOf(leaver);
  await shared(theirs.collection, "read", colleague, leaver);
  const { rows: outside } = await admin().execute(sql`
    update chunk_vectors set shard = 'knowledge' where user_id = ${leaver.userId} returning chunk_id`);
  expect(outside).toHaveLength(1);
  await identity.execute(sql`delete from users where id = ${leaver.userId}`);
  expect(await count(leaver)).toBe(0);
  expect(await statusFor(colleague, theirs.collection)).toBe(404);
  const { rows: removals } = await admin().execute(sql`
    select chunk_id from vector_removals where user_id = ${leaver.userId}`);
  expect(removals).toEqual(outside);

  const founder = await newUser(env);
  const member = await newColleague(founder);
  await shared((await handbookOf(founder)).collection, "read", member, founder);
  await identity.execute(sql`delete from tenants where id = ${founder.tenantId}`);
  expect(await count(founder)).toBe(0);
});

test("what a writer deletes is found by nobody at once, in no version, and is gone from every index in the end", async () => {
  const { collection, document } = await handbook();
  const kept = await ingested(owner, { collection_id: collection.id, content: "Otters sleep by day." });
  await shared(collection, "write");
  await shared(collection, "read", third);
  await admin().execute(sql`
    update chunk_vectors set shard = 'knowledge' where chunk_id in (select id from chunks where document_id = ${document.id})`);
  expect((await call("DELETE", `/api/v1/rag/documents/${document.id}`, { as: colleague })).status).toBe(204);
  for (const as of [owner, colleague, third]) {
    const ids = async (more = {}) =>
      (await found(as, collection, "otters", more)).map((hit) => hit.document.id);
    expect(await ids()).toEqual([kept.id]);
    expect(await ids({ filter: { document_ids: [document.id] } })).toEqual([]);
  }
  for (const version of [1, 2]) {
    const hits = await found(owner, collection, "otters", { version });
    expect(hits.map((hit) => hit.document.id)).toEqual(version === 1 ? [] : [kept.id]);
  }
  await deliver(messageFor(owner, document));
  const { rows } = await admin().execute(sql`
    select (select count(*)::integer from chunks where document_id = ${document.id}) as chunks,
      (select count(*)::integer from vector_removals where user_id = ${owner.userId}) as removals`);
  expect(rows).toEqual([{ chunks: 0, removals: 1 }]);
});

test("an upload of a writer's that breaks off leaves nothing of itself, and can be repeated with its key", async () => {
  const { collection } = await handbook();
  await shared(collection, "write");
  const text = `${"The lake lies still. ".repeat(2_000)}The otters play.`;
  const send = (bytes: string) =>
    call("POST", `/api/v1/rag/documents?collection_id=${collection.id}`, {
      as: colleague,
      bytes,
      headers: { "content-type": "text/plain", "content-digest": digestOf(text), "idempotency-key": key },
    });
  const key = newId();
  const waiting = async () =>
    (
      await admin().execute(sql`
      select id from documents where collection_id = ${collection.id} and status <> 'ready'`)
    ).rows.length;
  expect((await send(text.replace("otters", "0tters"))).status).toBe(400);
  expect(await waiting()).toBe(0);
  expect((await send(text)).status).toBe(202);
  expect(await waiting()).toBe(1);
});

test("what somebody asks of a shared collection is kept for them alone", async () => {
  const { collection } = await handbook();
  await shared(collection, "read");
  const question = `What of the otters ${newId()}?`;
  const body = { collection_ids: [collection.id], question };
  expect((await call("POST", "/api/v1/rag/query", { as: colleague, body })).status).toBe(200);
  const asked = async (as: TestUser) =>
    (await callFor(LoggedQueryPage, "GET", "/rag/queries?kind=question", { as })).data.map(
      (each) => each.question,
    );
  expect(await asked(colleague)).toEqual([question]);
  expect(await asked(owner)).toEqual([]);
  const { rows } = await admin().execute(sql`
    select user_id from knowledge_queries
    where kind = 'question' and user_id in (${owner.userId}, ${colleague.userId})`);
  expect(rows).toEqual([{ user_id: colleague.userId }]);
});

function digestOf(text: string): string {
  return `sha-256=:${createHash("sha256").update(text).digest("base64")}:`;
}
