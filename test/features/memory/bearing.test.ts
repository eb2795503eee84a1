import { expect, test } from "vitest";
import { bearingWords } from "../../../src/features/memory/bearing.ts";

test.each([
  ["Rex", ["My colour is blue and my dog is called Rex. Good night."], "my dog is called Rex."],
  ["light blue", ["My colour is light and blue."], "My colour is light and blue."],
  ["Rex", ["Good night.", "Rex is my dog, by the way."], "Rex is my dog"],
  ["Rex", ["Good night."], null],
])("what bears out %s in %j is %j", (value, texts, expected) => {
  expect(bearingWords(value, texts)).toBe(expected);
});
