import { type DataRequest, MUTATING_ACTIONS } from "../../src/features/hub/protocol.ts";
import type { Clock } from "../../src/lib/time.ts";
import type { DeviceStore } from "./device-store.ts";
import type { CallPorts, CallRequest } from "./pending-calls.ts";
import type { Sockets } from "./sockets.ts";
import type { TurnRun } from "./turn-run.ts";

export interface DeviceLinePorts {
  sockets: Sockets;
  devices: DeviceStore;
  clock: Clock;
  /** The turn when it is in memory. */
  findRun(requestId: string): TurnRun | undefined;
}

/** What the hub sends to devices of its own accord: calls, their revocation, and questions. */
export class DeviceLine implements Pick<CallPorts, "connectedStore" | "send" | "revoke"> {
  readonly #ports: DeviceLinePorts;

  constructor(ports: DeviceLinePorts) {
    this.#ports = ports;
  }

  connectedStore(deviceId: string): { storeId: string | null } | null {
    const connected = this.#ports.sockets.ofDevice(deviceId);
    return connected?.device.tools ? { storeId: connected.device.storeId } : null;
  }

  send(request: CallRequest, timeLeftMs: number): void {
    const { sockets } = this.#ports;
    const connected = sockets.ofDevice(request.deviceId);
    if (!connected) return;
    sockets.send(connected.socket, {
      type: "tool_call",
      id: request.callId,
      epoch: connected.device.epoch,
      request_id: request.requestId,
      ...request.call,
      deadline_ms: timeLeftMs,
    });
    sockets.ensureAlive(connected.socket);
  }

  revoke(request: CallRequest): void {
    const { devices, clock, sockets, findRun } = this.#ports;
    if (MUTATING_ACTIONS.has(request.call.action)) {
      const { requestId, callId, call } = request;
      const keep = () => devices.addRevoke(callId, request, clock.now(), { requestId, call });
      findRun(requestId)?.settleUnknown(callId, call, keep);
    }
    const connected = sockets.ofDevice(request.deviceId);
    if (connected?.device.storeId === request.storeId) {
      sockets.send(connected.socket, { type: "tool_revoke", id: request.callId });
    }
  }

  /** False when the device is away. */
  ask(deviceId: string, request: DataRequest): boolean {
    const { sockets } = this.#ports;
    const connected = sockets.ofDevice(deviceId);
    if (!connected || !sockets.send(connected.socket, request)) return false;
    sockets.ensureAlive(connected.socket);
    return true;
  }
}
