import { expect, test } from "vitest";
import { isNamedIn, languageOf, subjectOf } from "../../../src/features/memory/habit-words.ts";

test.each([
  ["Often asks about “invoices” on Fridays", "Reviews invoices each Friday"],
  ["Asks for the weekly report", "Wants a report every week"],
  ["Fragt oft nach Rechnungen", "Prüft jeden Freitag die Rechnung"],
  ["Demande souvent ses factures", "Vérifie chaque semaine la facture"],
])("“%s” and “%s” are about the same", (one, other) => {
  expect(subjectOf(one)).toEqual(subjectOf(other));
  expect(subjectOf(one)).toHaveLength(1);
});

test.each([
  ["Asks about invoices", "All done. Shall I list the open invoices?", true],
  ["Fragt oft nach Rechnungen", "Soll ich die offene Rechnung heraussuchen?", true],
  ["Asks about invoices", "All done.", false],
  ["Asks about invoices", "Two invoices came. One is Ida's. One is Bo's. Both wait. All done.", false],
  ["Asks for the report", "Shall I make the bed?", false],
])("whether “%s” is named at the end of “%s”: %s", (habit, answer, isNamed) => {
  expect(isNamedIn(habit, answer)).toBe(isNamed);
});

test("small words and letters tell the language, or nothing does", () => {
  const texts = ["Asks about invoices", "Fragt oft nach Rechnungen", "毎週請求書を確認する", "Yoga"];
  expect(texts.map(languageOf)).toEqual(["en", "de", "ja", null]);
});
