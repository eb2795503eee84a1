import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { DatabaseSync } from "node:sqlite";
import { neon, neonConfig } from "@neondatabase/serverless";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { z } from "zod";
import { migrate } from "../../dev/migrate.ts";
import { type LocalPostgres, startPostgres } from "../../dev/postgres/server.ts";

const ROOT = join(import.meta.dirname, "../..");

/** What each class may be made of; bytes and free JSON are where words could hide. */
const CLASSES: Readonly<Record<string, RegExp>> = {
  id: /^(uuid|text|integer|bigint|_uuid)$/,
  time: /^(timestamp with time zone|integer)$/,
  count: /^(integer|int4multirange|_int8)$/,
  enum: /^text$/,
  flag: /^(boolean|integer)$/,
  name: /^text$/,
  share: /^real$/,
  vector: /^(user-defined|text|blob|bit varying)$/,
  "e-mail": /^text$/,
  hash: /^(bytea|text|uuid|bigint|_int8)$/,
  "password hash": /^text$/,
  "wrapped key": /^(bytea|blob)$/,
  enveloped: /^(bytea|blob|text)$/,
  details: /^(jsonb|text)$/,
};

const Columns = z.array(z.object({ table: z.string(), column: z.string(), type: z.string() }));
type Columns = z.infer<typeof Columns>;

let postgres: LocalPostgres;
let map: string;

beforeAll(async () => {
  map = await readFile(join(ROOT, "docs/storage-map.md"), "utf8");
  postgres = await startPostgres();
});
afterAll(() => postgres.close());

describe("the storage map", () => {
  it("has every column of the migrated database, each in a class that fits its type", async () => {
    await migrate({ url: postgres.urls.admin, wsProxy: postgres.wsProxy });
    neonConfig.fetchEndpoint = postgres.fetchEndpoint;
    const rows = await neon(postgres.urls.admin)`
      SELECT c.table_name AS table, c.column_name AS column, CASE c.data_type WHEN 'ARRAY' THEN c.udt_name ELSE c.data_type END AS type
      FROM information_schema.columns c JOIN information_schema.tables t USING (table_schema, table_name)
      WHERE c.table_schema = 'public' AND t.table_type = 'BASE TABLE'`;
    compare(readMap("## Postgres"), Columns.parse(rows));
  });

  it("has every column of the hub's own database, each in a class that fits its type", async () => {
    compare(readMap("## The hub"), await hubColumns());
  });
});

function compare(told: Map<string, string>, real: Columns): void {
  expect(real.length).toBeGreaterThan(20);
  expect([...told.keys()].toSorted()).toEqual(
    real.map(({ table, column }) => `${table}.${column}`).toSorted(),
  );
  const misfits = real.filter(({ table, column, type }) => {
    const fitting = CLASSES[told.get(`${table}.${column}`) ?? ""];
    return fitting?.test(type.toLowerCase()) !== true;
  });
  expect(misfits).toEqual([]);
}

/** `table.column` → class, of the tables under one heading. */
function readMap(heading: string): Map<string, string> {
  const [, section = ""] = map.split(`\n${heading}\n`);
  const told = new Map<string, string>();
  let table = "";
  for (const line of (section.split(/\n## /)[0] ?? "").split("\n")) {
    table = /^### `(\w+)`/.exec(line)?.[1] ?? table;
    const [, column, kind] = /^\| `(\w+)` \| ([\w -]+) \|/.exec(line) ?? [];
    if (column && kind) told.set(`${table}.${column}`, kind);
  }
  return told;
}

/** The hub's statements, run by a real SQLite. */
async function hubColumns(): Promise<Columns> {
  const source = await readFile(join(ROOT, "durable-objects/user-hub/storage.ts"), "utf8");
  const statements = source.match(/^CREATE TABLE[^;]+;/gm) ?? [];
  const database = new DatabaseSync(":memory:");
  database.exec(statements.join("\n"));
  const rows = database
    .prepare(
      `SELECT t.name AS "table", c.name AS "column", c.type AS type
       FROM sqlite_master t JOIN pragma_table_info(t.name) c WHERE t.type = 'table'`,
    )
    .all();
  return Columns.parse(rows);
}
