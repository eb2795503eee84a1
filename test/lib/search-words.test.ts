import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { searchWords } from "../../src/lib/search-words.ts";

test.each([
  ["case, accents and width", "CAFÉ ＴＯＫＹＯ", "cafe tokyo"],
  ["accents that are characters of their own", "Zu\u0308rich", "Zürich"],
  ["sharp s", "STRASSE", "straße"],
  ["final sigma", "ΟΔΟΣ", "οδος"],
  ["the dotted capital I", "İstanbul", "istanbul"],
  ["ligatures", "ofﬁce", "office"],
  ["letters that Unicode does not take apart", "œuvre Łódź smørrebrød", "oeuvre Lodz smorrebrod"],
  ["what only says where a line may end", "Wör\u00adter\u200bbuch", "Wörterbuch"],
  ["vowels and digits of Arabic", "مَرْحَبًا ٢٠٢٤", "مرحبا 2024"],
  ["plurals in s", "gardens, houses, shoes", "garden, house, shoe"],
  ["plurals in ies", "stories", "story"],
])("unites %s", (_, one, other) => {
  expect(searchWords(one)).toEqual(searchWords(other));
  expect(searchWords(one)).not.toEqual([]);
});

test("a word in s that is no plural stays as it is", () => {
  expect(searchWords("glass virus has gas")).toEqual(["glass", "virus", "has", "gas"]);
});

test("words are runs of letters, digits and marks, repetitions included", () => {
  expect(searchWords("Room 12b, room-12b: l'eau_vive!")).toEqual([
    "room",
    "12b",
    "room",
    "12b",
    "l",
    "eau",
    "vive",
  ]);
  expect(searchWords("हिन्दी में")).toEqual(["हिन्दी", "में"]);
  expect(searchWords("한국어는 재미있다")).toEqual(["한국어는", "재미있다"]);
});

test.each(["", "   ", "?!… — ", "。、「」", "🎉👩‍👩‍👧"])("there is no word in %j", (text) => {
  expect(searchWords(text)).toEqual([]);
});

describe("in scripts without spaces", () => {
  test.each([
    ["Chinese", "我想在北京大学学习中文", ["北京", "大学", "中文"]],
    ["Japanese", "東京都庁へ行きました。トマトを植えたい", ["東京", "都庁", "トマト"]],
    ["Thai", "สวัสดีครับผมชื่อ", ["สวัสดี", "ครับ", "ชื่อ"]],
  ])("words of %s are told apart", (_, text, words) => {
    expect(searchWords(text)).toEqual(expect.arrayContaining(words));
  });

  test("words of other scripts beside them are found too", () => {
    expect(searchWords("2026年のBudgetを見て")).toEqual(expect.arrayContaining(["2026", "budget"]));
  });
});

test("any text has the words of its parts, whatever stands between them", () => {
  const part = fc.stringMatching(/^[\p{L}\p{N}]{1,8}$/u);
  fc.assert(
    fc.property(fc.array(part), fc.constantFrom(" ", ", ", "\n", " — ", "/"), (parts, between) => {
      expect(searchWords(parts.join(between))).toEqual(parts.flatMap((each) => searchWords(each)));
    }),
  );
});

test("any string at all is taken", () => {
  fc.assert(
    fc.property(fc.string({ unit: "binary" }), (text) => {
      for (const word of searchWords(text)) expect(word).not.toBe("");
    }),
  );
});
