/** Bundles the scripts once for all journeys: their stacks, and those of the programs they start, take them from there. */
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { buildScripts } from "../../dev/built-worker.ts";

export default async function setup(): Promise<() => Promise<void>> {
  const folder = await mkdtemp(join(tmpdir(), "adjutant-scripts-"));
  const { main, ingest, sandbox } = await buildScripts(folder);
  Object.assign(process.env, {
    ADJUTANT_MAIN_SCRIPT: main,
    ADJUTANT_INGEST_SCRIPT: ingest,
    ADJUTANT_SANDBOX_SCRIPT: sandbox,
  });
  return () => rm(folder, { recursive: true, force: true });
}
