import { derivedFrom, isAskedOf, takenAlike } from "../../src/features/memory/forget.ts";
import { unquoted } from "../../src/features/memory/item.ts";
import type { MemoryChange, MemoryItem, MemoryTier } from "../../src/features/memory/schema.ts";
import type { Ctx } from "../../src/platform/context.ts";
import type { HubMemory } from "./memory.ts";
import { ALL } from "./memory-owed.ts";
import type { OpenQuestion } from "./memory-questions.ts";
import type { MemoryStore } from "./memory-store.ts";

/** What one deletion or correction takes along. */
export interface Forgotten {
  erased: readonly string[] | typeof ALL;
  /** Of items that stay. */
  changes: readonly MemoryChange[];
  isAsked(question: OpenQuestion): boolean;
  /** Habits among what goes that are not to be found again. */
  unwanted: readonly MemoryItem[];
}

export const EVERYTHING: Forgotten = { erased: ALL, changes: [], isAsked: () => true, unwanted: [] };

/** Read at once, of all that is remembered. */
const PAGE = 500;

/** Forgets items together with what was made from the same words. */
export class MemoryForgetting {
  readonly #memory: HubMemory;

  constructor(memory: HubMemory) {
    this.#memory = memory;
  }

  /** What goes when these items are deleted: they, what they took the place of, and what has their words. */
  deletionOf(items: readonly MemoryItem[]): Forgotten {
    const chosen = this.#withReplaced(items);
    const { same, quoting } = takenAlike(chosen, this.#all);
    const gone = [...chosen, ...same];
    const derived = derivedFrom(gone, this.#all);
    return {
      erased: [...gone, ...derived].map(({ id }) => id),
      changes: quoting.map((item) => unquoted(item, this.#memory.now)),
      isAsked: (question) => isAskedOf(gone, question),
      unwanted: [...items.filter(({ body }) => body.tier === "proactive"), ...derived.filter(isDismissed)],
    };
  }

  /** What goes when this item gets other words: what was derived from those it had. */
  rewordingOf(item: MemoryItem): Forgotten {
    const derived = derivedFrom([item], this.#all);
    return {
      erased: derived.map(({ id }) => id),
      changes: [],
      isAsked: (question) => isAskedOf([item], question),
      unwanted: derived.filter(isDismissed),
    };
  }

  /**
   * Forgets in one commit, which `write` is part of, and has Postgres forget. False when Postgres cannot be had and is owed
   * it.
   */
  async forget(
    { erased, changes, isAsked, unwanted }: Forgotten,
    ctx: Ctx,
    write?: () => void,
  ): Promise<boolean> {
    const { store, questions, unwantedHabits, outbox, parts, now } = this.#memory;
    this.#memory.change(() => {
      write?.();
      this.#memory.apply(changes);
      store.erase(erased, now);
      questions.dropThose(isAsked);
      if (erased === ALL) unwantedHabits.forget();
      unwantedHabits.note(unwanted);
      parts.armAt(now);
    });
    const isErased = erased.length === 0 || (await outbox.erase(erased, ctx));
    const isChanged = changes.length === 0 || (await outbox.isSettled(changes.map(({ item }) => item.id)));
    return isErased && isChanged;
  }

  #withReplaced(items: readonly MemoryItem[]): MemoryItem[] {
    const found = new Map(items.map((item) => [item.id, item]));
    for (let latest = [...items]; latest.length > 0; ) {
      const before = latest.flatMap(({ provenance }) => provenance.replaced ?? []);
      latest = this.#memory.store.withIds(before.filter((id) => !found.has(id)));
      for (const item of latest) found.set(item.id, item);
    }
    return [...found.values()];
  }

  readonly #all = (tiers: readonly MemoryTier[]) => pages(this.#memory.store, tiers);
}

function isDismissed({ dismissedAt }: MemoryItem): boolean {
  return dismissedAt !== null;
}

/** All items of the tiers, history included, a page at a time. */
export function* pages(store: MemoryStore, tiers: readonly MemoryTier[]): Generator<MemoryItem> {
  for (let after = "", goesOn = true; goesOn; ) {
    const page = store.page(after, PAGE, tiers);
    yield* page;
    after = page.at(-1)?.id ?? after;
    goesOn = page.length === PAGE;
  }
}
