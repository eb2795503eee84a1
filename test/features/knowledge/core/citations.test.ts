import fc from "fast-check";
import { expect, test } from "vitest";
import { CitationReader, statementOf } from "../../../../src/features/knowledge/core/citations.ts";

/** The answer as a reader gets it, whatever pieces it came in. */
function read(pieces: readonly string[], sources: number): { text: string; cited: readonly number[] } {
  const reader = new CitationReader(sources);
  const text = pieces.map((piece) => reader.push(piece)).join("") + reader.end();
  return { text, cited: reader.cited };
}

test.each([
  ["Thirty days [2].", "Thirty days [1].", [2]],
  ["A [3]. B [1]. C [3].", "A [1]. B [2]. C [1].", [3, 1]],
  ["Both [1, 3].", "Both [1][2].", [1, 3]],
  ["All [1-3].", "All [1][2][3].", [1, 2, 3]],
  ["Twice [2][2].", "Twice [1][1].", [2]],
  ["三十天【2】。", "三十天[1]。", [2]],
  ["三十天［1］。", "三十天[1]。", [1]],
])("puts the marks of %j right", (answer, text, cited) => {
  expect(read([answer], 3)).toEqual({ text, cited });
});

test.each([
  ["Invented [4].", "Invented."],
  ["Nothing [0] here [99].", "Nothing here."],
  ["Partly [1, 7].", "Partly [1]."],
  ["Too wide [1-900].", "Too wide."],
  ["Backwards [3-1].", "Backwards."],
])("takes out of %j what no source has", (answer, text) => {
  expect(read([answer], 3).text).toBe(text);
});

test.each(["A list: [x] done, [ ] open.", "See [the page](https://example.com).", "[a1] and [1a] and [1"])(
  "leaves %j alone",
  (answer) => {
    expect(read([answer], 3)).toEqual({ text: answer, cited: [] });
  },
);

test.each([
  ["![alt](https://example.com/?q=secret)", "! [alt](https://example.com/?q=secret)"],
  ["![1](https://example.com/?q=secret)", "! [1](https://example.com/?q=secret)"],
  ["![9][alt][r]\n\n[r]: https://example.com", "! [alt][r]\n\n[r]: https://example.com"],
  ["Look![2]", "Look! [1]"],
])("makes no picture of %j, in whatever pieces it comes", (answer, text) => {
  for (const pieces of [[answer], [...answer]]) expect(read(pieces, 3).text).toBe(text);
});

test("holds back only what may become a mark", () => {
  const reader = new CitationReader(2);
  expect(reader.push("Thirty days ")).toBe("Thirty days");
  expect(reader.push("[")).toBe("");
  expect(reader.push("2")).toBe("");
  expect(reader.push("] a")).toBe(" [1] a");
});

test("reads the same in whatever pieces the answer comes", () => {
  const part = fc.constantFrom("word ", "[1]", "[2, 3]", " [9]", "[", "]", "1", ". ", "\n", "【2】", "!");
  fc.assert(
    fc.property(fc.array(part), fc.array(fc.nat(12)), (parts, cuts) => {
      const answer = parts.join("");
      const pieces: string[] = [];
      let rest = answer;
      for (const cut of cuts) {
        pieces.push(rest.slice(0, cut));
        rest = rest.slice(cut);
      }
      expect(read([...pieces, rest], 3)).toEqual(read([answer], 3));
    }),
  );
});

test("every mark that is left points to a source that was given", () => {
  fc.assert(
    fc.property(fc.array(fc.constantFrom("[1]", "[5]", " [2-6]", "[77]", "text ")), (parts) => {
      const { text, cited } = read(parts, 3);
      const marks = [...text.matchAll(/\[(\d+)\]/g)].map(([, number]) => Number(number));
      expect(Math.max(0, ...marks)).toBeLessThanOrEqual(cited.length);
      expect(cited.every((source) => source >= 1 && source <= 3)).toBe(true);
    }),
  );
});

test("finds the sentence that a source is named for", () => {
  const answer = "Leave is thirty days [1]. It expires in March.[2][3] Nobody knows more.";
  expect(statementOf(answer, 1)).toBe("Leave is thirty days");
  expect(statementOf(answer, 2)).toBe("It expires in March");
  expect(statementOf(answer, 3)).toBe("It expires in March");
  expect(statementOf(answer, 4)).toBe("");
});
