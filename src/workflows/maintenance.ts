import { WorkflowEntrypoint, type WorkflowEvent, type WorkflowStep } from "cloudflare:workers";
import { maintain } from "../features/operations/service.ts";
import { log } from "../lib/logger.ts";
import { type RawEnv, readEnv } from "../platform/env.ts";
import { openSchedulerDatabase } from "../platform/scheduler-db.ts";

/** One run of upkeep. The platform keeps its id, its steps' names and the counts they answer. */
export class Maintenance extends WorkflowEntrypoint<RawEnv> {
  override run({ instanceId }: WorkflowEvent<unknown>, step: WorkflowStep): Promise<Record<string, number>> {
    const { config } = readEnv(this.env);
    return maintain({
      steps: step,
      database: openSchedulerDatabase(config.database),
      log: log.with({ run: instanceId }),
    });
  }
}
