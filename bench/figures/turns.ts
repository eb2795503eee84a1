import { BenchDevice, type Sut } from "../lib/client.ts";
import { cpuMs } from "../lib/processes.ts";
import type { Row } from "../lib/report.ts";
import { percentile } from "../lib/stats.ts";
import type { Systems } from "../lib/systems.ts";

const ROUNDS = 3;
const ROUND_MS = 3_000;
const WARM_UP_MS = 1_500;

interface Measured {
  perSecond: number[];
  turnMs: number[];
  cpuPerTurnMs: number[];
}

/** Whole turns with one tool call and a model that answers at once, in interleaved rounds. */
export async function measureTurns({ product, floor }: Systems): Promise<Row[]> {
  const rows: Row[] = [];
  for (const users of [1, 16, 64]) {
    const results = new Map<Sut, Measured>();
    const devices = new Map<Sut, BenchDevice[]>();
    for (const sut of [product, floor]) {
      results.set(sut, { perSecond: [], turnMs: [], cpuPerTurnMs: [] });
      const connected = [];
      for (let user = 0; user < users; user++) connected.push(await BenchDevice.connect(sut, user));
      devices.set(sut, connected);
      await runFor(connected, WARM_UP_MS);
    }
    for (let round = 0; round < ROUNDS; round++) {
      for (const sut of [product, floor]) await measureRound(sut, devices.get(sut)!, results.get(sut)!);
    }
    for (const device of [...devices.values()].flat()) device.close();
    rows.push(...rowsOf(users, results.get(product)!, results.get(floor)!));
  }
  return rows;
}

async function measureRound(sut: Sut, devices: BenchDevice[], into: Measured): Promise<void> {
  const cpuBefore = cpuMs(sut.pids);
  const { turnMs, elapsedMs } = await runFor(devices, ROUND_MS);
  into.turnMs.push(...turnMs);
  into.perSecond.push((turnMs.length / elapsedMs) * 1000);
  into.cpuPerTurnMs.push((cpuMs(sut.pids) - cpuBefore) / turnMs.length);
}

async function runFor(devices: BenchDevice[], durationMs: number) {
  const turnMs: number[] = [];
  const start = performance.now();
  await Promise.all(
    devices.map(async (device) => {
      while (performance.now() - start < durationMs) {
        const begun = performance.now();
        await device.turn();
        turnMs.push(performance.now() - begun);
      }
    }),
  );
  return { turnMs, elapsedMs: performance.now() - start };
}

function rowsOf(users: number, ours: Measured, floor: Measured): Row[] {
  const group = `turn, ${users} user${users > 1 ? "s" : ""}`;
  const middle = (pick: (measured: Measured) => number[], share = 0.5) => ({
    ours: percentile(pick(ours), share),
    floor: percentile(pick(floor), share),
  });
  return [
    {
      figure: `${group}: throughput`,
      unit: "turns/s",
      ...middle(({ perSecond }) => perSecond),
      aim: { atLeast: 0.6 },
    },
    { figure: `${group}: p50`, unit: "ms", ...middle(({ turnMs }) => turnMs) },
    { figure: `${group}: p99`, unit: "ms", ...middle(({ turnMs }) => turnMs, 0.99) },
    {
      figure: `${group}: server CPU`,
      unit: "ms a turn",
      ...middle(({ cpuPerTurnMs }) => cpuPerTurnMs),
      aim: { atMost: 2 },
    },
  ];
}
