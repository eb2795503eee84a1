import { neon } from "@neondatabase/serverless";
import { drizzle } from "drizzle-orm/neon-http";
import { configureDriver } from "../../src/platform/db-driver.ts";
import { type RawEnv, readEnv } from "../../src/platform/env.ts";

export type DatabaseRole = "postgres" | "adjutant_app" | "adjutant_identity" | "adjutant_scheduler";

/** A database of the local stack as any of its roles: `postgres` arranges and inspects what no verb can. */
export function connectAs(env: RawEnv, role: DatabaseRole) {
  const { database } = readEnv(env).config;
  configureDriver(database);
  return drizzle({ client: neon(urlAs(database.url, role)) });
}

export function urlAs(url: string, role: DatabaseRole): string {
  const address = new URL(url);
  address.username = role;
  return address.href;
}
