import {
  type CallResult,
  decideAck,
  decideCall,
  decideRevoke,
  type JournalEntry,
  outstandingResult,
} from "../../../../device/journal-core.ts";

export type ToDevice = { type: "call" | "revoke" | "ack"; epoch: number };

/** A device of one call: what its database file holds, journal and effect together. */
export class SimulatedDevice {
  journal: JournalEntry | undefined;
  /** Which file is the present one. */
  store = 0;
  /** How often the effect was ever applied, to whatever file. */
  executions = 0;
  /** How often it was applied to the present file. */
  effects = 0;

  /** Takes a frame in the connection of this epoch, commits what it does, and says what it answers. */
  take(frame: ToDevice, epoch: number): CallResult | undefined {
    const situation = { epoch, running: false };
    if (frame.type === "ack") {
      if (decideAck(situation) === "forget") this.journal = undefined;
      return undefined;
    }
    if (frame.type === "revoke") {
      const decision = decideRevoke(this.journal, situation);
      if (decision.do === "tombstone") this.journal = { state: "revoked" };
      return decision.do === "wait" ? undefined : decision.result;
    }
    const decision = decideCall(this.journal, { action: "insert", epoch: frame.epoch }, situation);
    if (decision.do === "ignore") return undefined;
    if (decision.do !== "execute") return decision.result;
    const result: CallResult = { row: { id: "row" } };
    this.effects++;
    this.executions++;
    this.journal = { state: "committed", result };
    return result;
  }

  /** What it sends again after each welcome. */
  get owed(): CallResult | null {
    return this.journal ? outstandingResult(this.journal) : null;
  }

  /** A backup from before the call takes the place of the file; what the file held is gone with it. */
  restore(): void {
    this.journal = undefined;
    this.store++;
    this.effects = 0;
  }
}
