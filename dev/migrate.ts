/**
 * Applies migrations/*.sql forward-only, in the order of their names, on any Neon or PostgreSQL address that Neon's
 * driver reaches: `DATABASE_ADMIN_URL=… npm run db:migrate`.
 */
import { createHash } from "node:crypto";
import { readdir, readFile } from "node:fs/promises";
import { join } from "node:path";
import { Client } from "@neondatabase/serverless";

const MIGRATIONS = join(import.meta.dirname, "../migrations");

/** Readable by every role: the health check compares it with what the Worker was built from. */
const LEDGER = `
  CREATE TABLE IF NOT EXISTS schema_migrations (
    name text PRIMARY KEY,
    hash text NOT NULL,
    applied_at timestamptz NOT NULL DEFAULT now()
  );
  GRANT SELECT ON schema_migrations TO PUBLIC;
`;

/** A second runner waits here until the first one's transaction ended, and then finds its row. */
const ONE_AT_A_TIME = "SELECT pg_advisory_xact_lock(hashtext('schema_migrations'))";

export interface MigrateTarget {
  /** Connection string of the role that owns the tables. */
  url: string;
  /** Address of a local proxy, `host:port/path`; absent for Neon itself. */
  wsProxy?: string;
  directory?: string;
}

/**
 * Applies what is missing, each file in a transaction of its own, and answers the names it applied. Safe to repeat and
 * to run from several processes at once. Throws when a file changed after it was applied.
 */
export async function migrate(target: MigrateTarget): Promise<string[]> {
  const client = connect(target);
  await client.connect();
  try {
    await client.query(`BEGIN; ${ONE_AT_A_TIME}; ${LEDGER} COMMIT;`);
    const directory = target.directory ?? MIGRATIONS;
    const names = (await readdir(directory)).filter((name) => name.endsWith(".sql")).sort();
    const applied: string[] = [];
    for (const name of names) {
      if (await applyOne(client, name, await readFile(join(directory, name), "utf8"))) applied.push(name);
    }
    return applied;
  } finally {
    await client.end();
  }
}

function connect({ url, wsProxy }: MigrateTarget): Client {
  const client = new Client(url);
  if (wsProxy) {
    client.neonConfig.wsProxy = () => wsProxy;
    client.neonConfig.useSecureWebSocket = false;
    client.neonConfig.pipelineTLS = false;
    client.neonConfig.pipelineConnect = "password";
  }
  return client;
}

async function applyOne(client: Client, name: string, sql: string): Promise<boolean> {
  const hash = createHash("sha256").update(sql).digest("hex");
  await client.query("BEGIN");
  try {
    await client.query(ONE_AT_A_TIME);
    const known = await client.query<{ hash: string }>("SELECT hash FROM schema_migrations WHERE name = $1", [
      name,
    ]);
    const previous = known.rows[0]?.hash;
    if (previous !== undefined && previous !== hash) {
      throw new Error(
        `Migration ${name} changed after it was applied. Restore the file and add a new migration.`,
      );
    }
    if (previous === undefined) {
      await client.query(sql);
      await client.query("INSERT INTO schema_migrations (name, hash) VALUES ($1, $2)", [name, hash]);
    }
    await client.query("COMMIT");
    return previous === undefined;
  } catch (error) {
    await client.query("ROLLBACK");
    throw new Error(`Migration ${name} was not applied: ${error instanceof Error ? error.message : error}`, {
      cause: error,
    });
  }
}

async function main(): Promise<void> {
  const url = process.env.DATABASE_ADMIN_URL;
  if (!url)
    throw new Error("Set DATABASE_ADMIN_URL to the connection string of the role that owns the tables.");
  const wsProxy = process.env.NEON_WS_PROXY;
  const applied = await migrate({ url, ...(wsProxy ? { wsProxy } : {}) });
  console.log(
    applied.length === 0 ? "Nothing to apply: the database is current." : `Applied ${applied.join(", ")}.`,
  );
}

if (import.meta.main) {
  await main().catch((error: unknown) => {
    console.error(error instanceof Error ? error.message : error);
    process.exitCode = 1;
  });
}
