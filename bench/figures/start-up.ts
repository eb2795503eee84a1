import { join } from "node:path";
import { startBuiltWorker } from "../../dev/built-worker.ts";
import { cpuMs, workerdPids } from "../lib/processes.ts";
import type { Row } from "../lib/report.ts";
import { median } from "../lib/stats.ts";
import type { Systems } from "../lib/systems.ts";

const STARTS = 5;
const EMPTY = join(import.meta.dirname, "../floor/empty.js");

/**
 * CPU that loading a bundle costs, that of the main script with its first answer, over the same for an empty Worker with the
 * same bindings.
 */
export async function measureStartUp({ scripts, vars }: Systems): Promise<Row[]> {
  const main: number[] = [];
  const ingest: number[] = [];
  const empty: number[] = [];
  for (let start = 0; start < STARTS; start++) {
    main.push(await cpuOf(() => startBuiltWorker({ script: scripts.main, vars })));
    ingest.push(await cpuOf(() => startBuiltWorker({ script: EMPTY, ingest: scripts.ingest, vars })));
    empty.push(await cpuOf(() => startBuiltWorker({ script: EMPTY, vars })));
  }
  const over = (own: number[]) => Math.max(0, median(own) - median(empty));
  return [
    { figure: "start-up CPU", unit: "ms", ours: over(main), aim: { atMostValue: 100 } },
    { figure: "start-up CPU of ingest", unit: "ms", ours: over(ingest), aim: { atMostValue: 400 } },
  ];
}

async function cpuOf(start: () => Promise<{ url: string; close(): Promise<void> }>): Promise<number> {
  const before = workerdPids();
  const worker = await start();
  await fetch(`${worker.url}/api/v1/health/ping`).then((response) => response.arrayBuffer());
  const used = cpuMs(workerdPids(before));
  await worker.close();
  return used;
}
