import { join } from "node:path";
import { startBuiltWorker } from "../../dev/built-worker.ts";
import { cpuMs, workerdPids } from "../lib/processes.ts";
import type { Row } from "../lib/report.ts";
import { median } from "../lib/stats.ts";
import type { Systems } from "../lib/systems.ts";

const STARTS = 5;
const EMPTY = join(import.meta.dirname, "../floor/empty.js");

/** CPU that loading the bundle and its first answer cost, over the same for an empty Worker with the same bindings. */
export async function measureStartUp({ script, vars }: Systems): Promise<Row[]> {
  const ours: number[] = [];
  const empty: number[] = [];
  for (let start = 0; start < STARTS; start++) {
    ours.push(await cpuOf(() => startBuiltWorker({ script, vars })));
    empty.push(await cpuOf(() => startBuiltWorker({ script: EMPTY, vars })));
  }
  return [
    {
      figure: "start-up CPU",
      unit: "ms",
      ours: Math.max(0, median(ours) - median(empty)),
      aim: { atMostValue: 100 },
    },
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
