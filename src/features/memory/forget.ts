/** What goes along when something is forgotten: pure rules over all that is remembered of one person. */
import { turnsOf } from "./item.ts";
import { Grounds, normalised, tellingWords } from "./own-words.ts";
import type { CoreQuestion, MemoryItem, MemoryTier } from "./schema.ts";
import { textOf } from "./text.ts";

/** Gives all items of the tiers, history included, each time it is called. */
export type AllItems = (tiers: readonly MemoryTier[]) => Iterable<MemoryItem>;

const LEARNT = ["core", "associative"] as const satisfies MemoryTier[];
const DERIVED = ["episodic", "proactive"] as const satisfies MemoryTier[];

/** Values that are in every second text ("no", "7") count together with their key. */
const COMMONPLACE = /^[ -~]{1,2}$/;

/**
 * Facts and statements that were learnt from the same words of the same turn as `items`, and those whose quote repeats them
 * though they say something else: these lose their quote only.
 */
export function takenAlike(
  items: readonly MemoryItem[],
  all: AllItems,
): { same: MemoryItem[]; quoting: MemoryItem[] } {
  const learnt = items.filter(isLearnt);
  if (learnt.length === 0) return { same: [], quoting: [] };
  const ids = new Set(items.map(({ id }) => id));
  const wordings = learnt.flatMap(wordingsOf);
  const [same, quoting]: [MemoryItem[], MemoryItem[]] = [[], []];
  for (const item of all(LEARNT)) {
    if (ids.has(item.id)) continue;
    const { quote } = item.provenance;
    if (learnt.some((forgotten) => isSame(forgotten, item))) same.push(item);
    else if (quote !== null && repeatsAny(quote, wordings)) quoting.push(item);
  }
  return { same, quoting };
}

/**
 * Episodes of the turns that stand behind facts and statements, and any that repeats their words; then the patterns that
 * one of these turns or episodes shows.
 */
export function derivedFrom(items: readonly MemoryItem[], all: AllItems): MemoryItem[] {
  const learnt = items.filter(isLearnt);
  const wordings = learnt.flatMap(wordingsOf);
  const turns = new Set(learnt.flatMap(turnsOf));
  const ids = new Set(items.map(({ id }) => id));
  const episodes = items.filter(({ body }) => body.tier === "episodic");
  const patterns: MemoryItem[] = [];
  for (const item of all(DERIVED)) {
    if (ids.has(item.id)) continue;
    if (item.body.tier === "proactive") patterns.push(item);
    if (item.body.tier !== "episodic") continue;
    if (isOf(item, turns) || repeatsAny(item.body.summary, wordings)) episodes.push(item);
  }
  const gone = new Set([...turns, ...episodes.flatMap(turnsOf)]);
  return [
    ...episodes.filter(({ id }) => !ids.has(id)),
    ...patterns.filter((item) => isOf(item, gone) || repeatsAny(textOf(item.body), wordings)),
  ];
}

/** An open question that would bring back what is forgotten. */
export function isAskedOf(
  items: readonly MemoryItem[],
  { key, proposed, quote, requestId }: Pick<CoreQuestion, "key" | "proposed" | "quote" | "requestId">,
): boolean {
  const asked = {
    body: { tier: "core", key, value: proposed },
    provenance: { source: "turn", requestId, quote },
  } as const;
  return items.some(
    (item) => (item.body.tier === "core" && item.body.key === key) || (isLearnt(item) && isSame(item, asked)),
  );
}

type Told = Pick<MemoryItem, "body" | "provenance">;

function isLearnt({ body }: MemoryItem): boolean {
  return LEARNT.some((tier) => tier === body.tier);
}

function isSame(one: Told, other: Told): boolean {
  const { requestId } = other.provenance;
  if (requestId === null || !turnsOf(one).includes(requestId)) return false;
  const [quote, otherQuote] = [one.provenance.quote, other.provenance.quote];
  if (quote !== null && otherQuote !== null && normalised(quote) === normalised(otherQuote)) return true;
  return repeats(textOf(other.body), one) || repeats(textOf(one.body), other);
}

function isOf(item: Told, turns: ReadonlySet<string>): boolean {
  return turnsOf(item).some((turn) => turns.has(turn));
}

function repeatsAny(text: string, wordings: readonly string[][]): boolean {
  const grounds = new Grounds([text]);
  return wordings.some((words) => grounds.covers(words));
}

function repeats(text: string, item: Told): boolean {
  return repeatsAny(text, wordingsOf(item).slice(0, 1));
}

/** The telling words of what an item says, then of what it was taken from. */
function wordingsOf({ body, provenance: { quote } }: Told): string[][] {
  const isCommonplace = body.tier === "core" && COMMONPLACE.test(body.value);
  const text = isCommonplace ? `${body.key} ${body.value}` : textOf(body);
  return [text, ...(quote === null ? [] : [quote])].map(tellingWords);
}
