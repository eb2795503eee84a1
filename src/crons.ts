/** Cron expression → what is done. The expressions are those of `[triggers]` in wrangler.toml. */
import { consolidateDue, renewHubKeys, tellDueHubs } from "./features/hub/service.ts";
import { sweepDocuments } from "./features/knowledge/service.ts";
import { startMaintenance } from "./features/operations/service.ts";
import { log } from "./lib/logger.ts";
import { type RawEnv, readEnv } from "./platform/env.ts";
import { openSchedulerDatabase } from "./platform/scheduler-db.ts";
import { settleVectors } from "./platform/vectors-settle.ts";

type Job = (env: ReturnType<typeof readEnv>, atMs: number) => Promise<unknown>;

export const CRONS: Readonly<Record<string, readonly Job[]>> = {
  "* * * * *": [(env) => tellDueHubs(openSchedulerDatabase(env.config.database), env, log)],
  "*/5 * * * *": [
    (env, atMs) => startMaintenance(env.maintenance, atMs),
    (env) => consolidateDue(openSchedulerDatabase(env.config.database), env, log),
    (env) =>
      renewHubKeys(openSchedulerDatabase(env.config.database), env, {
        currentId: env.keyring.currentId,
        log,
      }),
    (env) => sweepDocuments(openSchedulerDatabase(env.config.database), env.ingest),
    (env) => settleVectors(openSchedulerDatabase(env.config.database), env.config.vectors, log),
  ],
};

/** Runs the jobs of the tick at `atMs`. A job that fails keeps no other from running; it is tried at the next tick. */
export async function runCron(expression: string, raw: RawEnv, atMs: number): Promise<void> {
  const jobs = CRONS[expression];
  if (!jobs) return log.error({ event: "cron.unknown", cron: expression });
  const env = readEnv(raw);
  const outcomes = await Promise.allSettled(jobs.map((job) => job(env, atMs)));
  for (const outcome of outcomes) {
    if (outcome.status === "rejected") log.error({ event: "cron.failed", cron: expression }, outcome.reason);
  }
}
