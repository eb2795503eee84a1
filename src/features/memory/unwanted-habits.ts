/** Habits that a person does not want to hear of: how they are known again when they are found anew. */
import * as z from "zod";
import { languageOf, subjectOf } from "./habit-words.ts";
import { turnsOf } from "./item.ts";
import type { Pattern } from "./patterns.ts";
import { type MemoryItem, TURNS_MAX } from "./schema.ts";
import { textOf } from "./text.ts";

/** Words and turns of a habit; what a deleted one leaves has each as a keyed hash. */
export const HabitMarks = z.object({
  subject: z.array(z.string()),
  turns: z.array(z.string()),
  /** Of its words, where they tell. */
  language: z.string().nullable(),
});
export type HabitMarks = z.infer<typeof HabitMarks>;

type Habit = Pick<Pattern, "pattern" | "turns">;

export const ALIKE_SHARE = 0.5;
/** Of all their words: one in three may differ. */
const SUBJECT_SHARE = 0.65;

export function habitOf(item: MemoryItem): Habit {
  return { pattern: textOf(item.body), turns: turnsOf(item) };
}

/** Whether a habit is one that was dismissed, in other words: rather one too many is kept away than one comes back. */
export function isSameUnwanted(known: Habit, found: Habit): boolean {
  return isAlike(marksOf(known), marksOf(found));
}

/** @param hash Keyed by a key of the person's own. */
export function hashedMarks(habit: Habit, hash: (text: string) => string): HabitMarks {
  const { subject, turns, language } = marksOf(habit);
  return { subject: subject.map(hash), turns: turns.map(hash), language };
}

/** With the turns that show it now, by which it is known again tomorrow. */
export function withTurnsOf(known: HabitMarks, found: HabitMarks): HabitMarks {
  const turns = [...new Set([...known.turns, ...found.turns])].slice(-TURNS_MAX);
  return { ...known, turns };
}

function marksOf({ pattern, turns }: Habit): HabitMarks {
  return { subject: subjectOf(pattern), turns: [...new Set(turns)], language: languageOf(pattern) };
}

/**
 * About the same, whichever turns show it; about half the same, shown by half the same turns; or in another language, where
 * words tell nothing, shown by half the same turns.
 */
export function isAlike(one: HabitMarks, other: HabitMarks): boolean {
  const all = new Set([...one.subject, ...other.subject]).size;
  const common = one.subject.filter((word) => other.subject.includes(word)).length;
  if (all > 0 && common / all >= SUBJECT_SHARE) return true;
  if (shared(one.turns, other.turns) < ALIKE_SHARE) return false;
  const isForeign = one.language !== null && other.language !== null && one.language !== other.language;
  return isForeign || shared(one.subject, other.subject) >= ALIKE_SHARE;
}

/** Of the shorter list. */
export function shared(one: readonly string[], other: readonly string[]): number {
  const [left, right] = [new Set(one), new Set(other)];
  const common = [...left].filter((each) => right.has(each)).length;
  return common / Math.max(1, Math.min(left.size, right.size));
}
