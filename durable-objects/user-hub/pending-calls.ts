/** The tool calls the hub waits for: the pure core's decisions, with timers and sockets attached. */
import type { ToolResult } from "../../src/features/hub/protocol.ts";
import { MUTATING_ACTIONS } from "../../src/features/hub/protocol.ts";
import type { DeviceCall, DeviceOutcome } from "../../src/features/tools/types.ts";
import type { Clock } from "../../src/lib/time.ts";
import {
  type CallEvent,
  type CallLimits,
  type CallSettlement,
  callTimeLeftMs,
  openCall,
  type PendingCall,
  stepCall,
} from "./core/pending-call.ts";

export interface CallRequest {
  callId: string;
  requestId: string;
  deviceId: string;
  storeId: string | null;
  call: DeviceCall;
  maybeSent: boolean;
}

export interface CallPorts {
  clock: Clock;
  limits: CallLimits;
  /** Sends the call when its device is connected with its store; says which store that is, or null when it is away. */
  connectedStore(deviceId: string): { storeId: string | null } | null;
  send(request: CallRequest, timeLeftMs: number): void;
  /** Commits that the outcome is open and tells the device not to execute the call any more. */
  revoke(request: CallRequest): void;
}

interface Waiting {
  request: CallRequest;
  state: PendingCall;
  resolve(outcome: DeviceOutcome): void;
}

/**
 * Answers kept for calls that a turn, just recovered, is about to make again: together they may be this long. A device
 * still has in its journal what is not kept, and answers again when it is asked.
 */
const EARLY_CHARS_MAX = 2 * 1024 * 1024;
/** Deadlines are looked at this often, and that much more often when they are short. */
const TICK_MS_MAX = 1_000;
const TICKS_PER_DEADLINE = 20;

export class PendingCalls {
  readonly #ports: CallPorts;
  readonly #waiting = new Map<string, Waiting>();
  readonly #early = new Map<string, { deviceId: string; result: ToolResult }>();
  #earlyChars = 0;
  /** One timer for all calls; it ends by itself soon after the last one, so that the hub can hibernate. */
  #timer: ReturnType<typeof setTimeout> | undefined;

  constructor(ports: CallPorts) {
    this.#ports = ports;
  }

  get size(): number {
    return this.#waiting.size;
  }

  /** Sends the call, now or when its device comes back, and resolves with what became of it. Never rejects. */
  call(request: CallRequest, signal: AbortSignal): Promise<DeviceOutcome> {
    return new Promise((resolve) => {
      const state = openCall({
        storeId: request.storeId,
        mutating: MUTATING_ACTIONS.has(request.call.action),
        maybeSent: request.maybeSent,
        now: this.#ports.clock.now(),
      });
      const waiting: Waiting = { request, state, resolve };
      this.#waiting.set(request.callId, waiting);
      const early = this.#early.get(request.callId);
      if (early?.deviceId === request.deviceId) {
        this.#early.delete(request.callId);
        return this.#step(waiting, { type: "answered", result: early.result });
      }
      if (signal.aborted) return this.#step(waiting, { type: "abandoned" });
      this.#arm();
      const store = this.#ports.connectedStore(request.deviceId);
      if (store) {
        this.#step(waiting, { type: "connected", now: this.#ports.clock.now(), storeId: store.storeId });
      }
    });
  }

  /** Takes the answer of the device that was asked; false when nobody waits for it. Later answers are not taken. */
  answer(deviceId: string, result: ToolResult): boolean {
    const waiting = this.#waiting.get(result.id);
    if (waiting?.request.deviceId !== deviceId) return false;
    this.#step(waiting, { type: "answered", result });
    return true;
  }

  /** Keeps an answer that came before the recovered turn asked again. */
  keepEarly(deviceId: string, result: ToolResult): void {
    const chars = JSON.stringify(result).length;
    if (this.#early.has(result.id) || this.#earlyChars + chars > EARLY_CHARS_MAX) return;
    this.#earlyChars += chars;
    this.#early.set(result.id, { deviceId, result });
  }

  forgetEarly(): void {
    this.#early.clear();
    this.#earlyChars = 0;
  }

  deviceConnected(deviceId: string, storeId: string | null): void {
    this.#stepAll(deviceId, { type: "connected", now: this.#ports.clock.now(), storeId });
  }

  deviceGone(deviceId: string): void {
    this.#stepAll(deviceId, { type: "disconnected", now: this.#ports.clock.now() });
  }

  #stepAll(deviceId: string, event: CallEvent<ToolResult>): void {
    for (const waiting of [...this.#waiting.values()]) {
      if (waiting.request.deviceId === deviceId) this.#step(waiting, event);
    }
  }

  /** Gives up the calls of a turn that is being stopped. */
  abandon(requestId: string): void {
    for (const waiting of [...this.#waiting.values()]) {
      if (waiting.request.requestId === requestId) this.#step(waiting, { type: "abandoned" });
    }
  }

  #step(waiting: Waiting, event: CallEvent<ToolResult>): void {
    const next = stepCall(waiting.state, event, this.#ports.limits);
    if (next.do === "settle") return this.#settle(waiting, next.settlement, next.revoke);
    waiting.state = next.call;
    if (next.do === "send") this.#ports.send(waiting.request, callTimeLeftMs(next.call, this.#ports.limits));
  }

  #settle(waiting: Waiting, settlement: CallSettlement<ToolResult>, revoke: boolean): void {
    this.#waiting.delete(waiting.request.callId);
    if (revoke) this.#ports.revoke(waiting.request);
    waiting.resolve(outcomeOf(settlement));
  }

  #arm(): void {
    if (this.#timer !== undefined) return;
    const { answerMs, awayMs } = this.#ports.limits;
    const tickMs = Math.min(TICK_MS_MAX, Math.min(answerMs, awayMs) / TICKS_PER_DEADLINE);
    this.#timer = setTimeout(() => this.#tick(), tickMs);
  }

  #tick(): void {
    this.#timer = undefined;
    if (this.#waiting.size === 0) return;
    // Armed first: a call whose revocation cannot be stored must not stop the clock of the others.
    this.#arm();
    const now = this.#ports.clock.now();
    for (const waiting of [...this.#waiting.values()]) this.#step(waiting, { type: "tick", now });
    if (this.#waiting.size > 0) return;
    clearTimeout(this.#timer);
    this.#timer = undefined;
  }
}

function outcomeOf(settlement: CallSettlement<ToolResult>): DeviceOutcome {
  switch (settlement.kind) {
    case "answered":
      return readResult(settlement.result);
    case "failed":
      return {
        kind: "error",
        code: settlement.code,
        message:
          settlement.code === "tool_timeout"
            ? "The device did not answer in time."
            : "The device came back with another database, so this was not done.",
      };
    case "offline":
      return { kind: "offline" };
    case "unknown":
      return { kind: "unknown" };
  }
}

export function readResult(result: ToolResult): DeviceOutcome {
  if (result.error !== undefined) {
    const error =
      typeof result.error === "string" ? { code: "device_error", message: result.error } : result.error;
    return error.code === "outcome_unknown" ? { kind: "unknown" } : { kind: "error", ...error };
  }
  if (result.rows !== undefined) return { kind: "rows", rows: result.rows };
  if (result.row !== undefined) return { kind: "row", row: result.row };
  if (result.results !== undefined) return { kind: "results", results: result.results };
  if (result.deleted !== undefined) return { kind: "deleted", deleted: result.deleted };
  return { kind: "ok", ok: result.ok === true };
}
