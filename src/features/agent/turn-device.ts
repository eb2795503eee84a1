import { MUTATING_ACTIONS, type Mutation } from "../hub/protocol.ts";
import { mutationOf } from "../tools/service.ts";
import type { DeviceCall, DeviceOutcome } from "../tools/types.ts";
import type { TurnEntities } from "./entities.ts";
import type { CallPlace, TurnPorts } from "./types.ts";

/** The device as one turn uses it: what it answers is noted for the turn's words, what it changed for its result. */
export class TurnDevice {
  readonly mutations: Mutation[] = [];
  readonly #call: TurnPorts["device"];
  readonly #entities: TurnEntities;

  constructor(call: TurnPorts["device"], entities: TurnEntities) {
    this.#call = call;
    this.#entities = entities;
  }

  /** A read that the device did not answer is tried once more, under an id of its own. */
  async call(place: Omit<CallPlace, "attempt">, call: DeviceCall): Promise<DeviceOutcome> {
    let outcome = await this.#call({ ...place, attempt: 1 }, call);
    const isUnanswered = outcome.kind === "error" && outcome.code === "tool_timeout";
    // The code is the device's word too: a change it speaks of so may have been made.
    if (isUnanswered && !MUTATING_ACTIONS.has(call.action)) {
      outcome = await this.#call({ ...place, attempt: 2 }, call);
    }
    this.#entities.noteOutcome(call.table, outcome);
    const mutation = mutationOf(call, outcome);
    if (mutation) this.mutations.push(mutation);
    return outcome;
  }
}
