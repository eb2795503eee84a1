import { stemmer as french } from "@orama/stemmers/french";
import { stemmer as german } from "@orama/stemmers/german";
import { stemmer as italian } from "@orama/stemmers/italian";
import { stemmer as spanish } from "@orama/stemmers/spanish";
import { stemmer as english } from "stemmer";
import { unified, withoutInvisible } from "../../../lib/search-words.ts";
import type { StemmedLanguage } from "./languages.ts";

/** Porter's for English, Snowball's for the others. They expect lower case, and accents as a careful writer sets them. */
const STEMMERS: Readonly<Record<StemmedLanguage, (word: string) => string>> = {
  // It knows the letters from A to Z alone.
  en: (word) => english(unified(word)),
  de: german,
  fr: french,
  // People leave out the accent of "-ción", and the stemmer would not know the ending.
  es: (word) => spanish(word.replace(/([cs])ion$/, "$1ión")),
  it: italian,
};

/** Longer ones are numbers, addresses and garbage, which have no stem. */
const WORD_CHARS_MAX = 40;
const REMEMBERED_MAX = 10_000;
const remembered: Readonly<Record<StemmedLanguage, Map<string, string>>> = {
  en: new Map(),
  de: new Map(),
  fr: new Map(),
  es: new Map(),
  it: new Map(),
};

/** What the forms of a word have in common, without case and accents: "Häuser" and "Haus" are both "haus". */
export function stemOf(word: string, language: StemmedLanguage): string {
  const stems = remembered[language];
  const known = stems.get(word);
  if (known !== undefined) return known;
  const plain = withoutInvisible(word.normalize("NFKC").toLowerCase());
  const stem = unified(plain.length > WORD_CHARS_MAX ? plain : STEMMERS[language](plain));
  if (stems.size >= REMEMBERED_MAX) stems.clear();
  stems.set(word, stem);
  return stem;
}
