import { BenchDevice, type Sut } from "../lib/client.ts";
import type { Row } from "../lib/report.ts";
import { percentile } from "../lib/stats.ts";
import type { Systems } from "../lib/systems.ts";

const ROUNDS = 5;
const CALLS = 2_000;
const WARM_UP = 500;

interface Measured {
  roundTripsMs: number[];
  perSecond: number[];
}

/** Device tool call round trips, as the device sees them: from its answer to the call that follows from it. */
export async function measureCalls({ calls, floor }: Systems): Promise<Row[]> {
  const rows: Row[] = [];
  for (const inFlight of [1, 32]) {
    const results = new Map<Sut, Measured>();
    const devices = new Map<Sut, BenchDevice>();
    for (const sut of [calls, floor]) {
      results.set(sut, { roundTripsMs: [], perSecond: [] });
      const device = await BenchDevice.connect(sut, inFlight);
      devices.set(sut, device);
      await device.makeCalls(WARM_UP, inFlight);
    }
    for (let round = 0; round < ROUNDS; round++) {
      for (const sut of [calls, floor]) await measureRound(devices.get(sut)!, inFlight, results.get(sut)!);
    }
    for (const device of devices.values()) device.close();
    rows.push(...rowsOf(inFlight, results.get(calls)!, results.get(floor)!));
  }
  return rows;
}

async function measureRound(device: BenchDevice, inFlight: number, into: Measured): Promise<void> {
  const start = performance.now();
  await device.makeCalls(CALLS, inFlight);
  into.perSecond.push((CALLS / (performance.now() - start)) * 1000);
  // Answers are taken in order, so the call `inFlight` later is the one that an answer made room for.
  for (let index = inFlight; index < device.calls.length; index++) {
    into.roundTripsMs.push(device.calls[index]! - device.answers[index - inFlight]!);
  }
}

function rowsOf(inFlight: number, ours: Measured, floor: Measured): Row[] {
  const group = `device call, ${inFlight} in flight`;
  const at = (share: number) => ({
    ours: percentile(ours.roundTripsMs, share),
    floor: percentile(floor.roundTripsMs, share),
  });
  return [
    { figure: `${group}: p50`, unit: "ms", ...at(0.5), aim: { atMost: 1.5 } },
    { figure: `${group}: p99`, unit: "ms", ...at(0.99) },
    {
      figure: `${group}: throughput`,
      unit: "calls/s",
      ours: percentile(ours.perSecond, 0.5),
      floor: percentile(floor.perSecond, 0.5),
      aim: { atLeast: 0.6 },
    },
  ];
}
