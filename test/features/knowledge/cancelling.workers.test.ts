import { env } from "cloudflare:workers";
import { sql } from "drizzle-orm";
import { beforeAll, expect, test } from "vitest";
import {
  type Collection,
  CollectionStatistics,
  Document,
  DocumentPage,
} from "../../../src/features/knowledge/schema.ts";
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

let user: TestUser;
let collection: Collection;

beforeAll(async () => {
  user = await newUser(env);
  collection = await newCollection(user);
});

function cancel({ id }: { id: string }, as = user): Promise<Response> {
  return call("POST", `/api/v1/rag/documents/${id}/cancel`, { as });
}

test("one that never was read is cancelled, is not read by the message that was on its way, and can be read again", async () => {
  const sent = await sendDocument(user, { collection_id: collection.id, content: "Otters by the lake." });
  const cancelled = Document.parse(await (await cancel(sent)).json());
  expect(cancelled).toMatchObject({ status: "cancelled", reason: expect.stringContaining("cancelled") });
  const listed = await callFor(DocumentPage, "GET", "/rag/documents?status=cancelled", { as: user });
  expect(listed.data).toEqual([cancelled]);
  const path = `/rag/collections/${collection.id}/statistics`;
  const { documents } = await callFor(CollectionStatistics, "GET", path, { as: user });
  expect(documents).toMatchObject({ queued: 0, failed: 0, cancelled: 1 });
  expect(await problemOf(await cancel(sent))).toMatchObject({ status: 409 });
  await deliver(messageFor(user, sent));
  expect(await documentOf(user, sent)).toEqual(cancelled);
  expect(await found(user, collection, "otters")).toEqual([]);
  const again = await callFor(Document, "POST", `/rag/documents/${sent.id}/retry`, { as: user });
  expect(again).toMatchObject({ status: "queued", reason: null });
  await deliver(messageFor(user, again));
  expect(await documentOf(user, sent)).toMatchObject({ status: "ready", reason: null });
});

test("one that has been read before is what it was, and can be replaced again", async () => {
  const before = await ingested(user, { collection_id: collection.id, content: "Herons in the reeds." });
  const replace = (content: string) =>
    callFor(Document, "PUT", `/rag/documents/${before.id}`, { as: user, body: { content } });
  const replaced = await replace("Cranes on the meadow.");
  const cancelled = Document.parse(await (await cancel(before)).json());
  expect(cancelled).toMatchObject({ status: "ready", progress: 1, chunks: 1, size: before.size });
  await deliver(messageFor(user, replaced));
  // The schedule comes by for what is left of it.
  await deliver(messageFor(user, cancelled));
  expect((await found(user, collection, "herons"))[0]?.document.id).toBe(before.id);
  expect((await found(user, collection, "cranes")).filter(({ text }) => text.includes("Cranes"))).toEqual([]);
  await deliver(messageFor(user, await replace("Storks on the roof.")));
  expect((await found(user, collection, "storks"))[0]?.document.id).toBe(before.id);
});

test("one whose cancelled upload has gone is left alone by the schedule, and goes with its collection", async () => {
  const own = await newCollection(user);
  const before = await ingested(user, { collection_id: own.id, content: "Swifts under the roof." });
  await callFor(Document, "PUT", `/rag/documents/${before.id}`, { as: user, body: { content: "Martins." } });
  const cancelled = Document.parse(await (await cancel(before)).json());
  const admin = connectAs(env, "postgres");
  const stateOf = async () =>
    (await admin.execute(sql`select due_at is not null as is_due from documents where id = ${before.id}`))
      .rows;
  expect(await stateOf()).toEqual([{ is_due: true }]);
  // Whoever reads another document of the collection may come first.
  await ingested(user, { collection_id: own.id, content: "Kites above the field." });
  await deliver(messageFor(user, cancelled));
  expect(await stateOf()).toEqual([{ is_due: false }]);
  await call("DELETE", `/api/v1/rag/collections/${own.id}`, { as: user });
  await admin.execute(
    sql`update collections set deleted_at = now() - interval '30 days 1 minute' where id = ${own.id}`,
  );
  await deliver(messageFor(user, cancelled));
  expect(await stateOf()).toEqual([]);
});

test("one that was taken out of sight before is what it was, and comes back with its version", async () => {
  const own = await newCollection(user);
  await ingested(user, { collection_id: own.id, content: "Swallows." });
  const hidden = await ingested(user, { collection_id: own.id, content: "Wagtails by the brook." });
  const restore = (version: number) =>
    call("POST", `/api/v1/rag/collections/${own.id}/restore`, { as: user, body: { version } });
  await restore(1);
  await callFor(Document, "PUT", `/rag/documents/${hidden.id}`, { as: user, body: { content: "Plovers." } });
  const cancelled = Document.parse(await (await cancel(hidden)).json());
  expect(cancelled).toMatchObject({ status: "ready", reason: null, chunks: 0 });
  await restore(2);
  expect((await found(user, own, "wagtails"))[0]?.document.id).toBe(hidden.id);
});

test("only what is being read is cancelled, and only by who may write", async () => {
  const ready = await ingested(user, { collection_id: collection.id, content: "Beavers." });
  expect(await problemOf(await cancel(ready))).toMatchObject({ status: 409, code: "conflict" });
  const colleague = await newColleague(user);
  const waiting = await sendDocument(user, { collection_id: collection.id, content: "Voles." });
  expect(await problemOf(await cancel(waiting, colleague))).toMatchObject({ status: 404 });
  expect((await documentOf(user, waiting)).status).toBe("queued");
});
