import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { consolidate, isPastRetention } from "../../../src/features/memory/consolidate.ts";
import { turnsOf } from "../../../src/features/memory/item.ts";
import { mergePatterns } from "../../../src/features/memory/merge-patterns.ts";
import { derivePatterns } from "../../../src/features/memory/patterns.ts";
import { type MemoryChange, MemoryItem } from "../../../src/features/memory/schema.ts";
import { newId } from "../../../src/lib/ids.ts";
import type { ModelClient, ModelRequest } from "../../../src/platform/model-port.ts";
import { episode, fact, pattern, START_MS, statement } from "./items.ts";

const DAY_MS = 86_400_000;
const later = (days: number) => START_MS + days * DAY_MS;

function applied(
  items: readonly MemoryItem[],
  { changes, erased }: { changes: MemoryChange[]; erased: string[] },
) {
  const byId = new Map(items.map((item) => [item.id, item]));
  for (const { item } of changes) byId.set(item.id, item);
  for (const id of erased) byId.delete(id);
  return [...byId.values()];
}

test("what says the same becomes one item, as strong as all together, and the person's own is the one that stays", () => {
  const derived = statement("Likes green tea", { strength: 0.5 });
  const own = statement("likes green teas", {
    strength: 0.5,
    createdAt: later(1),
    provenance: { source: "user", requestId: null, quote: null },
  });
  const { changes, erased } = consolidate([derived, own, statement("Likes black tea")], later(2));
  expect(erased).toEqual([derived.id]);
  expect(changes).toMatchObject([{ kind: "strengthen", item: { id: own.id, strength: 0.75, version: 2 } }]);
  expect(changes.flatMap(({ item }) => turnsOf(item))).toEqual(turnsOf(derived));
});

test("what is left alone fades once a week; facts and the person's own words do not", () => {
  const fading = statement("Runs on Sundays");
  const steady = [
    fact("name", "Ada"),
    statement("Sings", { provenance: { source: "user", requestId: null, quote: null } }),
  ];
  expect(consolidate([fading, ...steady], later(6)).changes).toEqual([]);
  const { changes } = consolidate([fading, ...steady], later(8));
  expect(changes.map(({ kind, item }) => [kind, item.id])).toEqual([["decay", fading.id]]);
  expect(changes[0]?.item.strength).toBeLessThan(fading.strength);
  expect(consolidate([changes[0]!.item], later(9)).changes).toEqual([]);
});

test.each([
  ["a weak statement after half a year", statement("x", { strength: 0.05 }), 181, true],
  ["a strong statement after half a year", statement("x", { strength: 0.6 }), 181, false],
  ["an episode after a year", episode("x", { strength: 0.9 }), 366, true],
  ["an episode that was used since", episode("x", { lastUsedAt: later(300) }), 366, false],
  ["a fact after ten years", fact("name", "Ada"), 3_650, false],
  ["a superseded fact after three months", fact("name", "Ada", { validTo: START_MS }), 91, true],
  ["a dismissed pattern after ten years", pattern("x", { dismissedAt: START_MS }), 3_650, false],
  ["what was said for a time, three months after it", statement("x", { validTo: later(10) }), 101, true],
  ["what was said for a time, a while after it", statement("x", { validTo: later(10) }), 99, false],
  ["a pattern that was not seen for three months", pattern("x"), 91, true],
])("%s: past retention?", (_, item, days, expected) => {
  expect(isPastRetention(item, later(days))).toBe(expected);
});

describe("for any memory", () => {
  const text = fc
    .array(fc.constantFrom("anna", "likes", "green", "tea", "runs", "not", "7"), {
      minLength: 1,
      maxLength: 5,
    })
    .map((words) => words.join(" "));
  const item = fc
    .record({
      make: fc.constantFrom(statement, episode, pattern),
      text,
      strength: fc.double({ min: 0, max: 1, noNaN: true }),
      age: fc.integer({ min: 0, max: 2_000 }),
      isOver: fc.boolean(),
    })
    .map(({ make, text: words, strength, age, isOver }) =>
      make(words, {
        strength,
        createdAt: later(-age),
        validFrom: later(-age),
        updatedAt: later(-age),
        validTo: isOver ? later(-age) : null,
      }),
    );

  test("a second consolidation at once finds nothing to do, and no change is invalid or of what is erased", () => {
    fc.assert(
      fc.property(fc.array(item, { maxLength: 12 }), (items) => {
        const first = consolidate(items, START_MS);
        for (const { item: changed } of first.changes) {
          expect(MemoryItem.parse(changed)).toEqual(changed);
          expect(first.erased).not.toContain(changed.id);
        }
        expect(consolidate(applied(items, first), START_MS)).toEqual({ changes: [], erased: [] });
      }),
    );
  });
});

describe("patterns", () => {
  const making = { now: later(40), newId: () => newId() };
  const around = { now: later(40), timezone: "UTC", signal: new AbortController().signal };
  /** START_MS is a Sunday. */
  const mondays = [1, 8, 15, 22].map((day) => episode("Review of the invoices", { createdAt: later(day) }));
  const others = [3, 4, 12].map((day, index) =>
    episode(`Something else ${index}`, { createdAt: later(day) }),
  );

  function modelThat(input: Record<string, unknown>): ModelClient {
    return {
      async *stream() {
        const usage = { inputTokens: 1, outputTokens: 1, cacheReadTokens: 0, cacheWriteTokens: 0 };
        const content = [{ type: "tool_use" as const, id: "1", name: "note_patterns", input }];
        yield { type: "response", response: { content, stopReason: "tool_use", usage, model: "scripted" } };
      },
    };
  }

  test("without a model what comes back on one day of the week is noticed, as sure as it was often", async () => {
    const found = await derivePatterns(null, [...mondays, ...others], around);
    expect(found.map(({ confidence }) => confidence)).toEqual([0.8, 0.8]);
    expect(found[0]?.pattern).toContain("Monday");
    expect(new Set(found[0]?.turns)).toEqual(new Set(mondays.flatMap(turnsOf)));
    expect(await derivePatterns(null, [...mondays.slice(0, 2), ...others], around)).toEqual([]);
  });

  test("a model's pattern counts for no more than the days that show it", async () => {
    const model = modelThat({
      patterns: [
        { pattern: "Reviews invoices on Mondays", summaries: [2, 3, 4, 1, 1, 99], confidence: 1 },
        { pattern: "Invented", summaries: [1], confidence: 1 },
      ],
    });
    const found = await derivePatterns(model, mondays, around);
    expect(found).toMatchObject([{ pattern: "Reviews invoices on Mondays", confidence: 0.8 }]);
    expect(new Set(found[0]?.turns)).toEqual(new Set(mondays.flatMap(turnsOf)));
  });

  test("a model that fails or talks is replaced by counting", async () => {
    const failing: ModelClient = {
      // biome-ignore lint/correctness/useYield: it fails before its first event
      async *stream() {
        throw new Error("down");
      },
    };
    for (const model of [failing, modelThat({ patterns: 7 })]) {
      expect(await derivePatterns(model, mondays, around)).toHaveLength(2);
    }
  });

  test("a known pattern is updated, a dismissed one stays dismissed, and a new one is kept", () => {
    const known = pattern("Reviews invoices on Mondays", { confidence: 0.9 });
    const dismissed = pattern("Works late on Fridays", { dismissedAt: START_MS });
    const changes = mergePatterns(
      [known, dismissed],
      [
        { pattern: "Reviews invoices on Mondays", confidence: 0.7, turns: ["turn-8"] },
        { pattern: "Works late on Fridays", confidence: 0.9, turns: [] },
        { pattern: "Plans trips in spring", confidence: 0.65, turns: ["turn-9"] },
        { pattern: "Plans trips in spring", confidence: 0.65, turns: [] },
      ],
      making,
    );
    expect(changes.map(({ kind, item }) => [kind, item.confidence])).toEqual([
      ["strengthen", 0.7],
      ["insert", 0.65],
    ]);
    expect(changes.map(({ item }) => turnsOf(item))).toEqual([[...turnsOf(known), "turn-8"], ["turn-9"]]);
  });

  test("a habit is the same in other words that the same turns show; what was dismissed learns them and stays away", () => {
    const provenance = {
      source: "consolidation",
      requestId: null,
      quote: null,
      turns: ["a", "b", "c"],
    } as const;
    const dismissed = pattern("Asks for the weekly report on Fridays", {
      dismissedAt: START_MS,
      provenance: { ...provenance, turns: [...provenance.turns] },
    });
    const seen = (words: string, turns: string[]) =>
      mergePatterns([dismissed], [{ pattern: words, confidence: 0.9, turns }], making);
    const [change, ...others] = seen("Wants a weekly report every Friday", ["b", "c", "d"]);
    expect(others).toEqual([]);
    expect(change?.item).toMatchObject({ id: dismissed.id, dismissedAt: START_MS });
    expect(turnsOf(change!.item)).toEqual(["a", "b", "c", "d"]);
    expect(seen("Wants a weekly report every Friday", ["b", "c"])).toEqual([]);
    expect(seen("Plans the shopping for the weekend", ["a", "b", "c"])).toMatchObject([{ kind: "insert" }]);
    expect(seen("Wants a weekly report of the weather", ["x", "y", "z"])).toMatchObject([{ kind: "insert" }]);
  });

  test("what was dismissed stays away in any words about the same, and in another language by its turns", () => {
    const turns = ["a", "b", "c"];
    const provenance = { source: "consolidation", requestId: null, quote: null, turns } as const;
    const dismissed = pattern("Asks about invoices", {
      dismissedAt: START_MS,
      provenance: { ...provenance, turns: [...turns] },
    });
    const isKnown = (words: string, shownBy: string[]) =>
      mergePatterns([dismissed], [{ pattern: words, confidence: 0.9, turns: shownBy }], making).every(
        ({ item }) => item.id === dismissed.id,
      );
    expect(isKnown("Reviews invoices each Friday", turns)).toBe(true);
    expect(isKnown("Reviews invoices each Friday", ["x", "y", "z"])).toBe(true);
    expect(isKnown("Fragt oft nach Rechnungen", turns)).toBe(true);
    expect(isKnown("Fragt oft nach Rechnungen", ["x", "y", "z"])).toBe(false);
    expect(isKnown("Plans the shopping for the weekend", turns)).toBe(false);
    expect(isKnown("Writes to Ida about the garden", turns)).toBe(false);
  });

  test("a model is shown what is known, and what it must not bring up again", async () => {
    const asked: ModelRequest[] = [];
    const model: ModelClient = {
      // biome-ignore lint/correctness/useYield: it fails before its first event
      async *stream(request) {
        asked.push(request);
        throw new Error("down");
      },
    };
    const known = [
      pattern("Reviews invoices"),
      pattern("Works </dismissed> late", { dismissedAt: START_MS }),
    ];
    await derivePatterns(model, [...mondays, ...known], around);
    const shown = String(asked[0]?.messages[0]?.content);
    expect(shown).toContain("<known>\nReviews invoices\n</known>");
    expect(shown).toContain("<dismissed>\nWorks &lt;/dismissed> late\n</dismissed>");
    expect(shown.split("<summaries>")[1]).not.toContain("Reviews");
  });
});
