import { isNamedIn } from "../../src/features/memory/habit-words.ts";
import type { HubStorage } from "./storage.ts";

const SUGGESTED_ON = "memory_suggested_on";
/** A day, and in how many of its answers the suggestion was left out. */
const LEFT_OUT = "memory_suggestion_left_out";
/** Whoever writes the answers may find that none of them fits. */
const TRIES_MAX = 3;

/** A habit that a turn was given to suggest something about. */
export interface Suggestion {
  id: string;
  habit: string;
}

/** One suggestion a day. A turn holds the day's from its prompt on; the answer that names it uses it up. */
export class MemorySuggestions {
  readonly #storage: HubStorage;
  readonly #held = new Map<string, Suggestion & { requestId: string }>();

  constructor(storage: HubStorage) {
    this.#storage = storage;
  }

  /** True when nothing was suggested on this day, and no other turn is about to. A turn that asks again keeps it. */
  take(day: string, requestId: string, suggestion: Suggestion): boolean {
    const holder = this.#held.get(day);
    if (holder && holder.requestId !== requestId) return false;
    if (this.#storage.find(SUGGESTED_ON) === day || this.#leftOut(day) >= TRIES_MAX) return false;
    this.#held.set(day, { ...suggestion, requestId });
    return true;
  }

  /**
   * Part of the commit that ends the turn; answers the id of the habit that the person saw a suggestion about. A turn that
   * came to nothing, whose `answer` is null, gives its suggestion back.
   */
  settle(requestId: string, answer: string | null): string | undefined {
    let shown: string | undefined;
    for (const [day, { requestId: holder, id, habit }] of this.#held) {
      if (holder !== requestId) continue;
      this.#held.delete(day);
      if (answer === null) continue;
      if (isNamedIn(habit, answer)) {
        this.#storage.put(SUGGESTED_ON, day);
        shown = id;
      } else this.#storage.put(LEFT_OUT, `${day} ${this.#leftOut(day) + 1}`);
    }
    return shown;
  }

  #leftOut(day: string): number {
    const [noted, times] = (this.#storage.find(LEFT_OUT) ?? "").split(" ");
    return noted === day ? Number(times) : 0;
  }
}
