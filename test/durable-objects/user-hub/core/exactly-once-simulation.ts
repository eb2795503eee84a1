/**
 * A hub, a device and the wire between them, reduced to what decides whether an effect happens once: the pure cores of
 * both sides, durable state that survives crashes, and volatile state that does not. Single-stepped by a schedule.
 */
import type { CallResult } from "../../../../device/journal-core.ts";
import {
  type CallLimits,
  callDueAt,
  openCall,
  type PendingCall,
  stepCall,
} from "../../../../durable-objects/user-hub/core/pending-call.ts";
import { SimulatedDevice, type ToDevice } from "./exactly-once-device.ts";

export type Fault =
  | { do: "deliver_to_device" }
  | { do: "deliver_to_hub" }
  /** A frame arrives that the hub cannot read. */
  | { do: "garble_to_hub" }
  /** The device reads the revocation before the call that waits in front of it. */
  | { do: "overtake_to_device" }
  /** One of the frames that this connection brought comes again. Devices forget a call once it is acknowledged. */
  | { do: "repeat_to_device"; which: number }
  /** A frame of an earlier connection, still in some buffer, arrives during this one. */
  | { do: "late_to_device"; which: number }
  | { do: "disconnect" }
  | { do: "connect" }
  | { do: "crash_hub" }
  /** The recovered turn has got as far as its call. */
  | { do: "recover" }
  | { do: "crash_device_before_commit" }
  | { do: "crash_device_after_commit" }
  | { do: "restore_device" }
  | { do: "wait"; ms: number }
  | { do: "commit" }
  | { do: "cancel" };

type Fate = "lives" | "dies_before_commit" | "dies_after_commit";
type ToHub = { type: "result"; epoch: number; result: CallResult };
type Outcome = "done" | "failed" | "offline" | "unknown";

const LIMITS: CallLimits = { answerMs: 30_000, awayMs: 30_000 };

/** One mutating call of one turn, from the moment its response is journaled. */
export class Simulation {
  readonly #device = new SimulatedDevice();
  #now = 0;
  #epoch = 0;
  #isConnected = false;
  #toDevice: ToDevice[] = [];
  #toHub: ToHub[] = [];
  /** What this connection brought to the device since the last acknowledgement. */
  #brought: ToDevice[] = [];
  /** What earlier connections carried. */
  #stale: ToDevice[] = [];
  // The hub's storage.
  #committed: Outcome | undefined;
  #hasOpenRevoke = false;
  #late: "none" | "happened" | "did_not_happen" = "none";
  #revokedStore: string | null = null;
  // The hub's memory.
  #isRecovering = false;
  #isCancelled = false;
  #pending: PendingCall | undefined;
  #outcome: Outcome | undefined;
  #early: CallResult | undefined;

  /** What the hub must reckon with: the call went out, or may have before a crash. */
  #mayHaveBeenSent = false;

  constructor({ deviceIsThere }: { deviceIsThere: boolean }) {
    if (deviceIsThere) this.#connect();
    this.#openCall(false);
  }

  step(fault: Fault): void {
    switch (fault.do) {
      case "deliver_to_device":
        return this.#deviceTakes(this.#toDevice.shift(), "lives");
      case "overtake_to_device":
        return this.#deviceTakes(this.#overtaking(), "lives");
      case "repeat_to_device":
        return this.#deviceTakes(this.#brought[fault.which % this.#brought.length], "lives");
      case "late_to_device":
        return this.#deviceTakes(this.#stale[fault.which % this.#stale.length], "lives");
      case "crash_device_before_commit":
        return this.#deviceTakes(this.#toDevice.shift(), "dies_before_commit");
      case "crash_device_after_commit":
        return this.#deviceTakes(this.#toDevice.shift(), "dies_after_commit");
      case "deliver_to_hub":
        return this.#hubTakes(this.#toHub.shift());
      case "garble_to_hub":
        this.#toHub.shift();
        return;
      case "disconnect":
        return this.#disconnect();
      case "connect":
        return this.#connect();
      case "crash_hub":
        return this.#crashHub();
      case "recover":
        return this.#recover();
      case "restore_device":
        return this.#restore();
      case "wait":
        return this.#wait(fault.ms);
      case "commit":
        return this.#commit();
      case "cancel":
        this.#isCancelled = true;
        return this.#advance({ type: "abandoned" });
    }
  }

  /** The faults are over: the device comes back, everything is delivered, every deadline passes. */
  settle(): void {
    this.#recover();
    for (let round = 0; round < 4; round++) {
      this.#connect();
      for (let hop = 0; hop < 8; hop++) {
        this.#deviceTakes(this.#toDevice.shift(), "lives");
        this.#hubTakes(this.#toHub.shift());
      }
      this.#commit();
      this.#wait(LIMITS.answerMs);
      this.#commit();
    }
  }

  get verdict() {
    return {
      outcome: this.#committed,
      /** What the turn itself read of the call. */
      told: this.#outcome,
      late: this.#late,
      effects: this.#device.effects,
      executions: this.#device.executions,
      mayHaveBeenSent: this.#mayHaveBeenSent,
      isOpen: this.#hasOpenRevoke,
      wasRestored: this.#device.store > 0,
      journal: this.#device.journal?.state,
    };
  }

  // --- the device ---

  #deviceTakes(frame: ToDevice | undefined, fate: Fate): void {
    if (!frame || !this.#isConnected) return;
    if (frame.epoch === this.#epoch) this.#brought.push(frame);
    const answer = fate === "dies_before_commit" ? undefined : this.#device.take(frame, this.#epoch);
    if (frame.type === "ack" && fate !== "dies_before_commit") this.#brought = [];
    if (fate !== "lives") return this.#disconnect();
    if (answer) this.#toHub.push({ type: "result", epoch: this.#epoch, result: answer });
  }

  #overtaking(): ToDevice | undefined {
    const revocation = this.#toDevice.findIndex((frame) => frame.type === "revoke");
    return revocation === -1 ? undefined : this.#toDevice.splice(revocation, 1)[0];
  }

  /** The person puts back a backup from before the call, under a new store id. */
  #restore(): void {
    this.#disconnect();
    this.#device.restore();
  }

  // --- the wire ---

  #connect(): void {
    this.#disconnect();
    this.#epoch++;
    this.#isConnected = true;
    const { owed } = this.#device;
    if (owed) this.#toHub.push({ type: "result", epoch: this.#epoch, result: owed });
    if (this.#hasOpenRevoke) {
      if (this.#revokedStore === String(this.#device.store)) this.#send("revoke");
      else this.#hasOpenRevoke = false;
    }
    this.#advance({ type: "connected", now: this.#now, storeId: String(this.#device.store) });
  }

  #disconnect(): void {
    if (!this.#isConnected) return;
    this.#isConnected = false;
    this.#stale.push(...this.#brought, ...this.#toDevice);
    this.#brought = [];
    this.#toDevice = [];
    this.#toHub = [];
    this.#advance({ type: "disconnected", now: this.#now });
  }

  #send(type: ToDevice["type"]): void {
    if (!this.#isConnected) return;
    this.#toDevice.push({ type, epoch: this.#epoch });
    if (type === "call") this.#mayHaveBeenSent = true;
  }

  // --- the hub ---

  #openCall(maybeSent: boolean): void {
    this.#pending = openCall({ storeId: "0", mutating: true, maybeSent, now: this.#now });
    const early = this.#early;
    this.#early = undefined;
    if (early) return this.#advance({ type: "answered", result: early });
    if (this.#isCancelled) return this.#advance({ type: "abandoned" });
    if (this.#isConnected) {
      this.#advance({ type: "connected", now: this.#now, storeId: String(this.#device.store) });
    }
  }

  #advance(event: Parameters<typeof stepCall<CallResult>>[1]): void {
    if (!this.#pending) return;
    const step = stepCall<CallResult>(this.#pending, event, LIMITS);
    if (step.do !== "settle") {
      this.#pending = step.call;
      if (step.do === "send") this.#send("call");
      return;
    }
    const { settlement } = step;
    this.#pending = undefined;
    if (step.revoke) {
      // One commit holds the outcome that the model will read and the revocation that settles it.
      this.#committed = "unknown";
      this.#hasOpenRevoke = true;
      this.#revokedStore = "0";
      if (this.#isConnected && this.#device.store === 0) this.#send("revoke");
    }
    if (settlement.kind === "answered") this.#outcome = "error" in settlement.result ? "failed" : "done";
    else this.#outcome = settlement.kind;
  }

  #hubTakes(frame: ToHub | undefined): void {
    if (!frame || !this.#isConnected || frame.epoch !== this.#epoch) return;
    if (this.#pending) return this.#advance({ type: "answered", result: frame.result });
    if (this.#hasOpenRevoke) {
      this.#hasOpenRevoke = false;
      this.#late = "error" in frame.result ? "did_not_happen" : "happened";
      return this.#send("ack");
    }
    if (this.#committed !== undefined) return this.#send("ack");
    // The outcome is known here but not committed, or a recovered turn has not asked again yet.
    if (this.#outcome === undefined) this.#early = frame.result;
  }

  /** The next response is journaled, and the outcome with it: only now may the device forget. */
  #commit(): void {
    if (this.#outcome === undefined || this.#committed !== undefined) return;
    this.#committed = this.#outcome;
    if (this.#outcome === "done" || this.#outcome === "failed") this.#send("ack");
  }

  #crashHub(): void {
    this.#disconnect();
    this.#pending = undefined;
    this.#early = undefined;
    this.#isCancelled = false;
    this.#outcome = this.#committed;
    if (this.#committed !== undefined) return;
    this.#isRecovering = true;
    this.#mayHaveBeenSent = true;
  }

  #recover(): void {
    if (!this.#isRecovering) return;
    this.#isRecovering = false;
    this.#openCall(true);
  }

  #wait(ms: number): void {
    this.#now += ms;
    if (this.#pending && this.#now >= callDueAt(this.#pending, LIMITS)) {
      this.#advance({ type: "tick", now: this.#now });
    }
  }
}
