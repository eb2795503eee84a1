import {
  detectLanguage,
  type Language,
  STEMMED_LANGUAGES,
  STOP_WORDS,
} from "../../src/features/knowledge/core/languages.ts";
import { wordSpans } from "../../src/lib/search-words.ts";
import type { OpenQuestion } from "./memory-questions.ts";

const KEY_CHARS_MAX = 40;
const VALUE_CHARS_MAX = 120;

interface Texts {
  change(key: string, known: string, proposed: string): string;
  take(key: string, proposed: string): string;
}

const TEXTS: Readonly<Record<Language, Texts>> = {
  en: {
    change: (key, known, proposed) =>
      `One question about what I remember of you (${key}): is it “${proposed}” now, instead of “${known}”? Please answer with yes or no.`,
    take: (key, proposed) =>
      `One question about what I remember of you (${key}): is “${proposed}” right? Please answer with yes or no.`,
  },
  de: {
    change: (key, known, proposed) =>
      `Eine Frage zu dem, was ich mir über dich merke (${key}): Gilt jetzt „${proposed}“ statt „${known}“? Bitte antworte mit ja oder nein.`,
    take: (key, proposed) =>
      `Eine Frage zu dem, was ich mir über dich merke (${key}): Stimmt „${proposed}“? Bitte antworte mit ja oder nein.`,
  },
  fr: {
    change: (key, known, proposed) =>
      `Une question sur ce que je retiens de vous (${key}) : est-ce maintenant « ${proposed} » au lieu de « ${known} » ? Merci de répondre par oui ou non.`,
    take: (key, proposed) =>
      `Une question sur ce que je retiens de vous (${key}) : « ${proposed} », est-ce exact ? Merci de répondre par oui ou non.`,
  },
  es: {
    change: (key, known, proposed) =>
      `Una pregunta sobre lo que recuerdo de ti (${key}): ¿ahora es «${proposed}» en lugar de «${known}»? Responde sí o no, por favor.`,
    take: (key, proposed) =>
      `Una pregunta sobre lo que recuerdo de ti (${key}): ¿es correcto «${proposed}»? Responde sí o no, por favor.`,
  },
  it: {
    change: (key, known, proposed) =>
      `Una domanda su ciò che ricordo di te (${key}): adesso è «${proposed}» invece di «${known}»? Rispondi sì o no, per favore.`,
    take: (key, proposed) =>
      `Una domanda su ciò che ricordo di te (${key}): «${proposed}» è giusto? Rispondi sì o no, per favore.`,
  },
  ja: {
    change: (key, known, proposed) =>
      `覚えている内容(${key})について確認です。「${known}」ではなく、今は「${proposed}」でよろしいですか。「はい」か「いいえ」でお答えください。`,
    take: (key, proposed) =>
      `覚えている内容(${key})について確認です。「${proposed}」でよろしいですか。「はい」か「いいえ」でお答えください。`,
  },
  zh: {
    change: (key, known, proposed) =>
      `关于我记住的您的信息(${key})，想确认一下：现在是“${proposed}”，而不是“${known}”，对吗？请回答“是”或“不是”。`,
    take: (key, proposed) =>
      `关于我记住的您的信息(${key})，想确认一下：“${proposed}”对吗？请回答“是”或“不是”。`,
  },
};

/**
 * Asks a person about a fact, in the language of what they wrote, else of their app. The values are shown as data: on one
 * line, without what could pass for marks of ours, and not long.
 */
export function questionText(
  { key, known, proposed }: Pick<OpenQuestion, "key" | "known" | "proposed">,
  { message, locale }: { message: string; locale: string },
): string {
  const texts = TEXTS[detectLanguage(message) ?? fewWordsLanguage(message) ?? languageOf(locale)];
  const name = shown(key.replaceAll("_", " "), KEY_CHARS_MAX);
  const value = shown(proposed, VALUE_CHARS_MAX);
  return known === null ? texts.take(name, value) : texts.change(name, shown(known, VALUE_CHARS_MAX), value);
}

/** Of a message too short to be told otherwise: "Wie geht's?" */
function fewWordsLanguage(message: string): Language | undefined {
  const words = [...wordSpans(message.normalize("NFC"))].map(({ word }) => word.toLowerCase());
  const counts = STEMMED_LANGUAGES.map((language) => ({
    language,
    count: words.filter((word) => word.length > 1 && STOP_WORDS[language].has(word)).length,
  })).toSorted((one, other) => other.count - one.count);
  const [best, second] = counts;
  return best && second && best.count > second.count ? best.language : undefined;
}

function languageOf(locale: string): Language {
  const [tag = ""] = locale.toLowerCase().split(/[-_]/);
  return tag in TEXTS ? (tag as Language) : "en";
}

function shown(value: string, charsMax: number): string {
  const line = value
    .replace(/[\p{C}\p{Z}\s]+/gu, " ")
    .replace(/[<>[\](){}`*|“”„«»「」"]/g, "")
    .trim();
  const letters = [...line];
  return letters.length <= charsMax ? line : `${letters.slice(0, charsMax).join("").trimEnd()}…`;
}
