/** The Worker's entry points. */
import { app } from "./app.ts";
import { runCron } from "./crons.ts";
import type { RawEnv } from "./platform/env.ts";
import { handleBatch } from "./queues.ts";

export { UserHub } from "../durable-objects/user-hub/index.ts";
export { Maintenance } from "./workflows/maintenance.ts";

export default {
  fetch: app.fetch,
  queue: handleBatch,
  scheduled: ({ cron, scheduledTime }, env) => runCron(cron, env, scheduledTime),
} satisfies ExportedHandler<RawEnv>;
