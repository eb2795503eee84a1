import type { ToolResult } from "../../src/features/hub/protocol.ts";
import type { Delivery } from "./delivery.ts";
import type { HubParts } from "./parts.ts";
import { readResult } from "./pending-calls.ts";
import type { Turns } from "./turns.ts";

/** Decides what an answer of a device is: one waited for, one for a call given up, an early one, or an old one. */
export class ToolAnswers {
  readonly #parts: HubParts;
  readonly #turns: Turns;
  readonly #delivery: Delivery;

  constructor(parts: HubParts, turns: Turns, delivery: Delivery) {
    this.#parts = parts;
    this.#turns = turns;
    this.#delivery = delivery;
  }

  take(deviceId: string, result: ToolResult): void {
    if (this.#parts.calls.answer(deviceId, result)) return;
    if (this.#settleRevoked(deviceId, result)) return;
    const serving = this.#turns.servedBy(deviceId);
    if (serving.some((run) => run.knowsUncommitted(result.id))) return;
    const isKnown = serving.some((run) => run.knows(result.id));
    // A turn that was recovered, or is yet to be, will make this call again: acknowledged now, it would run twice.
    const mayBeAsked = serving.length > 0 || this.#turns.owes(deviceId);
    if (mayBeAsked && !isKnown) return this.#parts.calls.keepEarly(deviceId, result);
    this.#parts.acknowledge(deviceId, [result.id]);
  }

  /** The late word on a call whose outcome the model was told is unknown. */
  #settleRevoked(deviceId: string, result: ToolResult): boolean {
    const open = this.#parts.devices.findRevoke(deviceId, result.id);
    if (!open) return false;
    const outcome = readResult(result);
    this.#parts.storage.commit(() => this.#parts.devices.settleRevoke(result.id));
    this.#parts.acknowledge(deviceId, [result.id]);
    this.#delivery.announceLate(deviceId, open.call, outcome);
    this.#parts.log.info({
      event: "outcome.settled",
      request_id: open.requestId,
      outcome_kind: outcome.kind,
    });
    return true;
  }
}
