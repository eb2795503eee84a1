/** Where things are in the project, and what keeps its tools on this machine. */
import { join } from "node:path";

export const ROOT = join(import.meta.dirname, "..");
/** Of the main script. */
export const WRANGLER_CONFIG = join(ROOT, "wrangler.toml");
/** Of the script that reads documents. */
export const INGEST_CONFIG = join(ROOT, "wrangler.ingest.toml");
/** Of the script that runs code. */
export const SANDBOX_CONFIG = join(ROOT, "wrangler.sandbox.toml");
/** Everything the local stack writes; safe to delete when nothing runs. */
export const LOCAL_DIR = join(ROOT, ".adjutant");

/** Environment under which wrangler asks the network for nothing. */
export const OFFLINE = {
  CLOUDFLARE_CF_FETCH_ENABLED: "false",
  WRANGLER_SEND_METRICS: "false",
  WRANGLER_HIDE_BANNER: "true",
  WRANGLER_LOG_PATH: join(LOCAL_DIR, "logs"),
};
