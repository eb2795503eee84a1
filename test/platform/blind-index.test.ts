import { createHmac } from "node:crypto";
import { expect, test } from "vitest";
import { BlindIndex } from "../../src/platform/blind-index.ts";

const KEY = new Uint8Array(32).fill(7);
const index = new BlindIndex(KEY);

test("a token is the first 64 bits of the word's HMAC-SHA-256, as a signed number", () => {
  const hmac = createHmac("sha256", KEY).update("garden").digest("hex");
  const [token] = index.query("Gardens", 1);
  expect(BigInt.asUintN(64, token!).toString(16).padStart(16, "0")).toBe(hmac.slice(0, 16));
});

test("a text becomes one posting for each distinct word, with its frequency and the length of all", () => {
  const { postings, length } = index.read("A garden is a garden.");
  expect(length).toBe(5);
  expect(postings.map(({ frequency }) => frequency)).toEqual([2, 2, 1]);
  expect(postings.map(({ token }) => token)).toEqual(index.query("a garden is", 3));
});

test("another key gives other tokens, so indexes of two owners cannot be compared", () => {
  const other = new BlindIndex(new Uint8Array(32).fill(8));
  const tokens = (each: BlindIndex) =>
    each.read("the same words for both").postings.map(({ token }) => token);
  expect(tokens(other).filter((token) => tokens(index).includes(token))).toEqual([]);
});

test("a query has its distinct words only, and no more than allowed", () => {
  expect(index.query("to be or not to be", 10)).toHaveLength(4);
  expect(index.query("to be or not to be", 3)).toEqual(index.query("to be or", 10));
  expect(index.query("?!", 10)).toEqual([]);
});

test("a text of more distinct words than are kept counts all of them in its length", () => {
  const words = Array.from({ length: 10_000 }, (_, number) => `w${number}`);
  const { postings, length } = index.read([...words, "w0"].join(" "));
  expect(length).toBe(10_001);
  expect(postings).toHaveLength(8_192);
  expect(postings[0]?.frequency).toBe(2);
});

test("terms that were cut elsewhere are hashed as they are, and a query's as the text's", () => {
  const { postings, length } = index.readTerms(
    new Map([
      ["hous", 3],
      ["gart", 1],
    ]),
  );
  expect(length).toBe(4);
  expect(postings).toEqual(
    index.tokens(["hous", "gart"]).map((token, at) => ({ token, frequency: at === 0 ? 3 : 1 })),
  );
  expect(index.tokens(["hous"])).not.toEqual(index.tokens(["house"]));
});

test("a token is the same however many others were asked for in between", () => {
  const [before] = index.tokens(["garden"]);
  index.tokens(Array.from({ length: 50_000 }, (_, number) => `w${number}`));
  expect(index.tokens(["garden"])).toEqual([before]);
});
