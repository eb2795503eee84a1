/** What the service keeps of one person, row by row: the same before and after means that nothing was changed. */
import { env } from "cloudflare:workers";
import { sql } from "drizzle-orm";
import { connectAs } from "./database.ts";
import { inHub } from "./hub.ts";
import type { TestUser } from "./users.ts";

/** When the hub looks after something again: it puts that off by itself. */
const PLANNED = new Set(["due_at"]);
/** Good for half a minute, and dropped by whatever comes after. */
const PASSING = new Set(["tickets"]);

export async function belongingsOf(user: TestUser): Promise<string[]> {
  return [...(await rowsInPostgres(user)), ...(await rowsInHub(user))].toSorted();
}

async function rowsInPostgres({ userId }: TestUser): Promise<string[]> {
  const database = connectAs(env, "postgres");
  const tables = await database.execute<{ name: string }>(
    sql`select format('%I.%I', table_schema, table_name) as name from information_schema.columns
        where table_schema not in ('pg_catalog', 'information_schema') and column_name = 'user_id'`,
  );
  const rows: string[] = [];
  for (const { name } of tables.rows) {
    const found = await database.execute<{ row: string }>(
      sql`select row_to_json(t)::text as row from ${sql.raw(name)} t where user_id = ${userId}`,
    );
    rows.push(...found.rows.map(({ row }) => `${name} ${row}`));
  }
  return rows;
}

function rowsInHub(user: TestUser): Promise<string[]> {
  return inHub(user, ({ storage }) => {
    const tables = storage.sql
      .exec<{ name: string }>("SELECT name FROM sqlite_master WHERE type = 'table'")
      .toArray()
      .filter(({ name }) => !name.startsWith("_cf_") && !PASSING.has(name));
    return tables.flatMap(({ name }) =>
      storage.sql
        .exec(`SELECT * FROM ${name}`)
        .toArray()
        .map((row) => `hub ${name} ${JSON.stringify(Object.entries(row).map(readable))}`),
    );
  });
}

function readable([column, value]: [string, unknown]): [string, unknown] {
  if (PLANNED.has(column)) return [column, "…"];
  return [column, value instanceof ArrayBuffer ? Buffer.from(value).toString("base64") : value];
}
