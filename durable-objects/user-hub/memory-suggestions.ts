import type { HubStorage } from "./storage.ts";

const SUGGESTED_ON = "memory_suggested_on";

/** One suggestion a day. A turn holds the day's from its prompt on, and uses it up with its end. */
export class MemorySuggestions {
  readonly #storage: HubStorage;
  readonly #held = new Map<string, string>();

  constructor(storage: HubStorage) {
    this.#storage = storage;
  }

  /** True when nothing was suggested on this day, and no other turn is about to. A turn that asks again keeps it. */
  take(day: string, requestId: string): boolean {
    const holder = this.#held.get(day);
    if (holder !== undefined) return holder === requestId;
    if (this.#storage.find(SUGGESTED_ON) === day) return false;
    this.#held.set(day, requestId);
    return true;
  }

  /** Part of the commit that ends the turn. A turn that came to nothing gives its suggestion back. */
  settle(requestId: string, { isDone }: { isDone: boolean }): void {
    for (const [day, holder] of this.#held) {
      if (holder !== requestId) continue;
      this.#held.delete(day);
      if (isDone) this.#storage.put(SUGGESTED_ON, day);
    }
  }
}
