/** Which of the user's devices a turn works with, and what the devices say of their person's surroundings. */
import { zoneOrUtc } from "../../src/lib/zone.ts";
import type { DeviceStore } from "./device-store.ts";
import type { Sockets } from "./sockets.ts";
import type { Binding, Origin } from "./turn-record.ts";

export class DeviceChoice {
  readonly #devices: DeviceStore;
  readonly #sockets: Sockets;

  constructor(devices: DeviceStore, sockets: Sockets) {
    this.#devices = devices;
    this.#sockets = sockets;
  }

  /** The device a new turn works with: the one that asks, else the connected one that was active last. */
  bind(deviceId: string): Binding {
    const connected = this.#sockets.greeted().filter(({ device }) => device.tools);
    const own = connected.find(({ device }) => device.deviceId === deviceId);
    const chosen = (own ?? this.#latestOf(connected))?.device;
    return { deviceId: chosen?.deviceId ?? null, storeId: chosen?.storeId ?? null };
  }

  /** The time zone and locale of the person, as the device that asked or serves says. */
  surroundingsOf(origin: Origin | null, binding: Binding): { timezone: string; locale: string } {
    const app = this.#appOf(origin?.deviceId) ?? this.#appOf(binding.deviceId);
    return { timezone: zoneOrUtc(app?.timezone ?? "UTC"), locale: app?.locale ?? "en" };
  }

  /** Of the device that was active last. */
  latestZone(): string {
    const [latest] = this.#devices.all().toSorted((one, other) => other.lastSeen - one.lastSeen);
    return zoneOrUtc(latest?.about.app?.timezone ?? "UTC");
  }

  #latestOf<Connected extends { device: { deviceId: string } }>(
    connected: readonly Connected[],
  ): Connected | undefined {
    const lastSeen = new Map(this.#devices.all().map((device) => [device.deviceId, device.lastSeen]));
    const [latest] = connected.toSorted(
      (one, other) => (lastSeen.get(other.device.deviceId) ?? 0) - (lastSeen.get(one.device.deviceId) ?? 0),
    );
    return latest;
  }

  #appOf(deviceId: string | null | undefined) {
    return deviceId ? this.#devices.find(deviceId)?.about.app : undefined;
  }
}
