import { expect, test } from "vitest";
import { MemorySuggestions } from "../../../durable-objects/user-hub/memory-suggestions.ts";
import { localHubStorage } from "../../support/hub-storage.ts";

const [MONDAY, TUESDAY] = ["2026-11-16", "2026-11-17"];

test("one turn a day has a suggestion, over a restart too, and the next day one again", () => {
  const { storage, woken } = localHubStorage();
  const suggestions = new MemorySuggestions(storage);
  expect(suggestions.take(MONDAY, "first")).toBe(true);
  storage.commit(() => suggestions.settle("first", { isDone: true }));
  for (const each of [suggestions, new MemorySuggestions(woken())]) {
    expect(each.take(MONDAY, "second")).toBe(false);
    expect(each.take(TUESDAY, "third")).toBe(true);
  }
});

test("turns side by side have one between them: the one that asked first, until it comes to nothing", () => {
  const suggestions = new MemorySuggestions(localHubStorage().storage);
  expect(suggestions.take(MONDAY, "first")).toBe(true);
  expect(suggestions.take(MONDAY, "second")).toBe(false);
  expect(suggestions.take(MONDAY, "first")).toBe(true);
  suggestions.settle("first", { isDone: false });
  expect(suggestions.take(MONDAY, "second")).toBe(true);
});
