import { expect, test } from "vitest";
import { MemorySuggestions } from "../../../durable-objects/user-hub/memory-suggestions.ts";
import { localHubStorage } from "../../support/hub-storage.ts";

const [MONDAY, TUESDAY] = ["2026-11-16", "2026-11-17"];
const HABIT = { id: "habit", habit: "Asks for the weekly report on Fridays" };
const SUGGESTING = "Nothing is due. Shall I prepare the report? You can turn such suggestions off.";

test("one answer a day has a suggestion, over a restart too, and the next day one again", () => {
  const { storage, woken } = localHubStorage();
  const suggestions = new MemorySuggestions(storage);
  expect(suggestions.take(MONDAY, "first", HABIT)).toBe(true);
  expect(storage.commit(() => suggestions.settle("first", SUGGESTING))).toBe("habit");
  for (const each of [suggestions, new MemorySuggestions(woken())]) {
    expect(each.take(MONDAY, "second", HABIT)).toBe(false);
    expect(each.take(TUESDAY, "third", HABIT)).toBe(true);
  }
});

test("an answer that leaves the suggestion out leaves it to the next turn of the day, a few times", () => {
  const { storage, woken } = localHubStorage();
  for (const turn of ["first", "second", "third"]) {
    const suggestions = new MemorySuggestions(woken());
    expect(suggestions.take(MONDAY, turn, HABIT)).toBe(true);
    expect(storage.commit(() => suggestions.settle(turn, "Nothing is due."))).toBeUndefined();
  }
  expect(new MemorySuggestions(woken()).take(MONDAY, "fourth", HABIT)).toBe(false);
  expect(new MemorySuggestions(woken()).take(TUESDAY, "fifth", HABIT)).toBe(true);
});

test("turns side by side have one between them: the one that asked first, until it comes to nothing", () => {
  const suggestions = new MemorySuggestions(localHubStorage().storage);
  expect(suggestions.take(MONDAY, "first", HABIT)).toBe(true);
  expect(suggestions.take(MONDAY, "second", HABIT)).toBe(false);
  expect(suggestions.take(MONDAY, "first", HABIT)).toBe(true);
  suggestions.settle("first", null);
  expect(suggestions.take(MONDAY, "second", HABIT)).toBe(true);
});
