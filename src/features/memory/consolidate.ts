/** What a day does to a memory: pure rules over all that is remembered of one person. */
import { essenceOf } from "./comparing.ts";
import { isLive, next, turnsOf, withTurns } from "./item.ts";
import type { MemoryChange, MemoryItem, MemoryTier } from "./schema.ts";
import { textOf } from "./text.ts";

export interface Consolidation {
  changes: MemoryChange[];
  /** Ids of what is past retention, or was merged into another item. */
  erased: string[];
}

const DAY_MS = 86_400_000;

/** Strength is taken a step down each time an item was left alone for so long. */
const DECAY_AFTER_MS = 7 * DAY_MS;
const DECAY_SHARE = 0.85;
/** Nothing fades to nothing. What the person wrote or confirmed themselves, and facts, do not fade at all. */
const STRENGTH_MIN = 0.02;

/** How long the superseded stays as history. */
const HISTORY_MS = 90 * DAY_MS;

interface Retention {
  /** Unused for so long, an item goes whatever its strength. */
  unusedMs: number;
  /** Unused for so long, it goes when it is weak. */
  weakMs: number;
}

/** Core facts stay until they are superseded or deleted. */
const RETENTION: Readonly<Record<MemoryTier, Retention | null>> = {
  core: null,
  associative: { unusedMs: 3 * 365 * DAY_MS, weakMs: 180 * DAY_MS },
  episodic: { unusedMs: 365 * DAY_MS, weakMs: 90 * DAY_MS },
  proactive: { unusedMs: 90 * DAY_MS, weakMs: 60 * DAY_MS },
};
const WEAK = 0.1;

/** Safe to repeat: what it has just done it finds nothing more to do to. */
export function consolidate(items: readonly MemoryItem[], now: number): Consolidation {
  const erased = new Set(items.filter((item) => isPastRetention(item, now)).map(({ id }) => id));
  const changes = new Map<string, MemoryChange>();
  const live = items.filter((item) => !erased.has(item.id) && isLive(item, now));
  for (const [kept, ...copies] of repetitions(live)) {
    if (!kept) continue;
    for (const { id } of copies) erased.add(id);
    changes.set(kept.id, { kind: "strengthen", item: united(kept, copies, now) });
  }
  for (const item of live) {
    if (!erased.has(item.id) && !changes.has(item.id) && isFading(item, now)) {
      const strength = Math.max(STRENGTH_MIN, item.strength * DECAY_SHARE);
      changes.set(item.id, { kind: "decay", item: next(item, now, { strength }) });
    }
  }
  return { changes: [...changes.values()], erased: [...erased] };
}

export function isPastRetention(item: MemoryItem, now: number): boolean {
  if (item.validTo !== null && item.validTo <= now) return now - item.validTo > HISTORY_MS;
  // What was dismissed stays, unseen, so that it is never derived again.
  if (item.dismissedAt !== null) return false;
  const retention = RETENTION[item.body.tier];
  if (!retention || isOwn(item)) return false;
  const unusedMs = now - usedAt(item);
  return unusedMs > retention.unusedMs || (item.strength < WEAK && unusedMs > retention.weakMs);
}

function isFading(item: MemoryItem, now: number): boolean {
  const isLeftAlone = now - Math.max(usedAt(item), item.updatedAt) >= DECAY_AFTER_MS;
  return item.body.tier !== "core" && !isOwn(item) && item.strength > STRENGTH_MIN && isLeftAlone;
}

function isOwn({ provenance }: MemoryItem): boolean {
  return provenance.source === "user";
}

function usedAt({ lastUsedAt, createdAt }: MemoryItem): number {
  return lastUsedAt ?? createdAt;
}

/** Statements that say the same, those to keep first: the person's own, then the oldest. */
function repetitions(live: readonly MemoryItem[]): MemoryItem[][] {
  const statements = live
    .filter(({ body }) => body.tier === "associative")
    .toSorted((one, other) => Number(isOwn(other)) - Number(isOwn(one)) || one.createdAt - other.createdAt);
  const alike = Map.groupBy(statements, ({ body }) => essenceOf(textOf(body)));
  return [...alike.values()].filter((group) => group.length > 1);
}

/** As strong as all of them together, used when the last of them was. */
function united(kept: MemoryItem, copies: readonly MemoryItem[], now: number): MemoryItem {
  const all = [kept, ...copies];
  const weakness = all.reduce((product, { strength }) => product * (1 - strength), 1);
  const lastUsedAt = Math.max(...all.map(usedAt));
  return next(kept, now, {
    strength: Math.min(1, 1 - weakness),
    confidence: Math.max(...all.map(({ confidence }) => confidence)),
    lastUsedAt,
    provenance: withTurns(kept.provenance, copies.flatMap(turnsOf)),
  });
}
