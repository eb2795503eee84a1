import { expect, it } from "vitest";
import { fitting, likenessSettingsOf } from "../../../src/features/memory/likeness.ts";

const found = (
  question: string,
  texts: readonly [text: string, cosine: number | null][],
  { wordsShare } = likenessSettingsOf("hashing"),
) =>
  fitting(
    question,
    texts.map(([text, cosine]) => ({ text, cosine })),
    wordsShare,
  ).map(({ text }) => text);

it("puts what shares rare words with the question before what is only near by vector, and keeps both", () => {
  expect(
    found("Where does the marathon start?", [
      ["Likes to run in the evening", 0.6],
      ["The marathon starts at the harbour", 0.5],
    ]),
  ).toEqual(["The marathon starts at the harbour", "Likes to run in the evening"]);
});

it("trusts an embedder that knows meanings more than words", () => {
  const texts: [string, number][] = [
    ["He told me about the dog that barks at night", 0.35],
    ["Rex is a dachshund and sleeps in my bed", 0.7],
  ];
  const question = "What kind of dog does he have?";
  expect(found(question, texts, likenessSettingsOf("openai"))).toEqual(texts.map(([text]) => text).reverse());
  expect(found(question, texts)).toEqual(texts.map(([text]) => text));
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
