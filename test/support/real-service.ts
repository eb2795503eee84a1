/** The service's verbs on a real PostgreSQL server, whose many connections meet each other's locks. */
import { neon, neonConfig } from "@neondatabase/serverless";
import { migrate } from "../../dev/migrate.ts";
import { createSecrets } from "../../dev/secrets.ts";
import { workerVars } from "../../dev/worker-vars.ts";
import { memoryBucket } from "./memory-bucket.ts";
import { startRealPostgres } from "./real-postgres.ts";
import { serveSql } from "./real-sql.ts";

export interface RealService {
  /** Bindings for contexts; what leads elsewhere than to the database leads nowhere. */
  env: Record<string, unknown> & { OBJECTS: R2Bucket };
  /** As the owner of the database. */
  admin(query: string): Promise<Record<string, unknown>[]>;
  stop(): Promise<void>;
}

export async function startRealService(bin: string): Promise<RealService> {
  const postgres = await startRealPostgres(bin);
  const sql = await serveSql(postgres);
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
  const bindings = ["ANALYTICS", "EMAIL", "MAINTENANCE", "AUTH_RATE_LIMIT", "USER_HUB"];
  neonConfig.fetchEndpoint = sql.fetchEndpoint;
  const admin = (query: string) => neon(urls.admin).query(query);
  await admin("alter role adjutant_app password 'local'");
  await admin("alter role adjutant_identity password 'local'");
  return {
    env: {
      ...vars,
      ...Object.fromEntries(bindings.map((name) => [name, {}])),
      OBJECTS: memoryBucket(),
      INGEST: { send: async () => {} },
    },
    admin,
    stop: async () => {
      await sql.stop();
      await postgres.stop();
    },
  };
}
