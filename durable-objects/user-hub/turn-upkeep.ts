import type { HubParts } from "./parts.ts";
import type { TurnRow } from "./turn-record.ts";
import type { Turns } from "./turns.ts";

/** A turn that ended stays known for this long, so that a repeat of its `request_id` starts no other. */
const KNOWN_FOR_MS = 30 * 24 * 3_600_000;
/** How soon a turn is looked at again whose calls are being saved just now. */
const LOOK_AGAIN_MS = 1_000;

/** What the alarm does for turns whose time has come. Only starts work. */
export class TurnUpkeep {
  readonly #parts: HubParts;
  readonly #turns: Turns;

  constructor(parts: HubParts, turns: Turns) {
    this.#parts = parts;
    this.#turns = turns;
  }

  attend(now: number): void {
    this.#turns.recover();
    for (const row of this.#parts.turns.due(now)) {
      shielded(this.#parts, row, () => {
        if (row.state.phase === "parked") this.#expire(row, now);
        else if (row.state.phase === "ended") this.#drop(row, now);
        else this.#postpone(row);
      });
    }
  }

  #postpone(row: TurnRow): void {
    const { storage, turns, dueAt } = this.#parts;
    storage.commit(() => turns.postpone(row.requestId, dueAt(row.state)));
  }

  #expire(row: TurnRow, now: number): void {
    for (const approval of this.#parts.approvals.ofTurn(row.requestId)) {
      if (approval.state === "open" && approval.expiresAt <= now) {
        this.#turns.decide(approval.approvalId, "expired");
      }
    }
  }

  /** First what the turn said, once its calls are saved, later that it was. */
  #drop(row: TurnRow, now: number): void {
    const { storage, turns, executions } = this.#parts;
    storage.commit(() => {
      const nextTryAt = executions.nextTryAt(row.requestId);
      if (nextTryAt !== undefined) turns.postpone(row.requestId, Math.max(nextTryAt, now + LOOK_AGAIN_MS));
      else if (turns.hasContent(row.requestId)) turns.dropContent(row.requestId, now + KNOWN_FOR_MS);
      else turns.forget(row.requestId);
      this.#parts.chats.prune();
    });
  }
}

/** What fails for one turn keeps no other from its turn; the alarm comes back to it. */
export function shielded({ log }: HubParts, { requestId }: TurnRow, attend: () => void): void {
  try {
    attend();
  } catch (cause) {
    log.error({ event: "turn.unattended", request_id: requestId }, cause);
  }
}
