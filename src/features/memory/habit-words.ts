/** What a habit is about: by it a habit is known again in other words, and in an answer that suggests something. */
import { searchWords, wordList } from "../../lib/search-words.ts";
import { sentencesOf } from "./sentences.ts";

/** How and when people do things, and what they all do: it tells no habit from another. */
const FRAME = wordList(
  "a an the of to for in on at by with from about into after before and or as is are be their his her its they he she it this that person user who",
  "ask asks asked request requests check checks look looks review reviews want wants need needs get gets likes usually often always again regularly frequently mostly every each once twice",
  "day daily week weekly weekday weekdays month monthly year yearly morning mornings evening evenings afternoon noon night time times",
  "monday tuesday wednesday thursday friday saturday sunday mondays tuesdays wednesdays thursdays fridays saturdays sundays",
  "der die das den dem des ein eine einen einem einer und oder an am im in auf um zu zur zum von vom mit nach für über bei vor aus sich ihre ihren seine seinen",
  "fragt bittet möchte will prüft schaut sieht braucht oft häufig immer wieder regelmäßig meist jede jeden jedes jeder täglich wöchentlich monatlich woche wochen tag tage monat morgens morgen abends abend nachmittags",
  "montag dienstag mittwoch donnerstag freitag samstag sonntag montags dienstags mittwochs donnerstags freitags samstags sonntags",
  "le la les l un une des du de d et ou à au aux en dans pour sur par avec son sa ses leur leurs",
  "demande souhaite veut vérifie regarde consulte souvent toujours régulièrement chaque tous toutes semaine semaines jour jours mois matin soir lundi mardi mercredi jeudi vendredi samedi dimanche",
  "el la los las un una unos unas del al y o en para por con su sus pide pregunta quiere revisa mira consulta frecuentemente siempre menudo cada todos todas semana semanas día días mes mañana tarde noche lunes martes miércoles jueves viernes sábado domingo",
  "il lo gli i uno di da su per con e o nel nella del della suo sua suoi chiede vuole controlla guarda consulta spesso sempre ogni tutti tutte settimana giorno giorni mese mattina sera lunedì martedì mercoledì giovedì venerdì sabato domenica",
  "の を に は が で と も へ から まで よく いつも 毎日 毎週 毎月 毎朝 毎晩 について する します して 尋ねる 聞く 確認 頼む 的 了 在 和 经常 总是 每天 每周 每月 询问 请求 查看",
);

/** In texts of one language often, and of the others hardly ever. */
const SMALL: Readonly<Record<string, ReturnType<typeof wordList>>> = {
  en: wordList("the of to for about with from into after before and every each often asks wants on"),
  de: wordList("der die das den dem und nach für über von vom zum zur jeden jede oft fragt mit bei am"),
  fr: wordList("le les des du et au aux pour sur avec chaque souvent demande ses dans tous"),
  es: wordList("el los las y del al para por con cada sus pide pregunta menudo"),
  it: wordList("il gli di della delle per ogni spesso chiede nel suoi"),
};
const SCRIPTS: Readonly<Record<string, RegExp>> = {
  ja: /[\p{scx=Hiragana}\p{scx=Katakana}]/u,
  zh: /\p{scx=Han}/u,
  ko: /\p{scx=Hangul}/u,
  ru: /\p{scx=Cyrillic}/u,
};

/** Letters by which the forms of a word are one. Short enough to be kept as a hash: nothing is compared by its ending. */
const STEM_CHARS = 6;
const UNSPACED = /[\p{scx=Han}\p{scx=Hiragana}\p{scx=Katakana}]/u;

/** Stems of the words that say what a habit is about, without its verb, which stands first. */
export function subjectOf(habit: string): string[] {
  const words = searchWords(habit);
  const telling = words.filter((word) => !FRAME.has(word));
  const [first = ""] = words;
  const isVerb = telling[0] === first && !UNSPACED.test(first);
  const subject = isVerb && telling.length > 1 ? telling.slice(1) : telling;
  return [...new Set(subject.map(stemOf))];
}

/** Where an answer stands that a turn was asked to close with: the suggestion, and how to turn such off. */
const CLOSING_SENTENCES = 3;
const NAMED_SHARE = 0.5;

/** Whether an answer closes with something about the habit. False for a habit that is about nothing that can be named. */
export function isNamedIn(habit: string, answer: string): boolean {
  const subject = subjectOf(habit);
  const closing = [...sentencesOf(answer)].slice(-CLOSING_SENTENCES).join(" ");
  const said = new Set(searchWords(closing).map(stemOf));
  const named = subject.filter((stem) => said.has(stem)).length;
  return subject.length > 0 && named / subject.length >= NAMED_SHARE;
}

/** Null where its few words do not tell. */
export function languageOf(text: string): string | null {
  const script = Object.keys(SCRIPTS).find((language) => SCRIPTS[language]?.test(text));
  if (script !== undefined) return script;
  const words = searchWords(text);
  const counts = Object.entries(SMALL).map(
    ([language, small]) => [language, words.filter((word) => small.has(word)).length] as const,
  );
  const [[best, most] = ["", 0], [, second] = ["", 0]] = counts.toSorted(([, one], [, other]) => other - one);
  return most > second ? best : null;
}

function stemOf(word: string): string {
  return UNSPACED.test(word) ? word : word.slice(0, STEM_CHARS);
}
