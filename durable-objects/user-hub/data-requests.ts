import type { DataRequest, DataResponse } from "../../src/features/hub/protocol.ts";
import { newId } from "../../src/lib/ids.ts";

export type DeviceAnswer =
  /** An object, or null when the device has nothing to say. As text: RPC has no type for just any object. */
  { kind: "answered"; json: string } | { kind: "offline" } | { kind: "silent" };

export interface QuestionPorts {
  answerMs: number;
  /** False when the device is away. */
  send(deviceId: string, request: DataRequest): boolean;
}

interface Waiting {
  deviceId: string;
  about: DataRequest["kind"];
  answer: Promise<DeviceAnswer>;
  settle(answer: DeviceAnswer): void;
}

/** What devices are asked about themselves. Their answers pass through memory and are kept nowhere. */
export class DataRequests {
  readonly #ports: QuestionPorts;
  readonly #waiting = new Map<string, Waiting>();

  constructor(ports: QuestionPorts) {
    this.#ports = ports;
  }

  /** Who asks what a device is being asked already shares its answer. Never rejects. */
  ask(deviceId: string, about: DataRequest["kind"]): Promise<DeviceAnswer> {
    const asked = [...this.#waiting.values()].find(
      (each) => each.deviceId === deviceId && each.about === about,
    );
    return asked?.answer ?? this.#send(deviceId, about);
  }

  /** The first answer counts; one that nobody waits for is dropped. */
  take(deviceId: string, { id, data }: DataResponse): void {
    const waiting = this.#waiting.get(id);
    if (waiting?.deviceId === deviceId) waiting.settle({ kind: "answered", json: JSON.stringify(data) });
  }

  deviceGone(deviceId: string): void {
    for (const waiting of this.#waiting.values()) {
      if (waiting.deviceId === deviceId) waiting.settle({ kind: "offline" });
    }
  }

  #send(deviceId: string, about: DataRequest["kind"]): Promise<DeviceAnswer> {
    const id = newId();
    const { promise: answer, resolve } = Promise.withResolvers<DeviceAnswer>();
    const settle = (outcome: DeviceAnswer) => {
      clearTimeout(timer);
      this.#waiting.delete(id);
      resolve(outcome);
    };
    const timer = setTimeout(() => settle({ kind: "silent" }), this.#ports.answerMs);
    this.#waiting.set(id, { deviceId, about, answer, settle });
    if (!this.#ports.send(deviceId, { type: "data_request", id, kind: about })) settle({ kind: "offline" });
    return answer;
  }
}
