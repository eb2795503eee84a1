import { describe, expect, test } from "vitest";
import { forgetRequest, namedIn, suggestionMeant } from "../../../src/features/memory/forget-request.ts";
import { fact, pattern, statement } from "./items.ts";

describe("a person asks to have something forgotten", () => {
  test.each([
    "Forget that I like tea.",
    "Please forget my city.",
    "Can you forget that I like tea?",
    "Delete what you remember about tea.",
    "Vergiss, dass ich Tee mag.",
    "Lösche aus deinem Gedächtnis, dass ich Tee mag.",
    "Oublie que j'aime le thé.",
    "Olvida que me gusta el té.",
    "Dimentica che mi piace il tè.",
    "お茶が好きなことは忘れてください。",
    "请忘掉我喜欢喝茶。",
    "Stop suggesting that.",
    "Please don't suggest such things.",
    "Keine solchen Vorschläge mehr.",
    "Ne suggère plus cela.",
    "No me sugieras eso, deja de sugerir.",
    "Non suggerire più questo.",
    "そういう提案はやめて。",
    "不要再建议了。",
  ])("%s", (message) => {
    expect(forgetRequest(message)).toBeDefined();
  });
});

describe("and does not", () => {
  test.each([
    "Don't forget that I like tea.",
    "I always forget my keys.",
    "Did you forget that I like tea?",
    "Delete the task about tea.",
    "What do you suggest?",
    "Vergiss nicht, dass ich Tee mag.",
    "Lösche die Aufgabe.",
    "N'oublie pas le thé.",
    "No olvides el té.",
    "Non dimenticare il tè.",
    "忘れないでください。",
    "别忘了买茶。",
    "I like tea.",
  ])("%s", (message) => {
    expect(forgetRequest(message)).toBeUndefined();
  });
});

const city = fact("city", "Oslo");
const tea = statement("The person prefers tea in the morning.");
const named = (message: string, what: string) => namedIn(forgetRequest(message)!, [city, tea], what);

test("what is named is what the request has all the words of", () => {
  expect(named("Forget that I prefer tea in the morning.", "tea")).toEqual([tea]);
  expect(named("Forget that I live in Oslo.", "lives in Oslo")).toEqual([city]);
  expect(named("Forget my city.", "city")).toEqual([city]);
  expect(named("Forget my home town", "home town")).toEqual([city]);
});

test("and nothing that only the model names, or that stands in another sentence", () => {
  expect(named("Forget that I like milk.", "prefers tea in the morning")).toEqual([]);
  expect(named("Forget the milk. I live in Oslo.", "Oslo")).toEqual([]);
  expect(named("Forget that I live in Oslo.", "tea")).toEqual([]);
  expect(named("Forget tea.", "tea")).toEqual([]);
});

test("a suggestion is the one that is named, else the last", () => {
  const old = pattern("Asks for reports", { lastUsedAt: 1 });
  const late = pattern("Plans trips", { lastUsedAt: 2 });
  const never = pattern("Buys milk");
  const meant = (message: string) => suggestionMeant(forgetRequest(message)!, [old, late, never]);
  expect(meant("Stop suggesting that.")).toBe(late);
  expect(meant("Stop suggesting reports.")).toBe(old);
  expect(meant("Stop suggesting milk.")).toBe(never);
  expect(meant("No more suggestions, please.")).toBe(late);
  expect(meant("Stop suggesting restaurants for our dinner on Friday.")).toBeUndefined();
});
