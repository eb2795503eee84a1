import { describeCall, type Execution, saveExecutions } from "../../src/features/chat/service.ts";
import type { Ctx } from "../../src/platform/context.ts";
import { DatabaseError } from "../../src/platform/db-error.ts";
import type { OwedTurn } from "./execution-store.ts";
import { retryWaitMs } from "./outbox.ts";
import type { HubParts } from "./parts.ts";

const TURNS_PER_TRIP = 50;
/** A trip takes turns until it has this many: what is kept of a call is some pages at most. */
const CALLS_PER_TRIP = 100;
/** What is older would be erased at once. */
const KEPT_MS = 30 * 24 * 3_600_000;

/**
 * Brings the device calls of ended turns to Postgres when the alarm rings: many turns share a round trip, and no turn pays
 * for it. What fails is owed until it succeeds.
 */
export class ExecutionOutbox {
  readonly #parts: HubParts;
  readonly #createCtx: () => Ctx;
  #flushing: Promise<void> | undefined;

  constructor(parts: HubParts, createCtx: () => Ctx) {
    this.#parts = parts;
    this.#createCtx = createCtx;
  }

  /** One flush at a time: what is owed during it waits for the next alarm. */
  flush(): Promise<void> {
    this.#flushing ??= this.#flushOwed().finally(() => {
      this.#flushing = undefined;
    });
    return this.#flushing;
  }

  async #flushOwed(): Promise<void> {
    const { executions, clock } = this.#parts;
    let goesOn = true;
    while (goesOn) {
      const owed = executions.owed(clock.now(), TURNS_PER_TRIP);
      goesOn = owed.length > 0 && (await this.#save(owed));
    }
  }

  /** Saves the first of these turns, as many as go into one trip. False when the database cannot be had. */
  async #save(owed: readonly OwedTurn[]): Promise<boolean> {
    const { executions, storage, vault } = this.#parts;
    const turns: OwedTurn[] = [];
    const calls: Execution[] = [];
    for (const turn of owed) {
      if (calls.length >= CALLS_PER_TRIP) break;
      turns.push(turn);
      calls.push(...this.#callsOf(turn));
    }
    try {
      if (calls.length > 0) await saveExecutions(this.#createCtx(), calls, vault.dataKey);
      storage.commit(() => executions.settle(turns.map(({ requestId }) => requestId)));
      return true;
    } catch (cause) {
      // The fault is in one of them: alone, it keeps no other from being saved.
      const isOurs = cause instanceof DatabaseError;
      if (isOurs && turns.length > 1) {
        for (const turn of turns) await this.#save([turn]);
      } else this.#postpone(turns, cause);
      return isOurs;
    }
  }

  /** What the journal holds of a turn's calls. One that cannot be read is given up: it would never be. */
  #callsOf({ requestId, chatId }: OwedTurn): Execution[] {
    const { turns, clock, log } = this.#parts;
    try {
      const turn = turns.find(requestId);
      if (!turn || turn.createdAt < clock.now() - KEPT_MS) return [];
      const { deviceId } = turn.binding;
      return turns.entries(requestId).flatMap(({ outcomes }) =>
        outcomes.flatMap(({ callId, outcome, made }) => {
          if (!made) return [];
          const { call, startedAt, durationMs } = made;
          const place = { callId, requestId, chatId, deviceId };
          return [{ ...place, ...describeCall(call, outcome), startedAt, durationMs }];
        }),
      );
    } catch (cause) {
      log.error({ event: "executions.unreadable", request_id: requestId }, cause);
      return [];
    }
  }

  #postpone(turns: readonly OwedTurn[], cause: unknown): void {
    const { executions, storage, clock, log } = this.#parts;
    log.warn({ event: "executions.postponed", turns: turns.length }, cause);
    const now = clock.now();
    storage.commit(() => {
      for (const { requestId, tries } of turns) {
        const dueAt = now + retryWaitMs(tries);
        executions.postpone(requestId, dueAt);
        this.#parts.armAt(dueAt);
      }
    });
  }
}
