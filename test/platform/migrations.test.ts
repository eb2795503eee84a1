import { readdir, readFile } from "node:fs/promises";
import { fileURLToPath } from "node:url";
import { PGlite } from "@electric-sql/pglite";
import { vector } from "@electric-sql/pglite-pgvector";
import { generateDrizzleJson, generateMigration } from "drizzle-kit/api";
import { expect, test } from "vitest";

const DIRECTORY = fileURLToPath(new URL("../../migrations/", import.meta.url).href);

async function migrateAs(role: string, arrange: string, extensions = {}): Promise<PGlite> {
  const database = await PGlite.create({ extensions });
  await database.exec(`${arrange}; set session authorization ${role}`);
  const names = (await readdir(DIRECTORY)).filter((name) => name.endsWith(".sql")).sort();
  for (const name of names) {
    const sql = await readFile(DIRECTORY + name, "utf8");
    await database.transaction((transaction) => transaction.exec(sql));
  }
  return database;
}

test("the migrations run as an owner that is no superuser, as a provider gives one", async () => {
  const database = await migrateAs(
    "console_owner",
    "create role console_owner login createrole createdb bypassrls; alter database postgres owner to console_owner",
  );
  const { rows } = await database.query(
    "select rolname from pg_roles where rolname like 'adjutant%' and not rolsuper and not rolbypassrls order by 1",
  );
  expect(rows).toEqual([
    { rolname: "adjutant_app" },
    { rolname: "adjutant_identity" },
    { rolname: "adjutant_scheduler" },
  ]);
  await database.exec("set session authorization adjutant_app");
  const { rows: members } = await database.query("select * from members");
  expect(members).toEqual([]);
  await database.close();
});

test.each([
  ["keeps vectors as text where pgvector is missing", {}, "text"],
  ["keeps vectors as pgvector has them where it is there", { vector }, "vector"],
])("a memory %s", async (_, extensions, type) => {
  const database = await migrateAs("postgres", "select 1", extensions);
  const { rows } = await database.query(
    "select format_type(atttypid, null) as type from pg_attribute where attrelid = 'memories'::regclass and attname = 'embedding'",
  );
  expect(rows).toEqual([{ type }]);
  await database.close();
});

test("a role made elsewhere that could bypass isolation stops the first migration", async () => {
  await expect(migrateAs("postgres", "create role adjutant_app login bypassrls")).rejects.toThrow(
    "adjutant_app could bypass row-level security",
  );
});

test("the tables of the code are the tables of the migrations", async () => {
  const modules = import.meta.glob<Record<string, unknown>>("../../src/features/*/tables.ts", {
    eager: true,
  });
  const tables = Object.assign({}, ...Object.values(modules));
  const snapshots = (await readdir(`${DIRECTORY}meta`))
    .filter((name) => name.endsWith("_snapshot.json"))
    .sort();
  const last = JSON.parse(await readFile(`${DIRECTORY}meta/${snapshots.at(-1)}`, "utf8"));
  const statements = await generateMigration(last, generateDrizzleJson(tables, last.id));
  expect(statements, "run `npm run db:generate`").toEqual([]);
});
