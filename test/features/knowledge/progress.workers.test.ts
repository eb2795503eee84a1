/** What a person hears while their documents are read. */
import { env } from "cloudflare:workers";
import { beforeEach, expect, test } from "vitest";
import { ingestDocument } from "../../../src/features/knowledge/ingest.ts";
import { Document } from "../../../src/features/knowledge/schema.ts";
import { call } from "../../support/api.ts";
import {
  deliver,
  documentOf,
  ingested,
  messageFor,
  newCollection,
  sendDocument,
} from "../../support/knowledge.ts";
import { connect, type TestSocket } from "../../support/socket.ts";
import { newUser, type TestUser, userCtx } from "../../support/users.ts";

const SECRET = "otters";
/** Of some hundred chunks. */
const LONG = Array.from(
  { length: 1_500 },
  (_, day) => `On day ${day} the ${SECRET} of the lake were counted.`,
).join("\n\n");

let user: TestUser;
let device: TestSocket;
let collection: { id: string };

beforeEach(async () => {
  user = await newUser(env);
  device = await connect(user);
  collection = await newCollection(user, { settings: { chunk_tokens: 64, overlap_tokens: 0 } });
});

const heardOf = (topic: string) => device.all("event").filter((event) => event.topic === topic);
/** That the collection has another content. */
const contents = () => heardOf("collections").filter(({ data }) => data["change"] === "content");

test("how far a document is read is told in order, at the start, at each tenth and at the end, by ids and numbers", async () => {
  const sent = await sendDocument(user, { collection_id: collection.id, title: SECRET, content: LONG });
  await deliver(messageFor(user, sent));
  await device.until(() => contents().length > 0, "the collection's event");
  const told = heardOf("documents").map(({ data }) => data);
  const { chunks } = await documentOf(user, sent);
  expect(chunks).toBeGreaterThan(240);
  expect(told[0]).toEqual({
    id: sent.id,
    collection_id: collection.id,
    version: 1,
    status: "parsing",
    progress: 0,
  });
  expect(told.at(-1)).toMatchObject({ id: sent.id, status: "ready", progress: 1 });
  const shares = told.slice(1, -1).map(({ status, progress }) => {
    expect(status).toBe("embedding");
    return Number(progress);
  });
  expect(shares.length).toBeGreaterThan(5);
  expect(shares.length).toBeLessThanOrEqual(11);
  expect(shares).toEqual(shares.toSorted((one, other) => one - other));
  expect(contents().map(({ data }) => data)).toEqual([{ id: collection.id, change: "content" }]);
  expect(JSON.stringify(device.all("event"))).not.toContain(SECRET);
});

test("that a document cannot be read is told with the kind of reason", async () => {
  const failed = await ingested(user, { collection_id: collection.id, content: " \n " });
  expect(failed.status).toBe("failed");
  await device.until(() => heardOf("documents").length >= 2, "its end");
  expect(heardOf("documents").at(-1)?.data).toMatchObject({
    id: failed.id,
    status: "failed",
    reason_code: "empty",
  });
  expect(contents()).toEqual([]);
});

test("that a reading was stopped is told, by who asked for it and by a restoration", async () => {
  const lastOf = ({ id }: { id: string }) =>
    heardOf("documents").findLast(({ data }) => data["id"] === id)?.data["status"];
  const sent = await sendDocument(user, { collection_id: collection.id, content: "Never read." });
  await call("POST", `/api/v1/rag/documents/${sent.id}/cancel`, { as: user });
  await device.until(() => lastOf(sent) === "cancelled", "the end of its reading");
  const ready = await ingested(user, { collection_id: collection.id, content: "Now and then." });
  const path = `/api/v1/rag/documents/${ready.id}`;
  const again = await call("PUT", path, { as: user, body: { content: "Later." } });
  await deliver(messageFor(user, Document.parse(await again.json())));
  const renamed = await call("PATCH", path, { as: user, body: { title: "For the second time" } });
  const { version } = Document.parse(await renamed.json());
  await call("POST", `/api/v1/rag/collections/${collection.id}/restore`, { as: user, body: { version: 1 } });
  const isStopped = ({ data }: { data: Record<string, unknown> }) =>
    data["id"] === ready.id && data["status"] === "ready" && Number(data["version"]) > version;
  await device.until(() => heardOf("documents").some(isStopped), "the end of its second reading");
});

test("that a collection has another content is told when a document goes and when a version is restored", async () => {
  const ready = await ingested(user, { collection_id: collection.id, content: "Here today." });
  await device.until(() => contents().length === 1, "its publication");
  const gone = await ingested(user, { collection_id: collection.id, content: "Gone tomorrow." });
  await device.until(() => contents().length === 2, "the other's publication");
  expect((await call("DELETE", `/api/v1/rag/documents/${gone.id}`, { as: user })).status).toBe(204);
  await device.until(() => contents().length === 3, "the deletion");
  const restored = await call("POST", `/api/v1/rag/collections/${collection.id}/restore`, {
    as: user,
    body: { version: 1 },
  });
  expect(restored.status).toBe(200);
  await device.until(() => contents().length === 4, "the restoration");
  expect(new Set(contents().map(({ data }) => data["id"]))).toEqual(new Set([collection.id]));
  expect(ready.status).toBe("ready");
});

test("what comes again is not told again", async () => {
  const ready = await ingested(user, { collection_id: collection.id, content: "Once." });
  await device.until(() => contents().length === 1, "the collection's event");
  const before = device.all("event").length;
  await deliver(messageFor(user, ready));
  const other = await ingested(user, { collection_id: collection.id, content: "Another." });
  await device.until(() => contents().length === 2, "the other's event");
  const after = device.all("event").slice(before);
  expect(after.filter(({ topic }) => topic === "documents").map(({ data }) => data["id"])).not.toContain(
    ready.id,
  );
  expect(other.status).toBe("ready");
});

test("a document is read though nobody can be told of it", async () => {
  const sent = await sendDocument(user, { collection_id: collection.id, content: "Unheard of." });
  const actor = { kind: "system", job: "document.ingest", userId: user.userId } as const;
  const ctx = userCtx(env, user, { actor });
  const publish = () => Promise.reject(new Error("the hub is gone"));
  await ingestDocument({ ...ctx, ports: { ...ctx.ports, publish } }, { documentId: sent.id, version: 1 });
  expect(await documentOf(user, sent)).toMatchObject({ status: "ready", chunks: 1 });
  expect([...heardOf("documents"), ...contents()]).toEqual([]);
});
