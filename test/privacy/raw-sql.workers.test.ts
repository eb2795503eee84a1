/**
 * What the database itself refuses: each row of a person is tried with raw statements, as the application's role with the
 * intruder's own ids and no verb in between. The catalogue says which tables there are, so that a new one is tried as soon
 * as a person in `settleIn` has a row in it.
 */
import { env } from "cloudflare:workers";
import { sql } from "drizzle-orm";
import { beforeAll, describe, expect, test } from "vitest";
import { z } from "zod";
import { belongingsOf } from "../support/belongings.ts";
import { connectAs } from "../support/database.ts";
import { type Inhabitant, settleIn } from "../support/inhabitant.ts";
import { INTRUDERS } from "../support/intruders.ts";
import { rawSql } from "../support/raw-sql.ts";
import type { TestUser } from "../support/users.ts";

const admin = () => connectAs(env, "postgres");

const Table = z.object({
  name: z.string(),
  /** Those that an insert may name. */
  columns: z.array(z.string()),
  /** Those that another row could not have the same of. */
  unique: z.array(z.object({ name: z.string(), type: z.string() })),
  /** Of the primary key. */
  key: z.array(z.string()),
  has_owner: z.boolean(),
  /** Its rows are parts of something that is a person's. */
  is_part: z.boolean(),
});
type Table = z.infer<typeof Table>;
type Row = Record<string, unknown>;

/** What every member of a tenant may see: who they are, and the wrapped key that opens what they share. */
const COMMON = new Set(["members", "tenant_keys"]);

let owner: Inhabitant;
let before: string[];
let rows: { table: Table; row: Row }[];

beforeAll(async () => {
  owner = await settleIn();
  before = await belongingsOf(owner.user);
  rows = [];
  for (const table of await tenantTables()) rows.push(...(await rowsOf(owner, table)));
});

async function tenantTables(): Promise<Table[]> {
  const { rows: found } = await admin().execute(sql`
    with foreign_keys as (
      select k.conrelid, k.confrelid, k.conkey from pg_constraint k where k.contype = 'f'
    ), owned as (
      select attrelid from pg_attribute where attname = 'user_id' and not attisdropped
    )
    select c.relname as name,
      array(select a.attname::text from pg_attribute a where a.attrelid = c.oid and a.attnum > 0 and not a.attisdropped
        and a.attgenerated = '' and a.attidentity = '') as columns,
      array(select jsonb_build_object('name', a.attname, 'type', format_type(a.atttypid, null)) from pg_attribute a
        where a.attrelid = c.oid and a.attname not in ('tenant_id', 'user_id') and a.attidentity = ''
          and exists (select from pg_index i where i.indrelid = c.oid and i.indisunique and a.attnum = any (i.indkey::smallint[]))
          and not exists (select from foreign_keys f where f.conrelid = c.oid and a.attnum = any (f.conkey))) as unique,
      array(select a.attname::text from pg_attribute a join pg_index i on i.indrelid = a.attrelid and i.indisprimary
        where a.attrelid = c.oid and a.attnum = any (i.indkey::smallint[])
          and array_position(i.indkey::smallint[], a.attnum) < i.indnkeyatts) as key,
      exists (select from owned where attrelid = c.oid) as has_owner,
      exists (select from foreign_keys f join owned on owned.attrelid = f.confrelid
        where f.conrelid = c.oid and f.confrelid not in ('members'::regclass)) as is_part
    from pg_class c
    where c.relnamespace = 'public'::regnamespace and c.relkind = 'r'
      and exists (select from pg_attribute a where a.attrelid = c.oid and a.attname = 'tenant_id' and not a.attisdropped)
      and has_table_privilege('adjutant_app', c.oid, 'select')
    order by c.relname`);
  return z.array(Table).parse(found);
}

/** Some of the person's; a table that does not name them has those of their tenant. */
async function rowsOf({ user }: Inhabitant, table: Table): Promise<{ table: Table; row: Row }[]> {
  if (COMMON.has(table.name)) return [];
  const whose = table.has_owner ? sql`user_id = ${user.userId}` : sql`tenant_id = ${user.tenantId}`;
  const { rows: found } = await admin().execute<{ row: Row }>(sql`
    select to_jsonb(t) as row from ${sql.identifier(table.name)} t where ${whose} limit 3`);
  return found.map(({ row }) => ({ table, row }));
}

const isRow = ({ key }: Table, row: Row) =>
  sql.join(
    key.map((column) => sql`${sql.identifier(column)}::text = ${String(row[column])}`),
    sql` and `,
  );

function inserted({ name, columns }: Table, row: Row) {
  const list = sql.join(columns.map(sql.identifier), sql`, `);
  return sql`
    insert into ${sql.identifier(name)} (${list})
    select ${list} from jsonb_populate_record(null::${sql.identifier(name)}, ${JSON.stringify(row)}::jsonb)`;
}

/** Another row of the same kind, of the same whole. */
function fresh({ unique, key }: Table, row: Row): Row {
  const names = unique.filter(({ name, type }) => type !== "text" || key.includes(name));
  const values = names.map(({ name, type }): [string, unknown] => {
    if (type === "uuid") return [name, crypto.randomUUID()];
    if (type === "integer" || type === "bigint") return [name, Number(row[name]) + 100_000];
    return [name, `${row[name]}0`];
  });
  return { ...row, ...Object.fromEntries(values) };
}

test("a person who has settled in has rows in nearly every table", () => {
  const found = new Set(rows.map(({ table }) => table.name));
  expect([...found]).toEqual(
    expect.arrayContaining([
      "chat_terms",
      "chats",
      "chunk_places",
      "chunk_vectors",
      "chunks",
      "collection_versions",
      "collections",
      "custom_agent_versions",
      "custom_agents",
      "document_versions",
      "documents",
      "knowledge_queries",
      "messages",
      "postings",
      "shares",
      "token_counts",
      "tool_executions",
    ]),
  );
});

describe.each(INTRUDERS)("%s with raw statements", (_who, arrive) => {
  let intruder: TestUser;

  beforeAll(async () => {
    intruder = await arrive(owner.user);
  });

  const touched = async (query: ReturnType<typeof sql>) => (await rawSql(intruder, query)).rows.length;

  test("reads none of the person's rows", async () => {
    const seen: string[] = [];
    for (const { table, row } of rows) {
      const name = sql.identifier(table.name);
      if ((await touched(sql`select 1 as it from ${name} where ${isRow(table, row)}`)) > 0)
        seen.push(table.name);
    }
    expect(seen).toEqual([]);
  });

  test("changes none in any column, and deletes none", async () => {
    const changed: string[] = [];
    for (const { table, row } of rows) {
      const name = sql.identifier(table.name);
      for (const column of table.columns.map(sql.identifier)) {
        const query = sql`update ${name} set ${column} = ${column} where ${isRow(table, row)} returning 1 as it`;
        if ((await touched(query)) > 0) changed.push(`${table.name}.${column.value}`);
      }
      const query = sql`delete from ${name} where ${isRow(table, row)} returning 1 as it`;
      if ((await touched(query)) > 0) changed.push(table.name);
    }
    expect(changed).toEqual([]);
  });

  test("adds none to the person's, nor one of their own to what is the person's", async () => {
    const added: string[] = [];
    for (const { table, row } of rows) {
      const own = { ...fresh(table, row), user_id: intruder.userId, tenant_id: intruder.tenantId };
      const attempts = [row, fresh(table, row), ...(table.is_part ? [own] : [])];
      for (const attempt of attempts) {
        const { code } = await rawSql(intruder, inserted(table, attempt));
        if (code === undefined) added.push(`${table.name} ${JSON.stringify(attempt)}`);
        // Refused for what it is, and not for how it is written.
        expect(["42501", "23503", "23505"], `${table.name} ${code}`).toContain(code);
      }
    }
    expect(added).toEqual([]);
  });

  test("moves none of their own to the person", async () => {
    const moved: string[] = [];
    for (const { table, row } of rows) {
      const name = sql.identifier(table.name);
      const query = sql`update ${name} set tenant_id = ${String(row["tenant_id"])} returning 1 as it`;
      if ((await touched(query)) > 0) moved.push(table.name);
    }
    expect(moved).toEqual([]);
  });
});

test("the person's things are as they were", async () => {
  expect(await belongingsOf(owner.user)).toEqual(before);
});

test("a key that leads to what is a person's names the person too, unless something else sees to it", async () => {
  const { rows: keys } = await admin().execute<{ name: string }>(sql`
    select k.conname as name
    from pg_constraint k join pg_attribute whole on whole.attrelid = k.confrelid
      join pg_attribute part on part.attrelid = k.conrelid and part.attname = whole.attname
    where k.contype = 'f' and k.connamespace = 'public'::regnamespace
      and whole.attname in ('tenant_id', 'user_id') and not whole.attnum = any (k.confkey)
    group by 1 order by 1`);
  expect(keys.map(({ name }) => name)).toEqual([
    // Chunk and place are both of the document that the key names.
    "chunk_places_chunk_of_document",
    // A policy asks for the chunk.
    "chunk_vectors_chunk_id_chunks_id_fk",
    // Policies ask whose the collection is.
    "postings_collection_collections_number_fk",
    "token_counts_collection_collections_number_fk",
  ]);
});

test("no row changes its place: every table with a tenant refuses to, whoever asks", async () => {
  const { rows: loose } = await admin().execute<{ name: string }>(sql`
    select c.relname as name from pg_class c join pg_attribute a on a.attrelid = c.oid
    where c.relnamespace = 'public'::regnamespace and c.relkind = 'r' and not a.attisdropped
      and a.attname in ('tenant_id', 'user_id')
      and has_column_privilege('adjutant_app', c.oid, a.attname, 'update') and not exists (
        select from pg_trigger t where t.tgrelid = c.oid and t.tgname = 'place_stays' and a.attnum = any (t.tgattr::smallint[]))`);
  expect(loose).toEqual([]);
});
