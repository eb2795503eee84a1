import { setTimeout as delay } from "node:timers/promises";
import { BenchDevice, type Sut } from "../lib/client.ts";
import { residentBytes } from "../lib/processes.ts";
import type { Row } from "../lib/report.ts";
import type { Systems } from "../lib/systems.ts";

export const IDLE_DEVICES = 2_000;
/** Users from here on: those below have run turns. */
const FIRST_USER = 200;
const CONNECTING_AT_ONCE = 8;
/** Objects hibernate some 12 s after their last event. */
const HIBERNATION_MS = 30_000;

/** Server memory for each connected device that does nothing, once its hub hibernates. */
export async function measureIdle({ product, floor }: Systems): Promise<Row[]> {
  const ours = await idleKiB(product);
  const bare = await idleKiB(floor);
  return [
    {
      figure: `idle device, ${IDLE_DEVICES} connected`,
      unit: "KiB",
      ours,
      floor: bare,
      aim: { atMost: 1.3 },
    },
  ];
}

async function idleKiB(sut: Sut): Promise<number> {
  const before = residentBytes(sut.pids);
  const devices: BenchDevice[] = [];
  let next = 0;
  const connect = async () => {
    while (next < IDLE_DEVICES) devices.push(await BenchDevice.connect(sut, FIRST_USER + next++));
  };
  await Promise.all(Array.from({ length: CONNECTING_AT_ONCE }, connect));
  await delay(HIBERNATION_MS);
  const perDevice = (residentBytes(sut.pids) - before) / IDLE_DEVICES / 1024;
  for (const device of devices) device.close();
  return perDevice;
}

export const USERS = FIRST_USER + IDLE_DEVICES;
