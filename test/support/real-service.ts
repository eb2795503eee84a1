/** The service's verbs on a real PostgreSQL server, whose many connections meet each other's locks. */
import { neonConfig } from "@neondatabase/serverless";
import { migrate } from "../../dev/migrate.ts";
import { createSecrets } from "../../dev/secrets.ts";
import { workerVars } from "../../dev/worker-vars.ts";
import { memoryBucket } from "./memory-bucket.ts";
import { startRealPostgres } from "./real-postgres.ts";
import { openPool, serveSql } from "./real-sql.ts";

const ROLES = ["adjutant_app", "adjutant_identity", "adjutant_scheduler"] as const;

export interface RealService {
  /** Bindings for contexts; what leads elsewhere than to the database leads nowhere. */
  env: Record<string, unknown> & { OBJECTS: R2Bucket };
  /** As the owner of the database, without a time limit; several statements are one transaction. The rows of the last. */
  admin(statements: string): Promise<Record<string, unknown>[]>;
  adminUrl: string;
  /** For `neonConfig.wsProxy`. */
  wsProxy: string;
  stop(): Promise<void>;
}

/** @param hub What the verbs call of any hub. */
export async function startRealService(bin: string, hub: object = {}): Promise<RealService> {
  const postgres = await startRealPostgres(bin);
  const sql = await serveSql(postgres);
  const { wsProxy } = postgres;
  await migrate({ url: postgres.url("postgres"), wsProxy });
  const adminUrl = postgres.url("postgres");
  const [app, identity, scheduler] = ROLES.map((role) => postgres.url(role)) as [string, string, string];
  const vars = workerVars({
    environment: "test",
    publicUrl: "http://adjutant.test",
    postgres: {
      urls: { admin: adminUrl, app, identity, scheduler },
      wsProxy,
      fetchEndpoint: sql.fetchEndpoint,
    },
    secrets: createSecrets(),
    modelUrl: "http://127.0.0.1:9",
  });
  const bindings = ["ANALYTICS", "EMAIL", "MAINTENANCE", "AUTH_RATE_LIMIT"];
  neonConfig.fetchEndpoint = sql.fetchEndpoint;
  const owner = openPool(adminUrl, postgres);
  const admin = async (statements: string) => [await owner.query(statements)].flat().at(-1)!.rows;
  for (const role of ROLES) await admin(`alter role ${role} password 'local'`);
  return {
    env: {
      ...vars,
      ...Object.fromEntries(bindings.map((name) => [name, {}])),
      OBJECTS: memoryBucket(),
      INGEST: { send: async () => {} },
      USER_HUB: { getByName: () => hub },
    },
    admin,
    adminUrl,
    wsProxy,
    stop: async () => {
      await Promise.all([sql.stop(), owner.end()]);
      await postgres.stop();
    },
  };
}
