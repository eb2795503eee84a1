/** The upkeep that nobody asks for, as durable steps: what a Workflow runs, and how its runs are begun. */
import type { Logger } from "../../lib/logger.ts";
import type { SchedulerDatabase } from "../../platform/scheduler-db.ts";
import { ERASURES, type Erasure, eraseBatch } from "./erasure.ts";

/** The part of a Workflow's steps that is used here. A step that has succeeded is never run again. */
export interface Steps {
  /** Only numbers, on purpose: an object that comes back from a step must be disposed of, or the run seems to hang. */
  do(name: string, config: typeof STEP, work: (ctx: { attempt: number }) => Promise<number>): Promise<number>;
}

export interface MaintenanceSurroundings {
  steps: Steps;
  database: SchedulerDatabase;
  log: Logger;
}

/** Five attempts within about three minutes: the next run, which would take it up anyway, is not far. */
const STEP = {
  retries: { limit: 4, delay: "10 seconds", backoff: "exponential" },
  timeout: "1 minute",
} as const;
/** Of one kind in one run; the next run goes on. */
const BATCHES_MAX = 40;

/**
 * Erases what is due, batch by batch, and says how many rows of each kind. A kind that fails keeps no other from being
 * erased. Throws at the end when one has failed.
 */
export async function maintain(around: MaintenanceSurroundings): Promise<Record<string, number>> {
  const erased: Record<string, number> = {};
  const failed: string[] = [];
  for (const erasure of ERASURES) {
    const { kind } = erasure;
    try {
      erased[kind] = await eraseAll(around, erasure);
    } catch (cause) {
      failed.push(kind);
      around.log.error({ event: "erasure.failed", kind }, cause);
    }
  }
  around.log.info({ event: "due_rows.erased", ...erased });
  if (failed.length > 0) throw new Error(`What is due could not be erased: ${failed.join(", ")}.`);
  return erased;
}

async function eraseAll(
  { steps, database, log }: MaintenanceSurroundings,
  erasure: Erasure,
): Promise<number> {
  const { kind, rows } = erasure;
  let sum = 0;
  for (let batch = 1; batch <= BATCHES_MAX; batch++) {
    const erased = await steps.do(`erase ${kind} ${batch}`, STEP, async ({ attempt }) => {
      try {
        return await eraseBatch(database, erasure);
      } catch (cause) {
        log.warn({ event: "erasure.postponed", kind, batch, attempt }, cause);
        // The platform keeps a step's error: in our words.
        throw new Error("The batch could not be erased.");
      }
    });
    sum += erased;
    if (erased < rows) break;
  }
  return sum;
}

/** Once begun in a period of this length, maintenance is not begun again. */
const PERIOD_MS = 5 * 60_000;
/** How long the platform keeps what a run did: counts only. */
const RETENTION = { successRetention: "1 day", errorRetention: "7 days" } as const;

/** Begins the run of the period that `atMs` is in, unless it has begun: a cron may fire twice. */
export async function startMaintenance(workflow: Workflow, atMs: number): Promise<void> {
  const periodStart = new Date(atMs - (atMs % PERIOD_MS));
  const id = `due-${periodStart.toISOString().slice(0, 16).replace(":", "-")}`;
  // A batch passes over an id that exists, where `create` fails. The local runtime knows it in this form only.
  await workflow.createBatch([{ id, retention: RETENTION }]);
}
