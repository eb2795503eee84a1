import { expect, test } from "vitest";
import { nearness } from "../../../src/features/memory/word-forms.ts";

test.each([
  ["hund", "hund", 1],
  ["hunde", "hund", 0.8],
  ["rechnung", "rechnungen", 0.8],
  ["hund", "hundert", 0],
  ["2025", "2026", 0],
  ["spatzle", "kasespatzle", 0.5],
  ["kasespatzle", "spatzle", 0.5],
  ["eis", "reise", 0],
  ["請求", "請求書", 0.5],
])("%s and %s: %d", (one, other, expected) => {
  expect(nearness(one, other)).toBe(expected);
});
