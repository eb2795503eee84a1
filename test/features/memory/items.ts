/** Memories for tests. */
import type { MemoryBody, MemoryItem } from "../../../src/features/memory/schema.ts";
import { newId } from "../../../src/lib/ids.ts";

export const START_MS = Date.parse("2026-11-01T10:00:00.000Z");

/** Each from a turn of its own. */
export function memory(body: MemoryBody, more: Partial<MemoryItem> = {}): MemoryItem {
  const id = newId();
  return {
    id,
    body,
    strength: 0.5,
    confidence: 0.75,
    validFrom: START_MS,
    validTo: null,
    lastUsedAt: null,
    dismissedAt: null,
    provenance: { source: "turn", requestId: `turn of ${id}`, quote: "my own words" },
    createdAt: START_MS,
    updatedAt: START_MS,
    version: 1,
    ...more,
  };
}

export function fact(key: string, value: string, more: Partial<MemoryItem> = {}): MemoryItem {
  return memory({ tier: "core", key, value }, more);
}

export function statement(text: string, more: Partial<MemoryItem> = {}): MemoryItem {
  return memory({ tier: "associative", statement: text }, more);
}

export function episode(summary: string, more: Partial<MemoryItem> = {}): MemoryItem {
  return memory({ tier: "episodic", summary }, more);
}

export function pattern(text: string, more: Partial<MemoryItem> = {}): MemoryItem {
  return memory({ tier: "proactive", pattern: text }, more);
}
