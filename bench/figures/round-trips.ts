import { setTimeout as delay } from "node:timers/promises";
import { BenchDevice } from "../lib/client.ts";
import type { Row } from "../lib/report.ts";
import type { Systems } from "../lib/systems.ts";

const USER = 150;
/** Objects hibernate some 12 s after their last event. */
const HIBERNATION_MS = 16_000;

/** Database round trips before the model is first asked, counted on the wire between the Worker and both of them. */
export async function measureRoundTrips({ startProbed }: Systems): Promise<Row[]> {
  let trips = 0;
  let atFirstCall: number | undefined;
  const probe = await startProbed({
    onDatabase: () => void trips++,
    onModel: () => {
      atFirstCall ??= trips;
    },
  });
  const countIn = async (work: () => Promise<unknown>) => {
    trips = 0;
    atFirstCall = undefined;
    await work();
    return atFirstCall ?? Number.NaN;
  };
  const opened: BenchDevice[] = [];
  const first = await countIn(async () => {
    const device = await BenchDevice.connect(probe, USER);
    opened.push(device);
    await device.turn();
  });
  const [device] = opened;
  const warm = await countIn(() => device!.turn());
  await delay(HIBERNATION_MS);
  const woken = await countIn(() => device!.turn());
  device!.close();
  await probe.close();
  const row = (when: string, ours: number, most: number): Row => ({
    figure: `database round trips before the model, ${when}`,
    unit: "trips",
    ours,
    aim: { atMostValue: most },
  });
  return [
    row("warm hub", warm, 0),
    row("woken hub", woken, 0),
    row("first ever turn, connecting included", first, 1),
  ];
}
