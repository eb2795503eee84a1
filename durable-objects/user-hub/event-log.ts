/** What was lately told to this person's devices and readers, sealed: for those who were not there when it was. */
import { PublishedEvent } from "../../src/features/hub/schema.ts";
import type { Clock } from "../../src/lib/time.ts";
import type { HubStorage } from "./storage.ts";
import type { Vault } from "./vault.ts";

export type LoggedEvent = PublishedEvent & { id: number };

const EVENTS_MAX = 1_000;
const KEPT_MS = 24 * 3_600_000;
/** The newest id that is not in the log any more, or one below the first. */
const GONE = "events_gone";

/**
 * Ids rise by one from the millisecond in which the log began: one that begins anew, after a hub lost its storage, shares
 * none with the one before, and every older id is known to be none of its own.
 */
export class EventLog {
  readonly #storage: HubStorage;
  readonly #vault: Vault;
  readonly #clock: Clock;

  constructor(storage: HubStorage, vault: Vault, clock: Clock) {
    this.#storage = storage;
    this.#vault = vault;
    this.#clock = clock;
  }

  /** Part of the caller's commit. */
  append(event: PublishedEvent): LoggedEvent {
    const id = this.end() + 1;
    const body = this.#vault.seal("events", String(id), event);
    this.#storage.run("INSERT INTO events VALUES (?, ?, ?)", id, this.#clock.now(), body);
    this.#trim(id);
    return { ...event, id };
  }

  /** The newest id there was: what comes after it has not happened yet. */
  end(): number {
    const newest = this.#storage.row<{ id: number | null }>("SELECT max(id) AS id FROM events")?.id;
    return newest ?? this.#gone();
  }

  /** Null when some of what came after `cursor` is gone, or it is no place in this log. The oldest first. */
  after(cursor: number): LoggedEvent[] | null {
    if (cursor < this.#gone() || cursor > this.end()) return null;
    return this.#storage
      .rows<{ id: number; body: ArrayBuffer }>("SELECT id, body FROM events WHERE id > ? ORDER BY id", cursor)
      .map(({ id, body }) => ({
        ...this.#vault.open("events", String(id), body, PublishedEvent.parse),
        id,
      }));
  }

  #gone(): number {
    const stored = this.#storage.find(GONE);
    if (stored !== undefined) return Number(stored);
    const start = this.#clock.now() - 1;
    this.#storage.put(GONE, String(start));
    return start;
  }

  #trim(newest: number): void {
    const old = this.#storage.row<{ id: number }>(
      "SELECT id FROM events WHERE at >= ? ORDER BY id LIMIT 1",
      this.#clock.now() - KEPT_MS,
    );
    const gone = Math.max(newest - EVENTS_MAX, (old?.id ?? newest) - 1);
    if (gone <= this.#gone()) return;
    this.#storage.run("DELETE FROM events WHERE id <= ?", gone);
    this.#storage.put(GONE, String(gone));
  }
}
