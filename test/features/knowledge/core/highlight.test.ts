import fc from "fast-check";
import { expect, test } from "vitest";
import { highlight } from "../../../../src/features/knowledge/core/highlight.ts";

const marked = (text: string, query: string, charsMax: number) => {
  const shown = highlight(text, query, { charsMax });
  return { ...shown, words: shown.marks.map(({ start, end }) => shown.text.slice(start, end)) };
};

test("marks the words of the query in whatever form they stand", () => {
  const { words, text } = marked("The connections were lost. Connect again!", "connecting", 200);
  expect(words).toEqual(["connections", "Connect"]);
  expect(text).toBe("The connections were lost. Connect again!");
});

test("shows the part with most of the query", () => {
  const filler = "Nothing of interest is said in this sentence at all. ".repeat(20);
  const shown = marked(`Rain. ${filler}The harbour master measures rain. ${filler}`, "harbour rain", 120);
  expect(shown.words).toEqual(["harbour", "rain"]);
  expect(shown.text.length).toBeLessThanOrEqual(120);
  expect(shown.offset).toBeGreaterThan(500);
});

test("a text without any of the words is shown from its beginning, whole words only", () => {
  const { text, marks, offset } = highlight("alpha beta gamma delta", "omega", { charsMax: 13 });
  expect({ text, marks, offset }).toEqual({ text: "alpha beta", marks: [], offset: 0 });
});

test("marks of characters that overlap become one", () => {
  expect(marked("他住在东京都的小区", "东京都", 50).words).toEqual(["东京都"]);
});

test("is a part of the text, with marks inside it that never overlap", () => {
  const words = fc.constantFrom(
    "cat",
    "cats",
    "Häuser",
    "the",
    "東京都",
    "🎉",
    "\n",
    "running",
    "x".repeat(30),
  );
  const texts = fc.array(words, { maxLength: 60 }).map((list) => list.join(" "));
  fc.assert(
    fc.property(texts, texts, fc.integer({ min: 10, max: 100 }), (text, query, charsMax) => {
      const shown = highlight(text, query, { charsMax });
      expect(text.slice(shown.offset, shown.offset + shown.text.length)).toBe(shown.text);
      expect(shown.text.length).toBeLessThanOrEqual(charsMax + 1);
      expect(shown.text.isWellFormed()).toBe(true);
      let last = 0;
      for (const { start, end } of shown.marks) {
        expect(start).toBeGreaterThanOrEqual(last);
        expect(end).toBeGreaterThan(start);
        last = end;
      }
      expect(last).toBeLessThanOrEqual(shown.text.length);
    }),
  );
});
