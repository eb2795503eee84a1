import { BenchDevice } from "../lib/client.ts";
import type { Row } from "../lib/report.ts";
import { percentile } from "../lib/stats.ts";
import type { Systems } from "../lib/systems.ts";

const TURNS = 60;
const WARM_UP = 10;

/** From the model's first delta to the client's first text frame, one turn at a time, alternating. */
export async function measureFirstWord({ product, floor }: Systems): Promise<Row[]> {
  const ours = await BenchDevice.connect(product, 100);
  const bare = await BenchDevice.connect(floor, 100);
  const oursMs: number[] = [];
  const floorMs: number[] = [];
  for (let turn = 0; turn < TURNS + WARM_UP; turn++) {
    const [one, other] = [await ours.firstDeltaMs(), await bare.firstDeltaMs()];
    if (turn < WARM_UP) continue;
    oursMs.push(one);
    floorMs.push(other);
  }
  ours.close();
  bare.close();
  const at = (share: number) => ({ ours: percentile(oursMs, share), floor: percentile(floorMs, share) });
  return [
    { figure: "first delta → first frame: p50", unit: "ms", ...at(0.5), aim: { atMost: 1.3 } },
    { figure: "first delta → first frame: p99", unit: "ms", ...at(0.99) },
  ];
}
