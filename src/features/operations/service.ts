import type { GuestCtx } from "../../platform/context.ts";
import { overallStatus, probeParts } from "./health.ts";
import { probesOf } from "./probes.ts";
import type { ServiceHealth } from "./schema.ts";

export { answerOnce } from "./idempotency.ts";
export { maintain, startMaintenance } from "./maintenance.ts";

/** A monitor that asks should have its answer before its own limit of, usually, 5 s. */
const PROBE_TIMEOUT_MS = 3_000;

/** Asks every part the service leans on. A part that is optional degrades the service, it does not end it. */
export async function serviceHealth(ctx: GuestCtx): Promise<ServiceHealth> {
  const { clock, config, log } = ctx;
  const parts = await probeParts(probesOf(ctx), { clock, log, timeoutMs: PROBE_TIMEOUT_MS });
  return {
    status: overallStatus(parts),
    version: config.version,
    checked_at: new Date(clock.now()).toISOString(),
    parts,
  };
}
