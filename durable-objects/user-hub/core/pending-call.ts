/**
 * The life of one tool call in the hub, as a pure function: state and event in, state and effect out (spec 3,
 * "Exactly-once effects"). Time is connected time: a device that is away is not late, but it is waited for only so long.
 */

export interface CallLimits {
  /** Connected milliseconds a device may take to answer. */
  answerMs: number;
  /** Milliseconds a device may stay away while its call is open. */
  awayMs: number;
}

export interface PendingCall {
  /** The database the call is bound to; another store never gets it. */
  storeId: string | null;
  mutating: boolean;
  /** The call may have reached the device: in this run, or in one before a crash. */
  maybeSent: boolean;
  /** Connected time used up in earlier connections. */
  usedMs: number;
  /** When the present connection got the call; null while the device is away. */
  connectedSince: number | null;
  /** When the device went away; null while it is connected. */
  awaySince: number | null;
}

export type CallEvent<Result> =
  | { type: "connected"; now: number; storeId: string | null }
  | { type: "disconnected"; now: number }
  | { type: "answered"; result: Result }
  | { type: "tick"; now: number }
  | { type: "abandoned" };

export type CallSettlement<Result> =
  | { kind: "answered"; result: Result }
  /** A read that was not answered, or a call for a database that is gone: nothing changed. */
  | { kind: "failed"; code: "tool_timeout" | "store_changed" }
  | { kind: "offline" }
  | { kind: "unknown" };

export type CallStep<Result> =
  | { do: "wait"; call: PendingCall }
  | { do: "send"; call: PendingCall }
  /** `revoke`: the device must be told not to execute it any more. */
  | { do: "settle"; settlement: CallSettlement<Result>; revoke: boolean };

export function openCall(options: {
  storeId: string | null;
  mutating: boolean;
  maybeSent: boolean;
  now: number;
}): PendingCall {
  return {
    storeId: options.storeId,
    mutating: options.mutating,
    maybeSent: options.maybeSent,
    usedMs: 0,
    connectedSince: null,
    awaySince: options.now,
  };
}

export function stepCall<Result>(
  call: PendingCall,
  event: CallEvent<Result>,
  limits: CallLimits,
): CallStep<Result> {
  switch (event.type) {
    case "answered":
      return { do: "settle", settlement: { kind: "answered", result: event.result }, revoke: false };
    case "connected":
      if (event.storeId !== call.storeId) return giveUp(call, { kind: "failed", code: "store_changed" });
      return {
        do: "send",
        call: { ...pause(call, event.now), maybeSent: true, connectedSince: event.now, awaySince: null },
      };
    case "disconnected":
      return { do: "wait", call: pause(call, event.now) };
    case "abandoned":
      return giveUp(call, { kind: "offline" });
    case "tick":
      return isOverdue(call, event.now, limits) ? giveUp(call, overdue(call)) : { do: "wait", call };
  }
}

/** When the call must be looked at next, in Unix ms. */
export function callDueAt(call: PendingCall, limits: CallLimits): number {
  if (call.connectedSince !== null) return call.connectedSince + limits.answerMs - call.usedMs;
  return (call.awaySince ?? 0) + limits.awayMs;
}

/** Milliseconds of connected time the device has left. */
export function callTimeLeftMs(call: PendingCall, limits: CallLimits): number {
  return Math.max(0, limits.answerMs - call.usedMs);
}

function isOverdue(call: PendingCall, now: number, limits: CallLimits): boolean {
  return now >= callDueAt(call, limits);
}

function overdue(call: PendingCall): CallSettlement<never> {
  return call.connectedSince === null ? { kind: "offline" } : { kind: "failed", code: "tool_timeout" };
}

function pause(call: PendingCall, now: number): PendingCall {
  if (call.connectedSince === null) return call;
  const usedMs = call.usedMs + Math.max(0, now - call.connectedSince);
  return { ...call, usedMs, connectedSince: null, awaySince: now };
}

/** A mutation that may have reached the device is never called failed: its outcome is unknown until the device says. */
function giveUp(call: PendingCall, otherwise: CallSettlement<never>): CallStep<never> {
  if (call.mutating && call.maybeSent) return { do: "settle", settlement: { kind: "unknown" }, revoke: true };
  return { do: "settle", settlement: otherwise, revoke: call.maybeSent };
}
