import type { Clock } from "../../src/lib/time.ts";
import type { HubStorage } from "./storage.ts";

/** How often the alarm looks whether a running turn is still in memory. */
export const WATCH_MS = 30_000;
/** How soon the alarm comes back to what failed when it rang. */
const RETRY_MS = 1_000;

/** The one alarm of a hub, set for the first of all things due. */
export class HubAlarm {
  readonly #storage: HubStorage;
  readonly #clock: Clock;
  /** When it rings, as far as this object knows. */
  #at: number | null = null;

  constructor(storage: HubStorage, clock: Clock) {
    this.#storage = storage;
    this.#clock = clock;
  }

  async load(): Promise<void> {
    this.#at = await this.#storage.getAlarm();
  }

  /** Rings at `at` at the latest. One storage write, and only when the present alarm is later than that. */
  armAt(at: number): void {
    if (this.#at !== null && this.#at <= at) return;
    this.#at = at;
    void this.#storage.setAlarm(at);
  }

  /** It rang, and rings again soon: nothing that goes wrong while it is attended to can strand a turn. */
  async rearm(): Promise<void> {
    this.#at = this.#clock.now() + WATCH_MS;
    await this.#storage.setAlarm(this.#at);
  }

  /** What is due, or overdue since it failed just now, is tried again soon. */
  retry(dueAt: number | null): void {
    if (dueAt !== null) this.armAt(this.#soonest(dueAt));
  }

  /** Puts the alarm off until the next thing is due; there is none while nothing is. */
  relax(dueAt: number | null): void {
    const at = dueAt === null ? null : this.#soonest(dueAt);
    if (at === this.#at) return;
    this.#at = at;
    void (at === null ? this.#storage.deleteAlarm() : this.#storage.setAlarm(at));
  }

  #soonest(dueAt: number): number {
    return Math.max(dueAt, this.#clock.now() + RETRY_MS);
  }
}
