import fc from "fast-check";
import { expect, test } from "vitest";
import { detectLanguage } from "../../../../src/features/knowledge/core/languages.ts";

test.each([
  ["en", "The quick brown fox jumps over the lazy dog and runs away from all of us."],
  ["de", "Der schnelle Fuchs springt über den faulen Hund und läuft dann vor uns allen weg."],
  ["fr", "Le renard brun saute par-dessus le chien paresseux et s'enfuit avec les autres dans la forêt."],
  ["es", "El zorro marrón salta sobre el perro perezoso y se escapa con los otros por el bosque."],
  ["it", "La volpe marrone salta sopra il cane pigro e scappa con gli altri nel bosco della città."],
  ["zh", "人工智能正在改变我们的生活方式。"],
  ["ja", "人工知能は私たちの生活を変えています。"],
] as const)("tells %s", (language, text) => {
  expect(detectLanguage(text)).toBe(language);
});

test.each([
  "",
  "garden tools",
  "x = y + 1; return foo(bar);",
  "Съешь ещё этих мягких французских булок",
  "42, 43, 44",
])("says nothing of %j", (text) => {
  expect(detectLanguage(text)).toBeUndefined();
});

test("one word of another language in a text does not change what it is in", () => {
  expect(detectLanguage("The word Zeitgeist und its meaning in the history of the language.")).toBe("en");
});

test("any string at all is taken", () => {
  fc.assert(fc.property(fc.string({ unit: "binary", maxLength: 300 }), (text) => void detectLanguage(text)));
});
