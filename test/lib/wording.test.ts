import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { isWordedIn } from "../../src/lib/wording.ts";

describe("isWordedIn", () => {
  it.each([
    ["Ana", ["My name is Ana, by the way."]],
    ["working at night", ["I mostly work at night"]],
    ["Zürich", ["we moved to ZURICH last year"]],
    ["9:00 to 17:00", ["I am there from 9:00 to 17:00"]],
    ["oat milk", ["No sugar please.", "And I take oat milk."]],
    ["東京", ["私は東京に住んでいます"]],
  ])("finds %s", (value, texts) => {
    expect(isWordedIn(value, texts)).toBe(true);
  });

  it.each([
    ["Klingon", ["Which language do I speak?"]],
    ["Ana Lima", ["My name is Ana."]],
    ["9 to 18", ["from 9 to 17"]],
    ["2027", ["in 2026"]],
    ["cats", ["categories"]],
    ["!?", ["!?"]],
    ["anything", []],
  ])("does not find %s", (value, texts) => {
    expect(isWordedIn(value, texts)).toBe(false);
  });

  it("finds every sentence in itself, and in any text around it", () => {
    const sentence = fc.array(fc.stringMatching(/^[a-z]{1,9}$/), { minLength: 1, maxLength: 6 });
    fc.assert(
      fc.property(sentence, sentence, (words, around) => {
        expect(isWordedIn(words.join(" "), [[...around, ...words, ...around].join(" ")])).toBe(true);
      }),
    );
  });
});
