import type { MemoryItem } from "../../src/features/memory/schema.ts";
import type { HubStorage } from "./storage.ts";

interface Reading {
  items: readonly MemoryItem[];
  /** The time it was made for, and the first at which one of the items does not hold any more. */
  from: number;
  until: number;
  rollbacks: number;
}

/** What turns read of the memory, opened, until something changes: most turns read what the one before read. */
export class CurrentItems {
  readonly #storage: Pick<HubStorage, "rollbacks">;
  readonly #readings = new Map<string, Reading>();

  constructor(storage: Pick<HubStorage, "rollbacks">) {
    this.#storage = storage;
  }

  get(name: string, now: number, read: () => MemoryItem[]): readonly MemoryItem[] {
    const { rollbacks } = this.#storage;
    const known = this.#readings.get(name);
    if (known && known.rollbacks === rollbacks && known.from <= now && now < known.until) return known.items;
    const items = read();
    const until = Math.min(...items.map(({ validTo }) => validTo ?? Number.POSITIVE_INFINITY));
    this.#readings.set(name, { items, from: now, until, rollbacks });
    return items;
  }

  /** An item changes. */
  forget(): void {
    this.#readings.clear();
  }
}
