/** The script that reads documents: heavy in memory and time, and made of parsers of what strangers wrote. Nothing else runs in it. */
import type { RawEnv } from "./platform/env.ts";
import { handleBatch } from "./queues.ts";

export default { queue: handleBatch } satisfies ExportedHandler<RawEnv>;
