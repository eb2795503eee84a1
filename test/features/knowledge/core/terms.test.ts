import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { highlight } from "../../../../src/features/knowledge/core/highlight.ts";
import { queryTermsOf, termSpans, termsOf } from "../../../../src/features/knowledge/core/terms.ts";

describe("one form stands for all of a word", () => {
  test.each([
    ["en", ["connect", "connected", "connection", "Connections"]],
    ["de", ["Haus", "Häuser", "Häusern", "HAUS"]],
    ["de", ["Möglichkeit", "Möglichkeiten"]],
    ["de", ["Straße", "Strassen"]],
    ["fr", ["cheval", "chevaux"]],
    ["fr", ["national", "nationale", "nationaux"]],
    ["es", ["habitación", "habitaciones"]],
    ["es", ["chico", "chicas"]],
    ["it", ["gatto", "gatti", "gatta"]],
    ["it", ["propagazione", "propagazioni"]],
  ] as const)("in %s: %j", (language, forms) => {
    const terms = forms.map((form) => [...termsOf(form, language).keys()]);
    expect(new Set(terms.flat()).size).toBe(1);
    expect(terms.every((term) => term.length === 1)).toBe(true);
  });
});

test.each([
  ["en", "the and of is"],
  ["de", "der die und ist über"],
  ["fr", "le la et à être"],
  ["es", "el la y más qué"],
  ["it", "il la e più perché"],
] as const)("words that say nothing are no terms in %s", (language, text) => {
  expect([...termsOf(text, language)]).toEqual([]);
});

test("accents that somebody did not type do not hide a word", () => {
  const found = (query: string, text: string) =>
    queryTermsOf(query, 9).some((alternatives) => alternatives.some((term) => termsOf(text).has(term)));
  expect(found("Munchen", "Er wohnt in München und arbeitet nicht dort")).toBe(true);
  expect(found("habitacion", "La habitación es muy grande y está en la casa")).toBe(true);
});

test.each([
  ["Müller", "Mueller"],
  ["Größe", "groesse"],
  ["œuvre", "oeuvre"],
  ["Łódź", "Lodz"],
  ["Ørsted", "Orsted"],
  ["Auf\u200clage", "Auflage"],
  ["Auf\u00adlage", "Auflage"],
  ["مَرْحَبًا", "مرحبا"],
  ["שָׁלוֹם", "שלום"],
  ["٢٠٢٤", "2024"],
])("%s and %s are one word, whichever is in the text", (one, other) => {
  const isFound = (query: string, text: string) =>
    queryTermsOf(query, 9).every((alternatives) => alternatives.some((term) => termsOf(text).has(term)));
  for (const before of ["", "Das ist der Bericht, und er ist nicht sehr lang: "]) {
    expect(isFound(one, before + other)).toBe(true);
    expect(isFound(other, before + one)).toBe(true);
  }
});

test("capitals make a name of a little word, unless all of a query is in capitals", () => {
  expect([...termsOf("The IT department of the US", "en").keys()]).toEqual(["it", "depart", "us"]);
  expect(queryTermsOf("IT", 9)[0]).toContain("it");
  expect(queryTermsOf("AT&T", 9)[0]).toContain("at");
  expect(queryTermsOf("IT in Berlin", 9)).toHaveLength(2);
  expect(queryTermsOf("WHAT IS THE TAX", 9)).toHaveLength(1);
});

test("a mark that stands alone is no term", () => {
  expect([...termsOf("a \u0301 b \u0489\u0301 \u0300\u0301\u0302", "de").keys()]).not.toContain("");
});

test("a term is counted as often as it occurs in any of its forms", () => {
  expect(termsOf("Cats and a cat; the cats' food", "en")).toEqual(
    new Map([
      ["cat", 3],
      ["food", 1],
    ]),
  );
});

test.each([
  ["Die Häuser der Stadt waren nicht sehr alt", "Haus"],
  ["Les chevaux sont dans le pré avec les autres", "cheval"],
  ["The connections are lost and will be made again", "connecting"],
  ["I gatti sono sul tetto della casa con gli altri", "gatto"],
  ["Las habitaciones son muy grandes y tienen luz", "habitación"],
])("a query of one word, whose language nobody can tell, finds %j by %j", (text, query) => {
  const terms = termsOf(text);
  const [alternatives] = queryTermsOf(query, 9);
  expect(alternatives?.filter((term) => terms.has(term))).toHaveLength(1);
});

test("a query has one entry for each word that says something, up to the limit", () => {
  expect(queryTermsOf("What are the effects of the drugs on cells?", 9)).toHaveLength(3);
  expect(queryTermsOf("cell cells CELL", 9)).toHaveLength(1);
  expect(queryTermsOf("one two three four five", 2)).toHaveLength(2);
  expect(queryTermsOf("?! …", 9)).toEqual([]);
});

describe("Chinese, Japanese and Korean", () => {
  test.each([
    ["机器学习", "机器学习算法改变了世界"],
    ["东京", "他住在东京都的一个小区"],
    ["図書館", "昨日、新しい図書館で本を借りました"],
    ["コンピューター", "このコンピューターはとても速いです"],
  ])("%s is found in %s", (query, text) => {
    const terms = termsOf(text);
    const words = queryTermsOf(query, 9);
    expect(words.length).toBeGreaterThan(0);
    expect(words.every((alternatives) => alternatives.some((term) => terms.has(term)))).toBe(true);
  });

  test.each([
    ["データ", "データベース設計書"],
    ["エンジニア", "ソフトウェアエンジニアリング"],
    ["コンピュータ", "このコンピューターはとても速いです"],
    ["ｺﾝﾋﾟｭｰﾀ", "コンピューターを使う"],
    ["茶", "绿茶和红茶"],
    ["대한민국", "안녕하세요 대한민국에서"],
    ["서울", "서울특별시"],
    ["집", "집에서 일합니다"],
    ["한국어", "한국어를 배웁니다".normalize("NFD")],
  ])("%s is found within the longer word of %s, and marked there", (query, text) => {
    const marked = highlight(text, query, { charsMax: 100 });
    const shown = marked.marks.map(({ start, end }) => marked.text.slice(start, end).normalize("NFKC"));
    expect(shown[0]).toMatch(new RegExp(`^${query.normalize("NFKC")}ー?$`));
  });

  test("whole words of a query come before the parts of them", () => {
    expect(queryTermsOf("データベース設計書", 3)).toEqual([["データベース"], ["設計"], ["書"]]);
  });

  test("a text is cut into words, not into characters", () => {
    expect([...termsOf("人工智能改变生活").keys()]).toEqual(expect.arrayContaining(["改变", "生活"]));
  });
});

test("each span is where its term stands", () => {
  const text = "The Gärten of Zürich, ｗｉｄｅ ﬁnd 東京都";
  for (const { term, start, end } of termSpans(text, "de")) {
    expect([...termsOf(text.slice(start, end), "de").keys()]).toContain(term);
  }
});

test("any string at all is taken, and each of its words is found by itself", () => {
  fc.assert(
    fc.property(fc.string({ unit: "binary", maxLength: 200 }), (text) => {
      for (const { start, end } of termSpans(text, "en")) {
        expect(start).toBeGreaterThanOrEqual(0);
        expect(end).toBeGreaterThan(start);
        expect(end).toBeLessThanOrEqual(text.length);
      }
      for (const term of termsOf(text, "en").keys()) expect(term).not.toBe("");
    }),
  );
});
