import { env } from "cloudflare:workers";
import { sql } from "drizzle-orm";
import { expect, test } from "vitest";
import { Collection, CollectionPage } from "../../../src/features/knowledge/schema.ts";
import { call, callFor, problemOf } from "../../support/api.ts";
import { connectAs } from "../../support/database.ts";
import { newCollection } from "../../support/knowledge.ts";
import { newUser } from "../../support/users.ts";

test("a collection is made, read, changed and listed", async () => {
  const user = await newUser(env);
  const made = await newCollection(user, { description: "What we agreed on" });
  const path = `/rag/collections/${made.id}`;
  expect(await callFor(Collection, "GET", path, { as: user })).toEqual(made);
  const settings = { chunk_tokens: 128, overlap_tokens: 16 };
  const changed = await callFor(Collection, "PATCH", path, { as: user, body: { name: "Rules", settings } });
  expect(changed).toMatchObject({ name: "Rules", description: "What we agreed on", settings, version: 2 });
  const finer = await callFor(Collection, "PATCH", path, {
    as: user,
    body: { settings: { chunk_tokens: 64 } },
  });
  expect(finer).toEqual({
    ...changed,
    settings: { chunk_tokens: 64, overlap_tokens: 16 },
    version: 3,
    updated_at: finer.updated_at,
  });
  const other = await newCollection(user);
  const first = await callFor(CollectionPage, "GET", "/rag/collections?limit=1", { as: user });
  expect(first.data).toEqual([other]);
  const next = `/rag/collections?limit=1&cursor=${first.next_cursor}`;
  expect((await callFor(CollectionPage, "GET", next, { as: user })).data).toEqual([finer]);
});

test("what changes nothing makes no version", async () => {
  const user = await newUser(env);
  const made = await newCollection(user, { description: "What we agreed on" });
  const { name, settings, versions_kept } = made;
  for (const body of [
    {},
    { name },
    { settings: {} },
    { description: made.description, settings, versions_kept },
  ]) {
    expect(await callFor(Collection, "PATCH", `/rag/collections/${made.id}`, { as: user, body })).toEqual(
      made,
    );
  }
  const stale = { as: user, body: {}, headers: { "if-match": '"7"' } };
  expect(await problemOf(await call("PATCH", `/api/v1/rag/collections/${made.id}`, stale))).toMatchObject({
    status: 412,
  });
});

test("a change or deletion of another version than the one that was read is refused", async () => {
  const user = await newUser(env);
  const path = `/api/v1/rag/collections/${(await newCollection(user)).id}`;
  const headers = { "if-match": '"7"' };
  const change = await call("PATCH", path, { as: user, body: { name: "Late" }, headers });
  expect(await problemOf(change)).toMatchObject({ status: 412 });
  expect(await problemOf(await call("DELETE", path, { as: user, headers }))).toMatchObject({ status: 412 });
});

test("a deleted collection is out of sight, and who did what is on record", async () => {
  const user = await newUser(env);
  const { id } = await newCollection(user);
  const path = `/api/v1/rag/collections/${id}`;
  expect((await call("DELETE", path, { as: user })).status).toBe(204);
  expect((await call("GET", path, { as: user })).status).toBe(404);
  expect((await call("DELETE", path, { as: user })).status).toBe(404);
  const search = { collection_id: id, query: "anything" };
  expect((await call("POST", "/api/v1/rag/search", { as: user, body: search })).status).toBe(404);
  const { rows } = await connectAs(env, "postgres").execute<{ event: string }>(
    sql`select event from audit_logs where subject_id = ${id} order by at, id`,
  );
  expect(rows.map(({ event }) => event)).toEqual(["collection.created", "collection.deleted"]);
});
