import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { neon, neonConfig } from "@neondatabase/serverless";
import { afterEach, beforeEach, expect, it } from "vitest";
import { type MigrateTarget, migrate } from "../../dev/migrate.ts";
import { type LocalPostgres, startPostgres } from "../../dev/postgres/server.ts";

let postgres: LocalPostgres;
let directory: string;

beforeEach(async () => {
  postgres = await startPostgres();
  neonConfig.fetchEndpoint = postgres.fetchEndpoint;
  directory = await mkdtemp(join(tmpdir(), "migrations-"));
  await writeFile(
    join(directory, "0000_first.sql"),
    "CREATE TABLE first (id int); INSERT INTO first VALUES (1);",
  );
});
afterEach(async () => {
  await postgres.close();
  await rm(directory, { recursive: true });
});

it("applies each file once, in the order of their names", async () => {
  await writeFile(join(directory, "0001_second.sql"), "INSERT INTO first VALUES (2);");
  expect(await migrate(target())).toEqual(["0000_first.sql", "0001_second.sql"]);
  expect(await migrate(target())).toEqual([]);
  await writeFile(join(directory, "0002_third.sql"), "INSERT INTO first VALUES (3);");
  expect(await migrate(target())).toEqual(["0002_third.sql"]);
  expect(await neon(postgres.urls.admin)`SELECT id FROM first ORDER BY id`).toEqual([
    { id: 1 },
    { id: 2 },
    { id: 3 },
  ]);
});

it("leaves nothing of a file that fails, and names it", async () => {
  await writeFile(join(directory, "0001_broken.sql"), "INSERT INTO first VALUES (2); SELECT 1 / 0;");
  await expect(migrate(target())).rejects.toThrow(/0001_broken.sql was not applied: division by zero/);
  expect(await neon(postgres.urls.admin)`SELECT id FROM first`).toEqual([{ id: 1 }]);
});

it("refuses a file that changed after it was applied", async () => {
  await migrate(target());
  await writeFile(join(directory, "0000_first.sql"), "CREATE TABLE other (id int);");
  await expect(migrate(target())).rejects.toThrow(/changed after it was applied/);
});

it("applies each file once though two runners start together", async () => {
  const applied = await Promise.all([migrate(target()), migrate(target())]);
  expect(applied.flat()).toEqual(["0000_first.sql"]);
});

it("applies the project's own migrations and leaves the Worker's roles unable to bypass isolation", async () => {
  await migrate({ url: postgres.urls.admin, wsProxy: postgres.wsProxy });
  const roles = await neon(postgres.urls.admin)`
    SELECT rolname, rolsuper, rolbypassrls FROM pg_roles WHERE rolname LIKE 'adjutant_%' ORDER BY rolname`;
  expect(roles).toEqual(
    ["adjutant_app", "adjutant_identity", "adjutant_scheduler"].map((rolname) => ({
      rolname,
      rolsuper: false,
      rolbypassrls: false,
    })),
  );
  const [row] = await neon(postgres.urls.app)`SELECT count(*)::int > 0 AS applied FROM schema_migrations`;
  expect(row).toEqual({ applied: true });
});

function target(): MigrateTarget {
  return { url: postgres.urls.admin, wsProxy: postgres.wsProxy, directory };
}
