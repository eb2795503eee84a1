/** What the database itself allows whom something is shared with: raw statements, as the application's role. */
import { env } from "cloudflare:workers";
import { type SQL, sql } from "drizzle-orm";
import { PgDialect } from "drizzle-orm/pg-core";
import { beforeAll, expect, test } from "vitest";
import { newId } from "../../../src/lib/ids.ts";
import { connectAs } from "../../support/database.ts";
import { newColleague } from "../../support/intruders.ts";
import { found, newCollection } from "../../support/knowledge.ts";
import { rawSql } from "../../support/raw-sql.ts";
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

const shared = (resource: { id: string }, right: Grant["right"], to = colleague, by = owner) =>
  shares.shared(resource, { by, to, right });
const handbook = () => handbookOf(owner);

test("the database itself lets a reader change nothing, and a writer delete nothing", async () => {
  const { collection, document } = await handbook();
  const touched = async (change: SQL) => (await asColleague(change)).length;
  const retitled = sql`update documents set version = version where id = ${document.id} returning id`;
  const hidden = sql`update chunks set hidden = true where document_id = ${document.id} returning id`;
  const erased = sql`delete from documents where id = ${document.id} returning id`;
  const owned = sql`update shares set "right" = 'write' where resource_id = ${collection.id} returning id`;
  const posted = sql`
    insert into postings (collection, token, block, entries)
    select collection, 1, 0, '{1}' from chunks where document_id = ${document.id} returning token`;
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
    await expect(asColleague(change)).rejects.toMatchObject({ code: "23503" });
  }
  expect(await asColleague(given(own, "collection", null))).toHaveLength(1);
});

test("the database itself keeps whose and where everything is, and the settings, from who may write", async () => {
  const { collection, document } = await handbook();
  await shared(collection, "write");
  const other = await handbook();
  const own = await newCollection(colleague);
  const me = colleague.userId;
  const numbers = await admin().execute<{ id: string; number: number }>(sql`
    select id, number from collections where id in (${collection.id}, ${other.collection.id}, ${own.id})`);
  const numberOf = ({ id }: { id: string }) => numbers.rows.find((row) => row.id === id)?.number ?? 0;
  const settings = ["body", "chunk_tokens", "embedder", "versions_kept", "version", "deleted_at"];
  const version = (of: { id: string }, home: { id: string }, user: string) => sql`
    insert into document_versions
      (document_id, number, upload_id, user_id, collection, body, type, size, chunk_tokens, overlap_tokens)
    values (${of.id}, 99, ${newId()}, ${user}, ${numberOf(home)}, '\\x00', 'text', 1, 64, 0)`;
  const added = (home: { id: string }, number: { id: string }, user: string) => sql`
    insert into documents (id, user_id, collection_id, collection, body, type, size)
    values (${newId()}, ${user}, ${home.id}, ${numberOf(number)}, '\\x00', 'text', 1)`;
  const attempts: [string, SQL][] = [
    ["42501", sql`update collections set user_id = ${me} where id = ${collection.id}`],
    ...settings.map((name): [string, SQL] => {
      const column = sql.identifier(name);
      return ["42501", sql`update collections set ${column} = ${column} where id = ${collection.id}`];
    }),
    ["42501", sql`update collection_versions set cause = cause where collection_id = ${collection.id}`],
    ["42501", sql`update documents set user_id = ${me} where id = ${document.id}`],
    [
      "42501",
      sql`update documents set collection_id = ${own.id}, collection = ${numberOf(own)} where id = ${document.id}`,
    ],
    ["42501", sql`update document_versions set user_id = ${me} where document_id = ${document.id}`],
    [
      "42501",
      sql`update chunks set user_id = ${me}, collection = ${numberOf(own)} where document_id = ${document.id}`,
    ],
    // Sent as if it were theirs, or into what it is not.
    ["23503", added(collection, collection, me)],
    ["23503", added(collection, own, owner.userId)],
    ["42501", added(own, own, owner.userId)],
    ["23503", version(document, collection, me)],
    ["23503", version(other.document, collection, owner.userId)],
    ["42501", version(other.document, other.collection, owner.userId)],
    // Made for the owner alone, by who reads the document.
    [
      "42501",
      sql`insert into chunks (id, user_id, collection, document_id, body, content_hash)
        values (${newId()}, ${owner.userId}, ${numberOf(collection)}, ${document.id}, '\\x00', '\\x00')`,
    ],
    [
      "42501",
      sql`insert into chunk_vectors (chunk_id, user_id, collection, embedder)
        select id, ${me}, ${numberOf(own)}, 'test' from chunks where document_id = ${document.id}`,
    ],
  ];
  for (const [code, query] of attempts) {
    expect((await rawSql(colleague, query)).code, new PgDialect().sqlToQuery(query).sql).toBe(code);
  }
  const left = sql`update collection_versions set left_at = now() where collection_id = ${collection.id} returning number`;
  expect(await asColleague(left)).toEqual([]);
  expect((await rawSql(owner, left)).rows).not.toEqual([]);
  expect(await found(colleague, collection, "otters")).toEqual(await found(owner, collection, "otters"));
});

test("the database itself lets nobody write what another did, nor read it who does not manage the tenant", async () => {
  const entry = (user: TestUser) => sql`
    insert into audit_logs (id, at, actor_kind, actor_id, user_id, event, request_id)
    values (${newId()}, now(), 'user', ${user.userId}, ${user.userId}, 'share.created', 'test') returning id`;
  expect((await rawSql(colleague, entry(owner))).code).toBe("42501");
  expect((await rawSql(colleague, entry(colleague))).rows).toHaveLength(1);
  const readers = async (user: TestUser) => {
    const { rows } = await rawSql(user, sql`select distinct user_id from audit_logs order by 1`);
    return rows.map((row) => row["user_id"]);
  };
  expect(await readers(colleague)).toEqual([colleague.userId]);
  expect(await readers(owner)).toEqual(expect.arrayContaining([owner.userId, colleague.userId]));
  const removal = sql`
    insert into vector_removals (chunk_id, user_id, shard) values (${newId()}, ${colleague.userId}, 'knowledge')`;
  expect((await rawSql(colleague, removal)).code).toBe("42501");
});

/** As the application role, with no verb in between. */
async function asColleague(query: SQL): Promise<unknown[]> {
  const { rows, code } = await rawSql(colleague, query);
  if (code !== undefined) throw Object.assign(new Error("refused"), { code });
  return rows;
}
