/** What only many connections can show: a real server, since the embedded one never runs two statements at once. */
import { createHash, randomBytes } from "node:crypto";
import { Client } from "@neondatabase/serverless";
import { afterAll, beforeAll, expect, test } from "vitest";
import { migrate } from "../../../dev/migrate.ts";
import { createSecrets } from "../../../dev/secrets.ts";
import { workerVars } from "../../../dev/worker-vars.ts";
import { register } from "../../../src/features/auth/service.ts";
import { newId } from "../../../src/lib/ids.ts";
import { findPostgres, type RealPostgres, startRealPostgres } from "../../support/real-postgres.ts";
import { guestCtx, PASSWORD, PASSWORD_HASH } from "../../support/users.ts";

const bin = await findPostgres();
const HOUR_MS = 3_600_000;

let postgres: RealPostgres;
let env: object;

beforeAll(async () => {
  if (!bin) return;
  postgres = await startRealPostgres(bin);
  const { wsProxy } = postgres;
  await migrate({ url: postgres.url("postgres"), wsProxy });
  await withClient("postgres", async (client) => {
    for (const role of ["adjutant_app", "adjutant_identity"])
      await client.query(`alter role ${role} password 'local'`);
  });
  const urls = {
    admin: postgres.url("postgres"),
    app: postgres.url("adjutant_app"),
    identity: postgres.url("adjutant_identity"),
    scheduler: postgres.url("adjutant_scheduler"),
  };
  const settings = workerVars({
    environment: "test",
    publicUrl: "http://adjutant.test",
    // Everything here talks over WebSockets: the relay has no HTTP side.
    postgres: { urls, wsProxy, fetchEndpoint: "http://127.0.0.1:9/sql" },
    secrets: createSecrets(),
    modelUrl: "http://127.0.0.1:9",
  });
  const bindings = ["USER_HUB", "OBJECTS", "INGEST", "ANALYTICS", "EMAIL", "MAINTENANCE", "AUTH_RATE_LIMIT"];
  env = { ...settings, ...Object.fromEntries(bindings.map((name) => [name, {}])) };
});

afterAll(async () => postgres?.stop());

test.skipIf(!bin)("of many who register one address at once, exactly one gets it", async () => {
  const email = `${newId()}@example.com`;
  const attempts = await Promise.allSettled(
    Array.from({ length: 8 }, () =>
      register(guestCtx(env), { email, password: PASSWORD }, { passwordHash: PASSWORD_HASH }),
    ),
  );
  const lost = attempts.filter((attempt) => attempt.status === "rejected");
  expect(lost).toHaveLength(7);
  for (const { reason } of lost) expect(reason).toMatchObject({ code: "email_taken" });
  const made = await withClient("postgres", (client) =>
    client.query(
      "select (select count(*) from users where email = $1) as users, (select count(*) from tenants) as tenants",
      [email],
    ),
  );
  expect(made.rows).toEqual([{ users: "1", tenants: "1" }]);
});

test.skipIf(!bin)(
  "many clients with one token at once: the same client is forgiven, and every pair works",
  async () => {
    const { token } = await newSession();
    const at = Date.now();
    const rivals = await Promise.all(Array.from({ length: 12 }, () => rotate({ token, at, client: "me" })));
    expect(rivals.map(({ outcome }) => outcome)).toEqual(Array(12).fill("rotated"));
    const next = await Promise.all(
      rivals.map(({ successor }) => rotate({ token: successor, at, client: "me" })),
    );
    expect(next.map(({ outcome }) => outcome)).toEqual(Array(12).fill("rotated"));
  },
);

test.skipIf(!bin)(
  "of two different clients with one token at once, one is found out and the session ends",
  async () => {
    for (let round = 0; round < 20; round++) {
      const { token } = await newSession();
      const at = Date.now();
      const both = await Promise.all(["me", "thief"].map((client) => rotate({ token, at, client })));
      expect(both.map(({ outcome }) => outcome).sort()).toEqual(["reused", "rotated"]);
      for (const { successor } of both) {
        expect((await rotate({ token: successor, at, client: "me" })).outcome).toBe("unknown");
      }
    }
  },
);

test.skipIf(!bin)(
  "a late replay while the family goes on refreshing ends it once, without a deadlock",
  async () => {
    for (let round = 0; round < 20; round++) {
      const { sessionId, token } = await newSession();
      const at = Date.now();
      const first = await rotate({ token, at, client: "me" });
      const later = at + HOUR_MS;
      const race = await Promise.all([
        rotate({ token, at: later, client: "me" }),
        rotate({ token: first.successor, at: later, client: "me" }),
        rotate({ token, at: later, client: "me" }),
      ]);
      const outcomes = race.map(({ outcome }) => outcome);
      expect(outcomes.filter((outcome) => outcome === "reused")).toHaveLength(1);
      const trail = await withClient("postgres", (client) =>
        client.query("select event from audit_logs where subject_id = $1", [sessionId]),
      );
      expect(trail.rows).toEqual([{ event: "session.reuse_detected" }]);
    }
  },
);

test.skipIf(!bin)("a statement that runs longer than a verb may is stopped", async () => {
  const { userId, tenantId } = await newSession();
  const slow = withClient("adjutant_app", async (client) => {
    await client.query("begin");
    await client.query("select * from app.authorize($1, $2, null, false, array['owner'], true, 50)", [
      tenantId,
      userId,
    ]);
    await client.query("select pg_sleep(10)");
  });
  await expect(slow).rejects.toMatchObject({ code: "57014" });
});

async function newSession() {
  const [userId, tenantId, sessionId] = [newId(), newId(), newId()];
  const token = randomBytes(32).toString("hex");
  await withClient("postgres", async (client) => {
    await client.query("insert into users (id, email) values ($1, $2)", [userId, `${userId}@example.com`]);
    await client.query("insert into tenants (id, kind) values ($1, 'personal')", [tenantId]);
    await client.query("insert into members (tenant_id, user_id, role) values ($1, $2, 'owner')", [
      tenantId,
      userId,
    ]);
    await client.query(
      "insert into sessions (id, user_id, tenant_id, token, expires_at) values ($1::uuid, $2, $3, $1::text, now() + interval '30 days')",
      [sessionId, userId, tenantId],
    );
    await client.query("insert into refresh_tokens (hash, session_id) values ($1, $2)", [
      sha256(token),
      sessionId,
    ]);
  });
  return { userId, tenantId, sessionId, token };
}

async function rotate({ token, at, client }: { token: string; at: number; client: string }) {
  const successor = randomBytes(32).toString("hex");
  const { rows } = await withClient("adjutant_identity", (connection) =>
    connection.query<{ outcome: string }>(
      `select outcome from app.rotate_refresh_token($1, $2, $3, $4, interval '10 seconds', interval '30 days', $5, 'test')`,
      [sha256(token), sha256(successor), sha256(client), new Date(at).toISOString(), newId()],
    ),
  );
  return { outcome: rows[0]?.outcome, successor };
}

function sha256(text: string): string {
  return `\\x${createHash("sha256").update(text).digest("hex")}`;
}

async function withClient<Result>(role: string, work: (client: Client) => Promise<Result>): Promise<Result> {
  const client = new Client(postgres.url(role));
  const { wsProxy } = postgres;
  Object.assign(client.neonConfig, {
    wsProxy: () => wsProxy,
    useSecureWebSocket: false,
    pipelineTLS: false,
    pipelineConnect: "password",
  });
  await client.connect();
  try {
    return await work(client);
  } finally {
    await client.end();
  }
}
