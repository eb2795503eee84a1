import { createHmac } from "node:crypto";
import * as z from "zod";
import type { Pattern } from "../../src/features/memory/patterns.ts";
import type { MemoryItem } from "../../src/features/memory/schema.ts";
import {
  HabitMarks,
  habitOf,
  hashedMarks,
  isAlike,
  withTurnsOf,
} from "../../src/features/memory/unwanted-habits.ts";
import type { HubStorage } from "./storage.ts";
import type { Vault } from "./vault.ts";

const DELETED = "memory_deleted_habits";
/** 3 KB each at most; the oldest are let go. */
const HABITS_MAX = 50;
/** Bytes of a hash: enough for the words of one person. */
const HASH_BYTES = 9;

/** What deleted habits leave, so that they are not found again: no words, hashes under the person's own key alone. */
export class UnwantedHabits {
  readonly #storage: HubStorage;
  readonly #vault: Vault;

  constructor(storage: HubStorage, vault: Vault) {
    this.#storage = storage;
    this.#vault = vault;
  }

  /** Part of the caller's commit, as are the other changes. */
  note(habits: readonly MemoryItem[]): void {
    if (habits.length === 0) return;
    const hash = this.#hash();
    this.#keep([...this.#all(), ...habits.map((item) => hashedMarks(habitOf(item), hash))]);
  }

  forget(): void {
    if (this.#storage.find(DELETED) !== undefined) this.#keep([]);
  }

  /** Those that were not deleted. What shows a deleted one now is noted, since it is known by its turns too. */
  without(patterns: readonly Pattern[]): Pattern[] {
    const known = this.#all();
    if (known.length === 0) return [...patterns];
    const hash = this.#hash();
    const wanted = patterns.filter((pattern) => {
      const found = hashedMarks(pattern, hash);
      const at = known.findIndex((marks) => isAlike(marks, found));
      const marks = known[at];
      if (marks) known[at] = withTurnsOf(marks, found);
      return !marks;
    });
    this.#keep(known);
    return wanted;
  }

  #all(): HabitMarks[] {
    const kept = this.#storage.find(DELETED);
    return kept === undefined ? [] : z.array(HabitMarks).parse(JSON.parse(kept));
  }

  #keep(habits: readonly HabitMarks[]): void {
    this.#storage.put(DELETED, JSON.stringify(habits.slice(-HABITS_MAX)));
  }

  #hash(): (text: string) => string {
    const key = this.#vault.dataKey.derive("memory deleted habits");
    return (text) =>
      createHmac("sha256", key).update(text).digest().subarray(0, HASH_BYTES).toString("base64");
  }
}
