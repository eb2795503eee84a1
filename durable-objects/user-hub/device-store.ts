/** The devices of the user as the hub knows them, and the mutations of theirs whose outcome is still open. */
import * as z from "zod";
import { ToolAction } from "../../src/features/hub/protocol.ts";
import type { HubStorage } from "./storage.ts";
import type { Vault } from "./vault.ts";

/** What a device says of itself. Free text, so it is sealed. */
const DeviceAbout = z.object({
  app: z
    .object({ name: z.string(), version: z.string(), timezone: z.string(), locale: z.string() })
    .partial()
    .optional(),
  agentIds: z.array(z.string()),
});
export type DeviceAbout = z.infer<typeof DeviceAbout>;

export interface Device {
  deviceId: string;
  /** Names its database file; changes when that is restored. */
  storeId: string | null;
  /** Raised at each hello: frames of an earlier connection are ignored. */
  epoch: number;
  /** Executes tool calls; a viewer does not. */
  tools: boolean;
  firstSeen: number;
  lastSeen: number;
  about: DeviceAbout;
}

type DeviceColumns = {
  device_id: string;
  store_id: string | null;
  epoch: number;
  tools: number;
  first_seen: number;
  last_seen: number;
  body: ArrayBuffer;
};

/** A call that may have happened, kept until its device says what became of it. */
export const OpenRevoke = z.object({
  requestId: z.string(),
  call: z.object({
    action: ToolAction,
    table: z.string().optional(),
    data: z.record(z.string(), z.unknown()).optional(),
  }),
});
export type OpenRevoke = z.infer<typeof OpenRevoke>;

export class DeviceStore {
  /** All of them, opened once a wake-up: there are few, and every turn asks. */
  #devices: Map<string, Device> | undefined;
  readonly #storage: HubStorage;
  readonly #vault: Vault;

  constructor(storage: HubStorage, vault: Vault) {
    this.#storage = storage;
    this.#vault = vault;
  }

  save(device: Device): void {
    this.#all().set(device.deviceId, device);
    this.#storage.run(
      `INSERT INTO devices VALUES (?, ?, ?, ?, ?, ?, ?) ON CONFLICT DO UPDATE SET store_id = excluded.store_id,
       epoch = excluded.epoch, tools = excluded.tools, last_seen = excluded.last_seen, body = excluded.body`,
      device.deviceId,
      device.storeId,
      device.epoch,
      device.tools ? 1 : 0,
      device.firstSeen,
      device.lastSeen,
      this.#vault.seal("devices", device.deviceId, device.about),
    );
  }

  find(deviceId: string): Device | undefined {
    return this.#all().get(deviceId);
  }

  /** The one seen last first. */
  all(): Device[] {
    return [...this.#all().values()].sort((left, right) => right.lastSeen - left.lastSeen);
  }

  count(): number {
    return this.#all().size;
  }

  remove(deviceId: string): boolean {
    this.#all().delete(deviceId);
    this.#storage.run("DELETE FROM revokes WHERE device_id = ?", deviceId);
    return this.#storage.run("DELETE FROM devices WHERE device_id = ?", deviceId) > 0;
  }

  /** Remembers that a call must not be executed any more and that its outcome is open. */
  addRevoke(
    callId: string,
    bound: { deviceId: string; storeId: string | null },
    now: number,
    open: OpenRevoke,
  ): void {
    this.#storage.run(
      "INSERT OR IGNORE INTO revokes VALUES (?, ?, ?, ?, ?)",
      callId,
      bound.deviceId,
      bound.storeId,
      now,
      this.#vault.seal("revokes", callId, open),
    );
  }

  findRevoke(deviceId: string, callId: string): OpenRevoke | undefined {
    const row = this.#storage.row<{ body: ArrayBuffer }>(
      "SELECT body FROM revokes WHERE call_id = ? AND device_id = ?",
      callId,
      deviceId,
    );
    return row && this.#vault.open("revokes", callId, row.body, OpenRevoke.parse);
  }

  revokesOf(deviceId: string): { callId: string; storeId: string | null }[] {
    return this.#storage
      .rows<{ call_id: string; store_id: string | null }>(
        "SELECT call_id, store_id FROM revokes WHERE device_id = ? ORDER BY created_at",
        deviceId,
      )
      .map((row) => ({ callId: row.call_id, storeId: row.store_id }));
  }

  settleRevoke(callId: string): void {
    this.#storage.run("DELETE FROM revokes WHERE call_id = ?", callId);
  }

  #all(): Map<string, Device> {
    this.#devices ??= new Map(
      this.#storage
        .rows<DeviceColumns>("SELECT * FROM devices")
        .map((row) => [row.device_id, this.#read(row)] as const),
    );
    return this.#devices;
  }

  #read(row: DeviceColumns): Device {
    return {
      deviceId: row.device_id,
      storeId: row.store_id,
      epoch: row.epoch,
      tools: row.tools === 1,
      firstSeen: row.first_seen,
      lastSeen: row.last_seen,
      about: this.#vault.open("devices", row.device_id, row.body, DeviceAbout.parse),
    };
  }
}
