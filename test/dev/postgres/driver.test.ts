import { once } from "node:events";
import { Client, neon, neonConfig, Pool } from "@neondatabase/serverless";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { WebSocket } from "ws";
import { int32, message, simpleQuery, zeroTerminated } from "../../../dev/postgres/protocol.ts";
import { type LocalPostgres, startPostgres } from "../../../dev/postgres/server.ts";

let postgres: LocalPostgres;

beforeAll(async () => {
  postgres = await startPostgres();
  neonConfig.fetchEndpoint = postgres.fetchEndpoint;
  neonConfig.wsProxy = () => postgres.wsProxy;
  neonConfig.useSecureWebSocket = false;
  neonConfig.pipelineTLS = false;
  neonConfig.pipelineConnect = "password";
  const admin = await connect(postgres.urls.admin);
  await admin.query(`
    CREATE ROLE adjutant_app LOGIN NOSUPERUSER NOBYPASSRLS;
    CREATE TABLE notes (id int PRIMARY KEY, tenant text NOT NULL);
    ALTER TABLE notes ENABLE ROW LEVEL SECURITY;
    CREATE POLICY own ON notes USING (tenant = (SELECT current_setting('app.tenant', true)));
    GRANT SELECT, INSERT ON notes TO adjutant_app;
    CREATE TABLE counters (id int PRIMARY KEY, value int NOT NULL);
    INSERT INTO counters VALUES (1, 0), (2, 0), (3, 0);
  `);
  await admin.end();
});
afterAll(() => postgres.close());

describe("over HTTP", () => {
  it("answers values that the driver parses by their types, from raw text", async () => {
    const sql = neon(postgres.urls.admin);
    const [row] =
      await sql`SELECT 1::int AS i, 9007199254740993::bigint AS big, 1.50::numeric AS exact, true AS yes,
      ARRAY[1, 2] AS list, '{"a":1}'::jsonb AS json, NULL::text AS nothing, ''::text AS empty, '\\x00ff'::bytea AS bytes`;
    expect(row).toEqual({
      i: 1,
      big: "9007199254740993",
      exact: "1.50",
      yes: true,
      list: [1, 2],
      json: { a: 1 },
      nothing: null,
      empty: "",
      bytes: Buffer.from([0, 255]),
    });
  });

  it("gives a custom parser the text exactly as the server wrote it", async () => {
    const seen: string[] = [];
    const keep = { getTypeParser: () => (text: string) => seen.push(text) };
    await neon(postgres.urls.admin).query(
      "SELECT '2026-01-02 03:04:05.678901+00'::timestamptz, 0.1::float8",
      [],
      { types: keep },
    );
    expect(seen).toEqual(["2026-01-02 03:04:05.678901+00", "0.1"]);
  });

  it("passes parameters through and counts the rows that a command touched", async () => {
    const sql = neon(postgres.urls.admin, { fullResults: true });
    const result = await sql`INSERT INTO counters VALUES (${100}, ${7}), (${101}, ${"8"}) RETURNING value`;
    expect(result).toMatchObject({ command: "INSERT", rowCount: 2, rows: [{ value: 7 }, { value: 8 }] });
  });

  it("turns a failed statement into the driver's error with PostgreSQL's fields", async () => {
    const failure = neon(postgres.urls.admin)`INSERT INTO counters VALUES (1, 1)`;
    await expect(failure).rejects.toMatchObject({
      name: "NeonDbError",
      code: "23505",
      severity: "ERROR",
      constraint: "counters_pkey",
      table: "counters",
    });
  });

  it("runs a batch as one transaction, so that a failure leaves nothing of it", async () => {
    const sql = neon(postgres.urls.admin);
    const batch = sql.transaction([sql`INSERT INTO counters VALUES (200, 1)`, sql`SELECT 1 / 0`]);
    await expect(batch).rejects.toMatchObject({ code: "22012" });
    expect(await sql`SELECT * FROM counters WHERE id = 200`).toEqual([]);
  });

  it("opens a batch with the isolation and access mode that were asked for", async () => {
    const sql = neon(postgres.urls.admin);
    const questions = [sql`SHOW transaction_isolation`, sql`SHOW transaction_read_only`];
    const answers = await sql.transaction(questions, { isolationLevel: "Serializable", readOnly: true });
    expect(answers).toEqual([[{ transaction_isolation: "serializable" }], [{ transaction_read_only: "on" }]]);
    const write = sql.transaction([sql`DELETE FROM counters`], { readOnly: true });
    await expect(write).rejects.toMatchObject({ code: "25006" });
  });

  it("keeps no setting of one request for the next", async () => {
    const sql = neon(postgres.urls.admin);
    await sql`SELECT set_config('app.tenant', 'first', false)`;
    const [row] = await sql`SELECT current_setting('app.tenant', true) AS tenant`;
    expect(row?.["tenant"] ?? "").toBe("");
  });

  it("rolls back a transaction that a single request left open", async () => {
    const sql = neon(postgres.urls.admin);
    await sql`BEGIN ISOLATION LEVEL SERIALIZABLE`;
    expect(await sql`SHOW transaction_isolation`).toEqual([{ transaction_isolation: "read committed" }]);
  });

  it("refuses a user who does not exist", async () => {
    const sql = neon(postgres.urls.admin.replace("postgres:", "nobody:"));
    await expect(sql`SELECT 1`).rejects.toMatchObject({ code: "22023" });
  });
});

describe("row-level security", () => {
  it("hides other tenants' rows from the role in the address, and refuses to write them", async () => {
    const app = neon(postgres.urls.app);
    const asTenant = (tenant: string) => app`SELECT set_config('app.tenant', ${tenant}, true)`;
    await app.transaction([asTenant("a"), app`INSERT INTO notes VALUES (1, 'a')`]);
    expect(await app`SELECT * FROM notes`).toEqual([]);
    const [, seen] = await app.transaction([asTenant("b"), app`SELECT * FROM notes`]);
    expect(seen).toEqual([]);
    const [, own] = await app.transaction([asTenant("a"), app`SELECT * FROM notes`]);
    expect(own).toEqual([{ id: 1, tenant: "a" }]);
    const foreign = app.transaction([asTenant("b"), app`INSERT INTO notes VALUES (2, 'a')`]);
    await expect(foreign).rejects.toMatchObject({ code: "42501" });
  });

  it("holds over a socket too", async () => {
    const client = await connect(postgres.urls.app);
    const { rows } = await client.query(
      "SELECT current_user, session_user, (SELECT count(*)::int FROM notes) AS seen",
    );
    expect(rows).toEqual([{ current_user: "adjutant_app", session_user: "adjutant_app", seen: 0 }]);
    await client.end();
  });
});

describe("over a WebSocket", () => {
  it("serves interactive transactions one after the other, so that none loses an update", async () => {
    const pool = new Pool({ connectionString: postgres.urls.admin, max: 8 });
    await Promise.all(Array.from({ length: 40 }, () => increment(pool, 1)));
    const { rows } = await pool.query("SELECT value FROM counters WHERE id = 1");
    expect(rows).toEqual([{ value: 40 }]);
    await pool.end();
  });

  it("lets requests over HTTP in between transactions, never inside one", async () => {
    const pool = new Pool({ connectionString: postgres.urls.admin, max: 4 });
    const sql = neon(postgres.urls.admin);
    const reads = Array.from({ length: 20 }, () => sql`SELECT value % 2 AS half FROM counters WHERE id = 2`);
    const writes = Array.from({ length: 20 }, async () => {
      await increment(pool, 2, 2);
    });
    const seen = await Promise.all(reads);
    await Promise.all(writes);
    expect(seen.flat()).toEqual(Array.from({ length: 20 }, () => ({ half: 0 })));
    await pool.end();
  });

  it("works with a driver that waits for each step of the handshake", async () => {
    const client = new Client(postgres.urls.admin);
    client.neonConfig.pipelineConnect = false;
    await client.connect();
    expect((await client.query("SELECT 1 AS one")).rows).toEqual([{ one: 1 }]);
    await client.end();
  });

  it("rolls back what a dropped socket left open, and serves the next", async () => {
    const client = await openRaw();
    client.send(simpleQuery("BEGIN; INSERT INTO counters VALUES (300, 1)"));
    await once(client, "message");
    client.terminate();
    expect(await neon(postgres.urls.admin)`SELECT * FROM counters WHERE id = 300`).toEqual([]);
  });

  it("rolls back when the socket drops between the messages of one query", async () => {
    const client = await openRaw();
    client.send(simpleQuery("BEGIN"));
    await once(client, "message");
    client.send(
      message(
        "P",
        zeroTerminated(""),
        zeroTerminated("INSERT INTO counters VALUES (301, 1)"),
        Buffer.alloc(2),
      ),
    );
    await once(client, "message");
    client.terminate();
    expect(await neon(postgres.urls.admin)`SELECT * FROM counters WHERE id = 301`).toEqual([]);
  });

  it("does not run what a socket asked for that dropped before its turn", async () => {
    const holder = await connect(postgres.urls.admin);
    await holder.query("BEGIN");
    const waiter = await openRaw();
    waiter.send(simpleQuery("INSERT INTO counters VALUES (302, 1)"));
    waiter.terminate();
    // By the end of these round trips the server has seen the socket go.
    for (let trip = 0; trip < 3; trip++) await holder.query("SELECT 1");
    await holder.query("COMMIT");
    await holder.end();
    expect(await neon(postgres.urls.admin)`SELECT * FROM counters WHERE id = 302`).toEqual([]);
  });

  it("ends a transaction that waits too long for its client, and says why", async () => {
    const impatient = await startPostgres({ idleTransactionMs: 50 });
    const client = new Client(impatient.urls.admin);
    client.neonConfig.wsProxy = () => impatient.wsProxy;
    const ended = new Promise<Error>((resolve) => client.once("error", resolve));
    client.on("error", () => {});
    await client.connect();
    await client.query("BEGIN");
    await client.query("CREATE TABLE never (id int)");
    expect((await ended).message).toMatch(/waited 50 ms for its client/);
    const next = new Client(impatient.urls.admin);
    next.neonConfig.wsProxy = () => impatient.wsProxy;
    await next.connect();
    expect((await next.query("SELECT to_regclass('never') AS never")).rows).toEqual([{ never: null }]);
    await next.end();
    await impatient.close();
  });

  it("reports an error inside a transaction and refuses further statements until it is rolled back", async () => {
    const client = await connect(postgres.urls.admin);
    await client.query("BEGIN");
    await expect(client.query("SELECT 1 / 0")).rejects.toMatchObject({ code: "22012" });
    await expect(client.query("SELECT 1")).rejects.toMatchObject({ code: "25P02" });
    await client.query("ROLLBACK");
    expect((await client.query("SELECT 1 AS one")).rows).toEqual([{ one: 1 }]);
    await client.end();
  });

  it("closes a socket that names no known user", async () => {
    const client = new Client(postgres.urls.admin.replace("postgres:", "nobody:"));
    client.on("error", () => {});
    await expect(client.connect().then(() => client.query("SELECT 1"))).rejects.toThrow(/nobody/);
  });
});

it("searches vectors by distance", async () => {
  const sql = neon(postgres.urls.admin);
  await sql`CREATE EXTENSION IF NOT EXISTS vector`;
  const [row] = await sql`SELECT '[1,0]'::vector <=> '[0,1]'::vector AS distance`;
  expect(row).toEqual({ distance: 1 });
});

async function increment(pool: Pool, id: number, times = 1): Promise<void> {
  const client = await pool.connect();
  await client.query("BEGIN");
  for (let time = 0; time < times; time++) {
    const { rows } = await client.query<{ value: number }>("SELECT value FROM counters WHERE id = $1", [id]);
    await client.query("UPDATE counters SET value = $1 WHERE id = $2", [rows[0]!.value + 1, id]);
  }
  await client.query("COMMIT");
  client.release();
}

async function connect(url: string): Promise<Client> {
  const client = new Client(url);
  await client.connect();
  return client;
}

/** A client that can vanish without a goodbye. */
async function openRaw(): Promise<WebSocket> {
  const socket = new WebSocket(`ws://${postgres.wsProxy}`);
  await once(socket, "open");
  const startup = Buffer.concat([int32(196_608), Buffer.from("user\0postgres\0\0")]);
  socket.send(Buffer.concat([int32(startup.length + 4), startup]));
  await once(socket, "message");
  socket.send(message("p", zeroTerminated("any")));
  await once(socket, "message");
  return socket;
}
