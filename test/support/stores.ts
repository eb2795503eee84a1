/** Everything the service keeps, read raw: for tests that look for what must not be there. */

import { listDurableObjectIds, runInDurableObject } from "cloudflare:test";
import { env } from "cloudflare:workers";
import { sql } from "drizzle-orm";
import { readEnv } from "../../src/platform/env.ts";
import type { Resting } from "./canary.ts";
import { connectAs } from "./database.ts";

export async function allStores(): Promise<Resting[]> {
  return [...(await postgresRows()), ...(await durableObjectRows()), ...(await objectsInR2())];
}

async function postgresRows(): Promise<Resting[]> {
  const database = connectAs(env, "postgres");
  const tables = await database.execute<{ name: string }>(
    sql`select format('%I.%I', table_schema, table_name) as name from information_schema.tables
        where table_type = 'BASE TABLE' and table_schema not in ('pg_catalog', 'information_schema')`,
  );
  const resting: Resting[] = [];
  for (const { name } of tables.rows) {
    const rows = await database.execute<{ row: string }>(
      sql.raw(`select row_to_json(t)::text as row from ${name} t`),
    );
    resting.push({ place: `table ${name}`, bytes: Buffer.from(rows.rows.map(({ row }) => row).join("\n")) });
  }
  return resting;
}

async function durableObjectRows(): Promise<Resting[]> {
  const { userHub } = readEnv(env);
  const resting: Resting[] = [];
  for (const id of await listDurableObjectIds(userHub)) {
    const found = await runInDurableObject(userHub.get(id), (_, { storage }) => rowsOf(storage));
    resting.push(...found);
  }
  return resting;
}

function rowsOf({ sql: database }: DurableObjectStorage): Resting[] {
  const tables = database
    .exec<{ name: string }>("SELECT name FROM sqlite_master WHERE type = 'table'")
    .toArray();
  const resting: Resting[] = [];
  for (const { name } of tables.filter((table) => !table.name.startsWith("_cf_"))) {
    const parts: Buffer[] = [];
    for (const row of database.exec(`SELECT * FROM ${name}`).toArray()) {
      for (const value of Object.values(row)) {
        parts.push(value instanceof ArrayBuffer ? Buffer.from(value) : Buffer.from(String(value)));
      }
    }
    resting.push({ place: `hub table ${name}`, bytes: Buffer.concat(parts) });
  }
  return resting;
}

async function objectsInR2(): Promise<Resting[]> {
  const { objects } = readEnv(env);
  const resting: Resting[] = [];
  for (const { key } of (await objects.list()).objects) {
    const object = await objects.get(key);
    if (object) resting.push({ place: `object ${key}`, bytes: Buffer.from(await object.arrayBuffer()) });
  }
  return resting;
}
