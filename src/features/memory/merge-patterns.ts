/** What newly found habits change in those that are known. */
import { isRepetition } from "./comparing.ts";
import { inserted, type Making, next, turnsOf, withTurns } from "./item.ts";
import { tellingWords } from "./own-words.ts";
import type { Pattern } from "./patterns.ts";
import type { MemoryChange, MemoryItem } from "./schema.ts";
import { textOf } from "./text.ts";

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

const ALIKE_SHARE = 0.5;

/** In the same words; or in words of which half are the same, and shown by turns of which half are. */
function isSameHabit(known: MemoryItem, { pattern, turns }: Pattern): boolean {
  const text = textOf(known.body);
  if (isRepetition(text, pattern)) return true;
  return (
    shared(turnsOf(known), turns) >= ALIKE_SHARE &&
    shared(tellingWords(text), tellingWords(pattern)) >= ALIKE_SHARE
  );
}

/** Of the shorter list. */
function shared(one: readonly string[], other: readonly string[]): number {
  const [left, right] = [new Set(one), new Set(other)];
  const common = [...left].filter((each) => right.has(each)).length;
  return common / Math.max(1, Math.min(left.size, right.size));
}
