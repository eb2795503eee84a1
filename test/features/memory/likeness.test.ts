import { expect, it } from "vitest";
import { fitting } from "../../../src/features/memory/likeness.ts";

const found = (question: string, texts: readonly [text: string, cosine: number | null][]) =>
  fitting(
    question,
    texts.map(([text, cosine]) => ({ text, cosine })),
  ).map(({ text }) => text);

it("puts what shares rare words with the question before what is only near by vector, and keeps both", () => {
  expect(
    found("Where does the marathon start?", [
      ["Likes to run in the evening", 0.6],
      ["The marathon starts at the harbour", 0.5],
    ]),
  ).toEqual(["The marathon starts at the harbour", "Likes to run in the evening"]);
});

it("leaves out what is far below the best", () => {
  const texts = found("Which bread does Maria bake?", [
    ["Maria bakes rye bread on Sundays", 0.7],
    ["Maria bakes bread", 0.6],
    ["Coffee without milk", 0.05],
  ]);
  expect(texts).toEqual(expect.arrayContaining(["Maria bakes rye bread on Sundays", "Maria bakes bread"]));
  expect(texts).not.toContain("Coffee without milk");
});

it("finds by vectors alone where no word is shared, and by words where there is no vector", () => {
  expect(found("holiday", [["A week at the sea", 0.8]])).toEqual(["A week at the sea"]);
  expect(found("harbour", [["The harbour", null]])).toEqual(["The harbour"]);
});
