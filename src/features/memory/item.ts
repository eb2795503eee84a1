/** One item's changes: pure, each a new form with the next version. */
import {
  type CoreEntry,
  type MemoryBody,
  MemoryBody as MemoryBodySchema,
  type MemoryChange,
  type MemoryItem,
  type Provenance,
  TURNS_MAX,
} from "./schema.ts";
import { withText } from "./text.ts";

/** What a new item is made with; `newId` must give UUIDs. */
export interface Making {
  now: number;
  newId(): string;
}

const STRENGTH_NEW = 0.5;
const STRENGTH_OWN = 0.9;
const REPETITION_GAIN = 0.3;
const USE_GAIN = 0.1;

export function inserted(
  body: MemoryBody,
  provenance: Provenance,
  { now, newId }: Making,
  { confidence = 1, validTo = null }: { confidence?: number; validTo?: number | null } = {},
): MemoryChange {
  const item: MemoryItem = {
    id: newId(),
    body,
    strength: provenance.source === "user" ? STRENGTH_OWN : STRENGTH_NEW,
    confidence,
    validFrom: now,
    validTo,
    lastUsedAt: null,
    dismissedAt: null,
    provenance,
    createdAt: now,
    updatedAt: now,
    version: 1,
  };
  return { kind: "insert", item };
}

/** Said again: it counts for more, and an ever smaller part more each time. */
export function strengthened(
  item: MemoryItem,
  now: number,
  { requestId, confidence = item.confidence }: { requestId: string | null; confidence?: number },
): MemoryChange {
  const again = requestId === null ? [] : [requestId];
  return {
    kind: "strengthen",
    item: next(item, now, {
      strength: raised(item.strength, REPETITION_GAIN),
      confidence: Math.max(item.confidence, confidence),
      lastUsedAt: now,
      provenance: withTurns(item.provenance, again),
    }),
  };
}

/** All turns that stand behind an item. */
export function turnsOf({ provenance: { requestId, turns = [] } }: Pick<MemoryItem, "provenance">): string[] {
  return requestId === null ? turns : [requestId, ...turns];
}

export function withTurns(provenance: Provenance, further: readonly string[]): Provenance {
  const others = [...(provenance.turns ?? []), ...further].filter((turn) => turn !== provenance.requestId);
  return others.length === 0 ? provenance : { ...provenance, turns: [...new Set(others)].slice(-TURNS_MAX) };
}

/** The origin of what takes the place of these items: forgetting it reaches what they came from. */
export function succeeding(provenance: Provenance, items: readonly MemoryItem[]): Provenance {
  if (items.length === 0) return provenance;
  const ids = [...(provenance.replaced ?? []), ...items.map(({ id }) => id)];
  return { ...withTurns(provenance, items.flatMap(turnsOf)), replaced: ids.slice(-TURNS_MAX) };
}

/** It went into a turn. */
export function used(item: MemoryItem, now: number): MemoryChange {
  return {
    kind: "use",
    item: next(item, now, { strength: raised(item.strength, USE_GAIN), lastUsedAt: now }),
  };
}

/** Something else holds from now on. */
export function superseded(item: MemoryItem, now: number): MemoryChange {
  return { kind: "supersede", item: next(item, now, { validTo: Math.max(item.validFrom, now) }) };
}

/**
 * The person's own words in place of what was there; they vouch for them. Throws a `ZodError` for words that its tier
 * cannot hold.
 */
export function edited(item: MemoryItem, text: string, now: number): MemoryChange {
  const { replaced } = item.provenance;
  const provenance: Provenance = { source: "user", requestId: null, quote: null, replaced };
  const body = MemoryBodySchema.parse(withText(item.body, text));
  return {
    kind: "edit",
    item: next(item, now, {
      body,
      provenance,
      confidence: 1,
      strength: Math.max(item.strength, STRENGTH_OWN),
    }),
  };
}

/** Without the words it came from: they repeat what was forgotten. */
export function unquoted(item: MemoryItem, now: number): MemoryChange {
  return { kind: "unquote", item: next(item, now, { provenance: { ...item.provenance, quote: null } }) };
}

export function dismissed(item: MemoryItem, now: number): MemoryChange {
  return { kind: "dismiss", item: next(item, now, { dismissedAt: now }) };
}

/** A fact in place of the one that is known by this key, or strengthened when it is the same. */
export function writtenCore(
  known: MemoryItem | undefined,
  entry: CoreEntry,
  provenance: Provenance,
  making: Making,
): MemoryChange[] {
  const insert = (origin: Provenance) => inserted({ tier: "core", ...entry }, origin, making);
  if (known?.body.tier !== "core") return [insert(provenance)];
  if (known.body.value === entry.value) return [strengthened(known, making.now, provenance)];
  return [superseded(known, making.now), insert(succeeding(provenance, [known]))];
}

export function isLive({ validTo, dismissedAt }: MemoryItem, now: number): boolean {
  return (validTo === null || validTo > now) && dismissedAt === null;
}

/** The item as it is from now on. */
export function next(item: MemoryItem, now: number, changed: Partial<MemoryItem>): MemoryItem {
  return { ...item, ...changed, updatedAt: Math.max(now, item.updatedAt), version: item.version + 1 };
}

function raised(share: number, gain: number): number {
  return Math.min(1, share + (1 - share) * gain);
}
