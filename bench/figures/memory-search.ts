import { BenchDevice } from "../lib/client.ts";
import { cpuMs } from "../lib/processes.ts";
import type { Row } from "../lib/report.ts";
import { median, percentile } from "../lib/stats.ts";
import type { Systems } from "../lib/systems.ts";

const USER = 170;
const SIZES = [1_000, 10_000, 40_000];
const ROUNDS = 15;
const SEARCHES = 20;
const COLD_SEARCHES = 3;
/** Spec 6. */
const SEARCH_MS_MAX = 5;

/**
 * Search in a hub's own memory, from the message to the statements that go into the turn: its vector, the one-bit scan, int8
 * for the best, and the nearest opened and ranked. The runtime's clock stands still while it computes, so rounds of searches
 * are timed from outside, less the way there and back. Of 40,000 the hub holds the newest 32,512; older ones are in Postgres.
 */
export async function measureMemorySearch({ calls }: Systems): Promise<Row[]> {
  const device = await BenchDevice.connect(calls, USER);
  const rows: Row[] = [];
  for (const size of SIZES) {
    await device.fillMemory(size);
    if ((await device.searchMemory(SEARCHES, { cold: false })) === 0) throw new Error("nothing was found");
    const warm: number[] = [];
    const cold: number[] = [];
    for (let round = 0; round < ROUNDS; round++) {
      warm.push(await timed(device, SEARCHES, false));
      cold.push(await timed(device, COLD_SEARCHES, true));
    }
    const cpuBefore = cpuMs(calls.pids);
    await device.searchMemory(SEARCHES * ROUNDS, { cold: false });
    const cpu = (cpuMs(calls.pids) - cpuBefore) / (SEARCHES * ROUNDS);
    rows.push(...rowsOf(size, { warm, cold, cpu }));
  }
  device.close();
  return rows;
}

async function timed(device: BenchDevice, times: number, cold: boolean): Promise<number> {
  const start = performance.now();
  await device.searchMemory(0, { cold });
  const wayMs = performance.now() - start;
  const begun = performance.now();
  await device.searchMemory(times, { cold });
  return Math.max(0, performance.now() - begun - wayMs) / times;
}

function rowsOf(size: number, { warm, cold, cpu }: { warm: number[]; cold: number[]; cpu: number }): Row[] {
  const group = `search of ${size.toLocaleString("en")} memories`;
  const aim = size === 10_000 ? { aim: { atMostValue: SEARCH_MS_MAX } } : {};
  return [
    { figure: `${group}: p50`, unit: "ms", ours: median(warm), ...aim },
    { figure: `${group}: p90 of rounds`, unit: "ms", ours: percentile(warm, 0.9) },
    { figure: `${group}: server CPU`, unit: "ms a search", ours: cpu },
    { figure: `${group}: the first after waking`, unit: "ms", ours: median(cold) },
  ];
}
