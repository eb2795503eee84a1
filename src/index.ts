/** The main script: HTTP, the hubs, upkeep. Documents are read by another one, `ingest.ts`. */
import { app } from "./app.ts";
import { runCron } from "./crons.ts";
import type { RawEnv } from "./platform/env.ts";

export { UserHub } from "../durable-objects/user-hub/index.ts";
export { Maintenance } from "./workflows/maintenance.ts";

export default {
  fetch: app.fetch,
  scheduled: ({ cron, scheduledTime }, env) => runCron(cron, env, scheduledTime),
} satisfies ExportedHandler<RawEnv>;
