/** What devices and readers hear of the memory once Postgres has it: ids and tiers, no word of it. */
import type { PublishedEvent } from "../../src/features/hub/schema.ts";
import type { MemoryChange } from "../../src/features/memory/schema.ts";

/** Of one save; more are told as one, without an id. */
const TOLD_SINGLY_MAX = 10;
/** What a person does not see of an item. */
const UNSEEN: ReadonlySet<MemoryChange["kind"]> = new Set(["use", "decay", "unquote"]);

export function savedEvents(changes: readonly MemoryChange[]): PublishedEvent[] {
  const seen = changes.filter(({ kind }) => !UNSEEN.has(kind));
  if (seen.length > TOLD_SINGLY_MAX) return [{ topic: "memory", data: { change: "changed" } }];
  return seen.map(({ kind, item: { id, version, body } }) => ({
    topic: "memory",
    data: { id, tier: body.tier, version, change: kind === "insert" ? "learned" : "changed" },
  }));
}

/** @param ids Null for everything. */
export function forgottenEvents(ids: readonly string[] | null): PublishedEvent[] {
  if (ids === null || ids.length > TOLD_SINGLY_MAX)
    return [{ topic: "memory", data: { change: "forgotten" } }];
  return ids.map((id) => ({ topic: "memory", data: { id, change: "forgotten" } }));
}
