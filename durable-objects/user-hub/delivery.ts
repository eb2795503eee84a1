import type { MutationNotice, StreamReset, TurnFrame } from "../../src/features/hub/protocol.ts";
import { mutationOf } from "../../src/features/tools/mutation.ts";
import type { DeviceCall, DeviceOutcome } from "../../src/features/tools/types.ts";
import type { OpenRevoke } from "./device-store.ts";
import type { Attachment, Sockets } from "./sockets.ts";
import type { TurnRow } from "./turn-record.ts";

/** A reader of one turn that is not a socket: a REST call. */
export interface TurnReader {
  write(line: string): void;
  close(): void;
}

/** Brings frames to everyone who should see them. */
export class Delivery {
  readonly #sockets: Sockets;
  readonly #readers = new Map<string, Set<TurnReader>>();

  constructor(sockets: Sockets) {
    this.#sockets = sockets;
  }

  addReader(requestId: string, reader: TurnReader): void {
    const readers = this.#readers.get(requestId) ?? new Set();
    this.#readers.set(requestId, readers.add(reader));
  }

  removeReader(requestId: string, reader: TurnReader): void {
    this.#readers.get(requestId)?.delete(reader);
  }

  closeReaders(requestId: string): void {
    for (const reader of this.#readers.get(requestId) ?? []) reader.close();
    this.#readers.delete(requestId);
  }

  /** To the connection that asked, to those that resumed the turn, and to its readers. */
  deliver(turn: TurnRow, frame: TurnFrame | StreamReset): void {
    const text = JSON.stringify(frame);
    for (const { socket, attachment } of this.#sockets.greeted()) {
      if (hears(attachment, turn)) this.#sockets.sendText(socket, text);
    }
    for (const reader of this.#readers.get(turn.requestId) ?? []) reader.write(`${text}\n`);
  }

  acknowledge(deviceId: string, callIds: string[]): void {
    const device = callIds.length > 0 ? this.#sockets.ofDevice(deviceId) : undefined;
    if (device) this.#sockets.send(device.socket, { type: "tool_ack", ids: callIds });
  }

  /** Tells the user's devices of a change, but for the one that made it. */
  announce(deviceId: string, call: DeviceCall, outcome: DeviceOutcome): void {
    this.#tell(deviceId, call, outcome, (each) => each !== deviceId);
  }

  /** A change whose turn had to call it unknown did happen: everyone is told, the device that made it too. */
  announceLate(deviceId: string, call: OpenRevoke["call"], outcome: DeviceOutcome): void {
    this.#tell(deviceId, call, outcome, () => true);
  }

  #tell(
    deviceId: string,
    call: OpenRevoke["call"],
    outcome: DeviceOutcome,
    includes: (deviceId: string) => boolean,
  ): void {
    const mutation = mutationOf(call, outcome);
    if (!mutation) return;
    const notice: MutationNotice = { type: "mutation", ...mutation, source: "turn", device_id: deviceId };
    const text = JSON.stringify(notice);
    for (const { socket, device } of this.#sockets.greeted()) {
      if (includes(device.deviceId)) this.#sockets.sendText(socket, text);
    }
  }
}

/**
 * Whether a connection gets a turn's frames as they come. A later one than that which asked gets none before it has
 * resumed the turn: what it missed goes first, so that every frame reaches it once and in order.
 */
function hears({ device, follows }: Attachment, { requestId, origin }: TurnRow): boolean {
  if (follows.includes(requestId)) return true;
  return origin !== null && device?.deviceId === origin.deviceId && device.epoch === origin.epoch;
}
