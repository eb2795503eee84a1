/** What every device must do, whatever it is built on (spec 3). Give it a harness that starts yours. */
import { afterEach, beforeEach, describe } from "vitest";
import { actionCases } from "./device-actions.ts";
import { filterCases } from "./device-filters.ts";
import { type Call, type DeviceSide, type Frame, ScriptedHub } from "./device-hub.ts";
import { journalCases } from "./device-journal.ts";
import { wireCases } from "./device-wire.ts";

/** Where the device's process dies, as if killed: inside the transaction of a call, or between its commit and its answer. */
export interface CrashPoint {
  callId: string;
  when: "before_commit" | "after_commit";
}

export interface RunningDevice {
  stop(): Promise<void>;
  /** Resolves when the process is gone, by `stop` or by a crash. */
  gone: Promise<void>;
}

/** One installation of a device: its storage lives from start to start, until it is disposed of. */
export interface DeviceHarness {
  start(hubUrl: string, crash?: CrashPoint): Promise<RunningDevice>;
  /** Copies the storage of a device that is not running. What it returns puts the copy back. */
  backup(): Promise<() => Promise<void>>;
  dispose(): Promise<void>;
}

/** What a case works with. */
export interface Bench {
  hub: ScriptedHub;
  harness: DeviceHarness;
  /** Starts the device and waits for its hello. */
  start(crash?: CrashPoint): Promise<{ running: RunningDevice; device: DeviceSide }>;
  insert(device: DeviceSide, table: string, data: Record<string, unknown>): Promise<Row>;
  select(
    device: DeviceSide,
    table: string,
    filters?: Record<string, unknown>,
    limit?: number,
  ): Promise<Row[]>;
}

export type Row = Record<string, unknown> & { id: string };

export function deviceConformance(name: string, makeHarness: () => Promise<DeviceHarness>): void {
  describe(`device protocol: ${name}`, () => {
    let bench: Bench;
    let running: RunningDevice[];

    beforeEach(async () => {
      const hub = await ScriptedHub.start();
      const harness = await makeHarness();
      running = [];
      const start = async (crash?: CrashPoint) => {
        const started = await harness.start(hub.url, crash);
        running.push(started);
        return { running: started, device: await hub.device() };
      };
      bench = { hub, harness, start, insert, select };
    });

    afterEach(async () => {
      for (const device of running) await device.stop();
      await bench.harness.dispose();
      await bench.hub.stop();
    });

    wireCases(() => bench);
    actionCases(() => bench);
    filterCases(() => bench);
    journalCases(() => bench);
  });
}

async function insert(device: DeviceSide, table: string, data: Record<string, unknown>): Promise<Row> {
  return rowOf(await device.call({ action: "insert", table, data }));
}

async function select(
  device: DeviceSide,
  table: string,
  filters?: Record<string, unknown>,
  limit?: number,
): Promise<Row[]> {
  const call: Call = {
    action: "select",
    table,
    ...(filters === undefined ? {} : { filters }),
    ...(limit === undefined ? {} : { limit }),
  };
  const { rows, error } = await device.call(call);
  if (!Array.isArray(rows)) throw new Error(`no rows: ${JSON.stringify(error)}`);
  return rows;
}

export function rowOf({ row, error }: Frame): Row {
  if (typeof row === "object" && row !== null && "id" in row && typeof row.id === "string") {
    return { ...row, id: row.id };
  }
  throw new Error(`no row: ${JSON.stringify(error)}`);
}

/** The code of an error, in either of the forms that the protocol allows. */
export function errorOf({ error }: Frame): string | null {
  if (typeof error === "string") return error;
  if (typeof error !== "object" || error === null || !("code" in error)) return null;
  return String(error.code);
}
