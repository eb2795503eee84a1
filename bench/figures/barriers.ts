import { BenchDevice } from "../lib/client.ts";
import type { Row } from "../lib/report.ts";
import type { Systems } from "../lib/systems.ts";

/** A commit in production costs about this. */
const COMMIT_MS = 10;

/** Times a turn with one tool round has to wait for storage: admitted, response journaled, ended. */
export async function measureBarriers({ calls }: Systems): Promise<Row[]> {
  const device = await BenchDevice.connect(calls, 160);
  const before = await device.commits();
  await device.turn();
  const after = await device.commits();
  device.close();
  const barriers = after - before;
  return [
    {
      figure: "durability barriers, turn with one tool round",
      unit: "barriers",
      ours: barriers,
      aim: { atMostValue: 3 },
    },
    { figure: "what they add in production, at 10 ms each", unit: "ms", ours: barriers * COMMIT_MS },
  ];
}
