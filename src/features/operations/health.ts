import { AppError } from "../../lib/errors.ts";
import type { Logger } from "../../lib/logger.ts";
import type { Clock } from "../../lib/time.ts";
import type { PartHealth, ServiceHealth } from "./schema.ts";

/** One outside thing that the service leans on. */
export interface Probe {
  name: string;
  required: boolean;
  /** Of an optional part that nobody has set up: what would. It is not asked, and nothing is amiss. */
  off?: string | undefined;
  /** Resolves when the part works: with nothing, or with what is amiss though it works. Rejects when it does not. */
  check(signal: AbortSignal): Promise<string | undefined>;
}

export interface ProbeSurroundings {
  clock: Clock;
  log: Logger;
  timeoutMs: number;
}

/** Probes all parts at once; none is waited for longer than `timeoutMs`. What is amiss also goes to the log. */
export async function probeParts(probes: readonly Probe[], around: ProbeSurroundings): Promise<PartHealth[]> {
  return Promise.all(probes.map((probe) => probePart(probe, around)));
}

/** Down when a required part is; degraded when anything else is amiss. */
export function overallStatus(parts: readonly PartHealth[]): ServiceHealth["status"] {
  if (parts.some(({ status, required }) => required && status === "down")) return "down";
  return parts.every(({ status }) => status === "ok" || status === "off") ? "ok" : "degraded";
}

async function probePart(probe: Probe, around: ProbeSurroundings): Promise<PartHealth> {
  const { name, required, off, check } = probe;
  if (off !== undefined) return { name, status: "off", required, latency_ms: 0, detail: off };
  const { clock, log, timeoutMs } = around;
  const startMs = clock.now();
  const limit = new AbortController();
  const timer = setTimeout(() => limit.abort(), timeoutMs);
  const givenUp = new Promise<never>((_, reject) => {
    limit.signal.addEventListener("abort", () =>
      reject(new AppError("timeout", { detail: "It does not answer." })),
    );
  });
  const report = (status: PartHealth["status"], detail?: string): PartHealth => ({
    name,
    status,
    required,
    latency_ms: clock.now() - startMs,
    ...(detail === undefined ? {} : { detail }),
  });
  try {
    const amiss = await Promise.race([check(limit.signal), givenUp]);
    if (amiss === undefined) return report("ok");
    log.warn({ event: "part.degraded", part: name });
    return report("degraded", amiss);
  } catch (error) {
    log.error({ event: "part.failed", part: name }, error);
    // Words of our own catalogue only: what a driver or a runtime says may name hosts and users.
    return report("down", error instanceof AppError ? error.message : "It fails; the log has the error.");
  } finally {
    clearTimeout(timer);
  }
}
