/** What newly found habits change in those that are known. */
import { isRepetition } from "./comparing.ts";
import { inserted, type Making, next, turnsOf, withTurns } from "./item.ts";
import { tellingWords } from "./own-words.ts";
import type { Pattern } from "./patterns.ts";
import type { MemoryChange, MemoryItem } from "./schema.ts";
import { textOf } from "./text.ts";
import { ALIKE_SHARE, habitOf, isSameUnwanted, shared } from "./unwanted-habits.ts";

const DERIVED = { source: "consolidation", requestId: null, quote: null } as const;

/** New patterns are kept, known ones gain or lose confidence, and what was dismissed stays dismissed, in other words too. */
export function mergePatterns(
  items: readonly MemoryItem[],
  patterns: readonly Pattern[],
  making: Making,
): MemoryChange[] {
  const known = items.filter(({ body, validTo }) => body.tier === "proactive" && validTo === null);
  const changes = new Map<string, MemoryChange>();
  for (const pattern of patterns) {
    const same = [...known, ...[...changes.values()].map(({ item }) => item)].find((item) =>
      isSameHabit(item, pattern),
    );
    if (same && changes.has(same.id)) continue;
    const change = same ? seenAgain(same, pattern, making.now) : found(pattern, making);
    if (change) changes.set(change.item.id, change);
  }
  return [...changes.values()];
}

function found({ pattern, confidence, turns }: Pattern, making: Making): MemoryChange {
  return inserted({ tier: "proactive", pattern }, withTurns(DERIVED, turns), making, { confidence });
}

/** What was dismissed only learns the turns that show it, by which it is known again. */
function seenAgain(same: MemoryItem, { confidence, turns }: Pattern, now: number): MemoryChange | null {
  const provenance = withTurns(same.provenance, turns);
  if (same.dismissedAt === null)
    return { kind: "strengthen", item: next(same, now, { confidence, lastUsedAt: now, provenance }) };
  const known = new Set(turnsOf(same));
  if (turns.every((turn) => known.has(turn))) return null;
  return { kind: "strengthen", item: next(same, now, { provenance }) };
}

/** In the same words; or in words of which half are the same, and shown by turns of which half are. */
function isSameHabit(known: MemoryItem, found: Pattern): boolean {
  const text = textOf(known.body);
  if (isRepetition(text, found.pattern)) return true;
  if (known.dismissedAt !== null && isSameUnwanted(habitOf(known), found)) return true;
  return (
    shared(turnsOf(known), found.turns) >= ALIKE_SHARE &&
    shared(tellingWords(text), tellingWords(found.pattern)) >= ALIKE_SHARE
  );
}
