/** Row-level security as the catalogue of the migrated database has it, so that a new table is covered by being made. */
import { env } from "cloudflare:workers";
import { type SQL, sql } from "drizzle-orm";
import { beforeAll, expect, test } from "vitest";
import { chats } from "../../src/features/chat/tables.ts";
import { newId } from "../../src/lib/ids.ts";
import { connectAs } from "../support/database.ts";
import { newUser, type TestUser } from "../support/users.ts";

const admin = () => connectAs(env, "postgres");
const app = () => connectAs(env, "adjutant_app");

/** Kept by the migration runner; names of files, nobody's data. */
const LEDGER = "schema_migrations";

/** What Drizzle makes of SQLSTATE 42501, insufficient privilege. */
const REFUSED = { cause: { code: "42501" } };

interface TableRow extends Record<string, unknown> {
  name: string;
  enabled: boolean;
  forced: boolean;
  has_tenant: boolean;
  app_reads: boolean;
}

let tables: TableRow[];
let one: TestUser;
let other: TestUser;

beforeAll(async () => {
  [one, other] = [await newUser(env), await newUser(env)];
  const { rows } = await admin().execute<TableRow>(sql`
    select c.relname as name, c.relrowsecurity as enabled, c.relforcerowsecurity as forced,
      exists (select from pg_attribute a where a.attrelid = c.oid and a.attname = 'tenant_id' and not a.attisdropped)
        as has_tenant,
      has_table_privilege('adjutant_app', c.oid, 'select') as app_reads
    from pg_class c
    where c.relnamespace = 'public'::regnamespace and c.relkind in ('r', 'p') and c.relname <> ${LEDGER}
    order by c.relname`);
  tables = rows;
});

test("every table forces row-level security, on its owner too", () => {
  expect(tables.length).toBeGreaterThan(5);
  expect(tables.filter(({ enabled, forced }) => !enabled || !forced).map(({ name }) => name)).toEqual([]);
});

test("a query without a tenant sees nothing in any table", async () => {
  const seen: string[] = [];
  for (const { name, app_reads } of tables) {
    if (app_reads && (await count(app(), name)) > 0) seen.push(name);
  }
  expect(seen).toEqual([]);
  // The rows are there: an empty database would prove nothing.
  expect(await count(admin(), "members")).toBeGreaterThanOrEqual(2);
});

test("the application role cannot read accounts, sessions, tokens or keys at all", () => {
  const unreadable = tables.filter(({ app_reads }) => !app_reads).map(({ name }) => name);
  expect(unreadable).toEqual(
    expect.arrayContaining(["accounts", "data_keys", "refresh_tokens", "sessions", "users"]),
  );
});

test("every table that the application reads belongs to tenants", () => {
  const shared = tables.filter(
    ({ name, app_reads, has_tenant }) => app_reads && !has_tenant && name !== "tenants",
  );
  expect(shared.map(({ name }) => name)).toEqual([]);
});

test("a tenant sees its own rows only, in every table", async () => {
  const tenantTables = tables.filter(({ app_reads, has_tenant }) => app_reads && has_tenant);
  for (const user of [one, other]) {
    for (const { name } of tenantTables) {
      const table = sql.identifier(name);
      const [rows] = await inTenant(user, sql`select distinct tenant_id from ${table}`);
      expect([[], [{ tenant_id: user.tenantId }]], name).toContainEqual(rows);
    }
  }
  const [seen] = await inTenant(one, sql`select user_id from members`);
  expect(seen).toEqual([{ user_id: one.userId }]);
});

test("a row cannot be written into another tenant", async () => {
  const foreign = {
    id: newId(),
    tenantId: other.tenantId,
    userId: one.userId,
    title: new Uint8Array([1]),
  };
  const written = inTenant(one, app().insert(chats).values(foreign).getSQL());
  await expect(written).rejects.toMatchObject({ code: "42501" });
});

test("a colleague in the same tenant sees none of one's chats", async () => {
  const id = newId();
  await admin()
    .insert(chats)
    .values({ id, tenantId: one.tenantId, userId: one.userId, title: new Uint8Array([1]) });
  const [mine] = await inTenant(one, sql`select id from chats`);
  expect(mine).toEqual([{ id }]);
  const [theirs] = await inTenant(
    { tenantId: one.tenantId, userId: other.userId },
    sql`select id from chats`,
  );
  expect(theirs).toEqual([]);
});

test("our roles can neither bypass isolation nor own anything", async () => {
  const { rows } = await admin().execute(sql`
    select r.rolname from pg_roles r
    where r.rolname like 'adjutant%' and (r.rolsuper or r.rolbypassrls or r.rolcreaterole or r.rolcreatedb
      or exists (select from pg_class c where c.relowner = r.oid and c.relkind in ('r', 'p')))`);
  expect(rows).toEqual([]);
});

test("the identity role reads no tenant's data, and the audit trail only grows", async () => {
  const identity = connectAs(env, "adjutant_identity");
  for (const name of ["chats", "messages", "audit_logs"]) {
    await expect(count(identity, name), name).rejects.toMatchObject(REFUSED);
  }
  for (const role of ["adjutant_app", "adjutant_identity", "adjutant_scheduler"] as const) {
    const { rows } = await admin().execute<{ changes: boolean }>(sql`
      select has_table_privilege(${role}, 'audit_logs', 'update, delete, truncate') as changes`);
    expect(rows[0]?.changes, role).toBe(false);
  }
});

test("the scheduler sees what is due and nothing else", async () => {
  const [fresh, due] = [newId(), newId()];
  const row = { tenantId: other.tenantId, userId: other.userId, title: new Uint8Array([1]) };
  const longAgo = new Date(Date.now() - 31 * 86_400_000);
  await admin()
    .insert(chats)
    .values([
      { ...row, id: fresh, deletedAt: new Date() },
      { ...row, id: due, deletedAt: longAgo },
    ]);
  const scheduler = connectAs(env, "adjutant_scheduler");
  const { rows } = await scheduler.execute<{ id: string }>(sql`select id from chats`);
  expect(rows.map(({ id }) => id)).toContain(due);
  expect(rows.map(({ id }) => id)).not.toContain(fresh);
  await expect(scheduler.execute(sql`select title from chats`)).rejects.toMatchObject(REFUSED);
});

test("functions that act for the identity role are not for everybody", async () => {
  const { rows } = await admin().execute<{ name: string }>(sql`
    select p.proname as name from pg_proc p
    where p.pronamespace = 'app'::regnamespace and has_function_privilege('public', p.oid, 'execute')
    order by p.proname`);
  expect(rows.map(({ name }) => name)).toEqual(["tenant_id", "user_id"]);
});

type Connection = ReturnType<typeof connectAs>;

async function count(connection: Connection, table: string): Promise<number> {
  const { rows } = await connection.execute<{ total: string }>(
    sql`select count(*) as total from ${sql.identifier(table)}`,
  );
  return Number(rows[0]?.total);
}

/** One query as the application role, with tenant and person set and no permission asked. */
async function inTenant({ tenantId, userId }: Pick<TestUser, "tenantId" | "userId">, query: SQL) {
  const connection = app();
  const [, answer] = await connection.batch([
    connection.execute(
      sql`select set_config('app.tenant_id', ${tenantId}, true), set_config('app.user_id', ${userId}, true)`,
    ),
    connection.execute(query),
  ]);
  return [answer.rows];
}
