import { describe, expect, test } from "vitest";
import { type AllItems, derivedFrom, isAskedOf, takenAlike } from "../../../src/features/memory/forget.ts";
import type { MemoryItem } from "../../../src/features/memory/schema.ts";
import { episode, fact, pattern, statement } from "./items.ts";

/** An origin: the turn, and the person's words in it. */
function from(requestId: string, quote: string | null = null, turns: string[] = []): Partial<MemoryItem> {
  return { provenance: { source: "turn", requestId, quote, turns } };
}

const all =
  (...items: MemoryItem[]): AllItems =>
  (tiers) =>
    items.filter(({ body }) => tiers.includes(body.tier));
const derived = (forgotten: MemoryItem, ...others: MemoryItem[]) =>
  derivedFrom([forgotten], all(forgotten, ...others));
const alike = (forgotten: MemoryItem, ...others: MemoryItem[]) =>
  takenAlike([forgotten], all(forgotten, ...others));

describe("what was derived from a fact or statement", () => {
  const name = fact("name", "Wilhelmina", from("turn-1", "my name is Wilhelmina", ["turn-2"]));

  test("the episodes of every turn that stands behind it, whatever they say", () => {
    const [one, two] = [episode("Said hello.", from("turn-1")), episode("Said it again.", from("turn-2"))];
    expect(derived(name, one, two, episode("Played chess.", from("turn-3")))).toEqual([one, two]);
  });

  test("episodes and patterns that repeat its words, or those it came from", () => {
    const told = episode("WILHELMINA sends regards.", from("turn-3"));
    const habit = pattern("Writes as Wilhelmina on Mondays", from("turn-4"));
    expect(derived(name, habit, told)).toEqual([told, habit]);
    const tea = statement("The person prefers oolong.", from("turn-1", "oolong is my tea"));
    const quoting = episode("Oolong is my tea, you know.", from("turn-3"));
    expect(derived(tea, quoting, episode("Bought tea.", from("turn-4")))).toEqual([quoting]);
  });

  test("patterns that an episode shows which goes", () => {
    const told = episode("Wilhelmina reviewed the invoices.", from("turn-3"));
    const habit = pattern("Reviews invoices", from("turn-8", null, ["turn-3", "turn-9"]));
    expect(derived(name, habit, told, pattern("Runs", from("turn-9")))).toEqual([told, habit]);
  });

  test("a value that is in every second text counts with its key only", () => {
    const floor = fact("floor", "7", { provenance: { source: "user", requestId: null, quote: null } });
    const told = episode("Lives on floor 7.", from("turn-3"));
    expect(derived(floor, told, episode("Has 7 tasks.", from("turn-4")))).toEqual([told]);
  });

  test("of an episode only the patterns it shows, and of a pattern nothing", () => {
    const told = episode("Reviewed the invoices.", from("turn-1"));
    const habit = pattern("Reviews invoices", from("turn-2", null, ["turn-1"]));
    expect(derived(told, name, habit, episode("Other", from("turn-1")))).toEqual([habit]);
    expect(derived(habit, name, told)).toEqual([]);
  });
});

describe("what was taken from the same words", () => {
  const name = fact("name", "Wilhelmina", from("turn-1", "my name is Wilhelmina"));

  test("a statement of the turn that says the same or has the same quote, in either direction", () => {
    const same = statement("The person is called Wilhelmina.", from("turn-1"));
    const reworded = statement("There is a first name.", from("turn-1", "My name is Wilhelmina"));
    expect(alike(name, same, reworded).same).toEqual([same, reworded]);
    expect(alike(same, name).same).toEqual([name]);
  });

  test("what says something else stays, and loses a quote that repeats the forgotten", () => {
    const both = statement(
      "The person likes oolong.",
      from("turn-1", "My name is Wilhelmina, I like oolong"),
    );
    const later = statement("Wilhelmina's sister is Anna.", from("turn-2", "my sister is Anna"));
    expect(alike(name, both, later)).toEqual({ same: [], quoting: [both] });
  });

  test("questions about the fact, and those that would bring its words back", () => {
    const asked = { key: "nickname", proposed: "Wilhelmina", quote: null, requestId: "turn-1" };
    expect(isAskedOf([name], asked)).toBe(true);
    expect(isAskedOf([name], { ...asked, key: "name", proposed: "Anna" })).toBe(true);
    expect(isAskedOf([name], { ...asked, proposed: "Minna" })).toBe(false);
    expect(isAskedOf([name], { ...asked, requestId: "turn-2" })).toBe(false);
  });
});
