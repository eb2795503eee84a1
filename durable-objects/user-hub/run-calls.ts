import type { CallPlace } from "../../src/features/agent/types.ts";
import type { DeviceCall, DeviceOutcome } from "../../src/features/tools/types.ts";
import { derivedId } from "../../src/lib/ids.ts";
import type { HubParts } from "./parts.ts";
import type { RunJournal } from "./run-journal.ts";
import type { TurnRun } from "./turn-run.ts";

/** The device calls of one run of a turn. */
export class RunCalls {
  readonly #parts: HubParts;
  readonly #run: TurnRun;
  readonly #journal: RunJournal;
  /** Another run of this turn may have made calls that its journal does not hold. */
  readonly #recovered: boolean;
  /** Call ids are this and the place of the call: the same at each replay, and no other turn's. */
  readonly #idPrefix: string;
  /** When the calls under way began. */
  readonly #started = new Map<string, number>();

  constructor(parts: HubParts, run: TurnRun, journal: RunJournal, options: { recovered: boolean }) {
    this.#parts = parts;
    this.#run = run;
    this.#journal = journal;
    this.#recovered = options.recovered;
    this.#idPrefix = derivedId("call", run.row.requestId);
  }

  /**
   * Makes a device call, or answers it from the journal. `place` is the same at each replay, and in one run each is asked
   * for once.
   */
  async make(place: CallPlace, call: DeviceCall): Promise<DeviceOutcome> {
    const callId = `${this.#idPrefix}:${place.position}${place.sub}.${place.attempt}`;
    const known = this.#journal.takeOutcome(callId);
    if (known) return known;
    this.#run.leaveReplay();
    const { requestId, binding } = this.#run.row;
    const { deviceId, storeId } = binding;
    const maybeSent = this.#recovered && !this.#journal.isOwn(place.position);
    this.#started.set(callId, this.#parts.clock.now());
    const outcome: DeviceOutcome =
      deviceId === null
        ? { kind: "offline" }
        : await this.#parts.calls.call(
            { callId, requestId, deviceId, storeId, call, maybeSent },
            this.#run.signal,
          );
    this.note(callId, call, outcome);
    return outcome;
  }

  /** Keeps the outcome of a call for the next commit, unless one is known. */
  note(callId: string, { vector: _, ...call }: DeviceCall, outcome: DeviceOutcome): void {
    const now = this.#parts.clock.now();
    const startedAt = this.#started.get(callId) ?? now;
    this.#started.delete(callId);
    this.#journal.note(callId, outcome, { call, startedAt, durationMs: now - startedAt });
  }
}
