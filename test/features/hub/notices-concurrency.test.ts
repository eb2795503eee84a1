/** Changes while hubs are being told, on a real server: the embedded one never runs two statements at once. */
import { neon, neonConfig } from "@neondatabase/serverless";
import { afterAll, beforeAll, expect, test } from "vitest";
import { migrate } from "../../../dev/migrate.ts";
import { createSecrets } from "../../../dev/secrets.ts";
import { workerVars } from "../../../dev/worker-vars.ts";
import { CreateAgent } from "../../../src/features/custom-agents/schema.ts";
import { createAgent } from "../../../src/features/custom-agents/service.ts";
import type { PublishedEvent } from "../../../src/features/hub/schema.ts";
import { tellDueHubs } from "../../../src/features/hub/service.ts";
import { newId } from "../../../src/lib/ids.ts";
import { createLogger } from "../../../src/lib/logger.ts";
import type { Ctx } from "../../../src/platform/context.ts";
import { openSchedulerDatabase } from "../../../src/platform/scheduler-db.ts";
import { findPostgres, type RealPostgres, startRealPostgres } from "../../support/real-postgres.ts";
import { type RealSql, serveSql } from "../../support/real-sql.ts";
import { newUser, userCtx } from "../../support/users.ts";

const bin = await findPostgres();
/** Enough for a change to meet those who tell in each of their steps. */
const ROUNDS = 20;
const CHANGES = 5;
const silent = createLogger({}, () => {});

let postgres: RealPostgres;
let sql: RealSql;
let ctx: Ctx;
/** What the hubs were told. */
const heard: PublishedEvent[] = [];

beforeAll(async () => {
  if (!bin) return;
  postgres = await startRealPostgres(bin);
  sql = await serveSql(postgres);
  const { wsProxy } = postgres;
  await migrate({ url: postgres.url("postgres"), wsProxy });
  const urls = {
    admin: postgres.url("postgres"),
    app: postgres.url("adjutant_app"),
    identity: postgres.url("adjutant_identity"),
    scheduler: postgres.url("adjutant_scheduler"),
  };
  const vars = workerVars({
    environment: "test",
    publicUrl: "http://adjutant.test",
    postgres: { urls, wsProxy, fetchEndpoint: sql.fetchEndpoint },
    secrets: createSecrets(),
    modelUrl: "http://127.0.0.1:9",
  });
  const bindings = ["OBJECTS", "INGEST", "ANALYTICS", "EMAIL", "MAINTENANCE", "AUTH_RATE_LIMIT"];
  const publishEvent = async (event: PublishedEvent) => void heard.push(event);
  const hub = { getByName: () => ({ publishEvent }) };
  const env = { ...vars, ...Object.fromEntries(bindings.map((name) => [name, {}])), USER_HUB: hub };
  neonConfig.fetchEndpoint = sql.fetchEndpoint;
  for (const role of ["app", "identity", "scheduler"]) {
    await admin(`alter role adjutant_${role} password 'local'`);
  }
  ctx = userCtx(env, await newUser(env));
});

afterAll(async () => {
  await sql?.stop();
  await postgres?.stop();
});

test.skipIf(!bin)("the last change is told, whatever is told while changes are made", async () => {
  const { id } = await createAgent(ctx, CreateAgent.parse({ name: "Helper" }), newId());
  // The verb has told it, and notes that after its answer.
  await expect.poll(() => admin("select id from hub_notices")).toEqual([]);
  for (let round = 0; round < ROUNDS; round++) {
    const changes = Array.from({ length: CHANGES }, () =>
      admin(`update custom_agents set version = version + 1 where id = '${id}'`),
    );
    await Promise.all([...changes, tellDue(), tellDue(), tellDue()]);
    await tellDue();
    expect(await admin("select id from hub_notices"), `round ${round}`).toEqual([]);
    const versions = heard.map(({ topic, data }) => (topic === "agents" ? data.version : 0));
    expect(Math.max(...versions), `round ${round}`).toBe(1 + CHANGES * (round + 1));
  }
});

/** As the schedule does once the time has come. */
async function tellDue(): Promise<void> {
  await admin("update hub_notices set due_at = now() where due_at > now()");
  await tellDueHubs(openSchedulerDatabase(ctx.config.database), ctx.ports, silent);
}

function admin(query: string): Promise<Record<string, unknown>[]> {
  return neon(postgres.url("postgres")).query(query) as Promise<Record<string, unknown>[]>;
}
