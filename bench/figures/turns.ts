import { setTimeout as wait } from "node:timers/promises";
import { BenchDevice, type Sut } from "../lib/client.ts";
import { cpuMs } from "../lib/processes.ts";
import type { Row } from "../lib/report.ts";
import { percentile } from "../lib/stats.ts";
import type { Systems } from "../lib/systems.ts";

const ROUNDS = 3;
const ROUND_MS = 3_000;
const WARM_UP_MS = 1_500;
/** A hub brings the calls of its turns to the database this long after the first of them; then it is looked at this often. */
const BROUGHT_AFTER_MS = 31_000;
const LOOK_MS = 2_000;
/** Of a core, while nothing is being done; and for so many looks in a row, since the database may be what is waited for. */
const IDLE_SHARE = 0.05;
const IDLE_LOOKS = 3;

interface Measured {
  perSecond: number[];
  turnMs: number[];
  cpuPerTurnMs: number[];
}

/** Whole turns with one tool call and a model that answers at once, in interleaved rounds. */
export async function measureTurns({ product, floor }: Systems): Promise<Row[]> {
  const rows: Row[] = [];
  let afterwards = { cpuMs: 0, turns: 0 };
  for (const users of [1, 16, 64]) {
    const begunAt = performance.now();
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
    const brought = await untilBrought(product, begunAt);
    const turns = devices.get(product)!.reduce((sum, { turns }) => sum + turns, 0);
    afterwards = { cpuMs: afterwards.cpuMs + brought, turns: afterwards.turns + turns };
  }
  const ours = afterwards.cpuMs / afterwards.turns;
  return [
    ...rows,
    { figure: "calls brought to the database afterwards: server CPU", unit: "ms a turn", ours },
  ];
}

/** Waits for what turns leave to do, so that it is in no figure of the next ones, and says what CPU it took. */
async function untilBrought({ pids }: Sut, begunAt: number): Promise<number> {
  const before = cpuMs(pids);
  await wait(Math.max(0, begunAt + BROUGHT_AFTER_MS - performance.now()));
  for (let idle = 0; idle < IDLE_LOOKS; ) {
    const looked = cpuMs(pids);
    await wait(LOOK_MS);
    idle = cpuMs(pids) - looked < LOOK_MS * IDLE_SHARE ? idle + 1 : 0;
  }
  return cpuMs(pids) - before;
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
