import { type ClientFrame, MUTATING_ACTIONS, type ToolAction } from "../src/features/hub/protocol.ts";
import { type CallResult, unsendableResult } from "./journal-core.ts";

interface Unsent {
  action: ToolAction | null;
  result: CallResult;
}

/** The hub asks again for what is lost here, so forgetting the oldest costs a round trip, not an answer. */
const UNSENT_MAX = 256;

/** Sends the results of calls under the epoch of the day. Those made while there is no connection go out with the next. */
export class Answers {
  readonly #send: (frame: ClientFrame) => boolean | "too_large";
  readonly #epoch: () => number;
  readonly #unsent = new Map<string, Unsent>();

  constructor(options: { send: (frame: ClientFrame) => boolean | "too_large"; epoch: () => number }) {
    this.#send = options.send;
    this.#epoch = options.epoch;
  }

  /** `action` is null for a result out of the journal, or for a call that cannot be told any more. */
  deliver(id: string, action: ToolAction | null, result: CallResult): void {
    const sent = this.#send(this.#frame(id, result));
    if (sent === "too_large") this.#send(this.#frame(id, unsendableResult(action)));
    // The outcome of a mutation is in the journal, which is sent whole after each welcome.
    if (sent === false && (action === null || !MUTATING_ACTIONS.has(action)))
      this.#hold(id, { action, result });
  }

  /** After a welcome. */
  flush(): void {
    const unsent = [...this.#unsent];
    this.#unsent.clear();
    for (const [id, { action, result }] of unsent) this.deliver(id, action, result);
  }

  #frame(id: string, result: CallResult): ClientFrame {
    return { type: "tool_result", id, epoch: this.#epoch(), ...result };
  }

  #hold(id: string, unsent: Unsent): void {
    this.#unsent.delete(id);
    this.#unsent.set(id, unsent);
    for (const oldest of this.#unsent.keys()) {
      if (this.#unsent.size <= UNSENT_MAX) break;
      this.#unsent.delete(oldest);
    }
  }
}
