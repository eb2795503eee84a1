/** Which language a text is written in, told by its little words: cheap, and enough to choose a stemmer. */
import { wordSpans } from "../../../lib/search-words.ts";

/** Languages whose words are brought to their stem. */
export const STEMMED_LANGUAGES = ["en", "de", "fr", "es", "it"] as const;
export type StemmedLanguage = (typeof STEMMED_LANGUAGES)[number];
/** As in ISO 639-1. */
export type Language = StemmedLanguage | "zh" | "ja";

export function isStemmed(language: Language): language is StemmedLanguage {
  return language !== "zh" && language !== "ja";
}

/** Words that say nothing about what a text is about. Accents as written. */
export const STOP_WORDS: Readonly<Record<StemmedLanguage, ReadonlySet<string>>> = {
  en: words(`a about above after again against all also am an and any are as at be because been before being below between
    both but by can could did do does doing don down during each few for from further had has have having he her here
    hers herself him himself his how however i if in into is it its itself just ll me more most my myself no nor not now
    of off on once only or other our ours ourselves out over own re s same she should so some such t than that the their
    theirs them themselves then there these they this those through thus to too under until up upon ve very was we were
    what when where which while who whom whose why will with would you your yours yourself yourselves`),
  de: words(`aber alle allem allen aller alles als also am an andere anderen auch auf aus bei beim bin bis bist da damit
    dann das dass dein deine dem den denn der des dich die dies diese diesem diesen dieser dieses dir doch dort du durch
    ein eine einem einen einer eines er es etwas euch euer eure für gegen hab habe haben hat hatte hatten hier hin hinter
    ich ihm ihn ihnen ihr ihre ihrem ihren ihrer im in indem ins ist ja jede jedem jeden jeder jedes jene jener jetzt kann
    kein keine keinem keinen keiner können könnte man mehr mein meine mich mir mit muss nach nicht nichts noch nun nur ob
    oder ohne sehr sein seine seinem seinen seiner seit selbst sich sie sind so solche soll sollte sondern sonst sowie über
    um und uns unser unsere unter viel vom von vor wann war waren warum was weil welche welcher wenn wer werde werden wie
    wieder wir wird wirst wo wurde wurden zu zum zur zwar zwischen`),
  fr: words(`à afin ai ainsi alors après as au aucun aussi autre autres aux avant avec avoir avons c car ce ceci cela celle
    celles celui ces cet cette ceux chaque comme comment d dans de depuis des donc dont du elle elles en encore entre es
    est et étaient était étant être eu eux fait font fut il ils j je l la le les leur leurs lors lui m ma mais me même
    mêmes mes mon n ne ni nos notre nous on ont ou où par parce pas pendant peu peut plus pour pourquoi qu quand que quel
    quelle quelles quels qui s sa sans se sera ses si sien son sont sous sur t ta te tes ton tous tout toute toutes très
    tu un une vers vos votre vous y`),
  es: words(`a al algo algún alguna algunas algunos ante antes aquel aquella así aun aunque cada como con contra cual cuál
    cuando cuándo cuya cuyo de del desde donde dónde dos durante e el él ella ellas ellos en entre era eran es esa esas
    ese eso esos esta está están estas este esto estos estoy fue fueron ha había han has hasta hay he la las le les lo los
    más me mi mí mientras mis misma mismo muy nada ni no nos nosotros nuestra nuestro o otra otras otro otros para pero
    poco por porque pues que qué quien quién quienes se sea ser será si sí sido sin sino sobre son su sus tal también
    tampoco tan tanto te tiene tienen toda todas todo todos tu tú tus un una unas uno unos usted ustedes y ya yo`),
  it: words(`a abbiamo ad agli ai al alla alle allo altra altre altri altro anche ancora avere aveva c che chi ci ciò come
    con contro cosa così cui d da dagli dai dal dalla dalle dallo degli dei del dell della delle dello dentro di dopo dove
    dunque e è ed era erano essere fa fino fra gli ha hai hanno ho i il in io l la le lei li lo loro lui ma me mentre mi
    mia mie miei mio molto ne negli nei nel nella nelle nello no noi non nostra nostro o ogni oppure per perché però più
    poi prima proprio qua quale quali quando quanto quella quelle quelli quello questa queste questi questo qui quindi se
    sei senza si sia siamo sono sopra sotto sta stata stati stato su sua sue sugli sui sul sulla sulle suo suoi tra tu
    tutta tutte tutti tutto un una uno vi voi`),
};

function words(list: string): ReadonlySet<string> {
  return new Set(list.split(/\s+/));
}

const WORDS_READ_MAX = 1_000;
/** Of a text's words: prose in any of the languages has over a third of them, in another language's text a few stray in. */
const STOP_WORD_SHARE_MIN = 0.1;
/** Above this many times the second best it is told. */
const LEAD_MIN = 1.25;
const KANA = /[\p{Script=Hiragana}\p{Script=Katakana}]/u;
const HAN = /\p{Script=Han}/u;

/** Undefined where the beginning of the text does not tell: too short, mixed, or another language. */
export function detectLanguage(text: string): Language | undefined {
  const counts = { en: 0, de: 0, fr: 0, es: 0, it: 0 };
  let read = 0;
  let [han, kana] = [0, 0];
  for (const { word, isUnspaced } of wordSpans(text.normalize("NFC"))) {
    if (isUnspaced && KANA.test(word)) kana++;
    else if (isUnspaced && HAN.test(word)) han++;
    const plain = word.toLowerCase();
    for (const language of STEMMED_LANGUAGES) if (STOP_WORDS[language].has(plain)) counts[language]++;
    if (++read === WORDS_READ_MAX) break;
  }
  // Japanese prose has kana in every sentence; Chinese has none.
  if (han + kana > read / 2) return kana > (han + kana) / 10 ? "ja" : "zh";
  const [best, second] = STEMMED_LANGUAGES.map((language) => ({ language, count: counts[language] })).sort(
    (a, b) => b.count - a.count,
  );
  const isTold = best!.count >= read * STOP_WORD_SHARE_MIN && best!.count > second!.count * LEAD_MIN;
  return isTold && best!.count > 1 ? best!.language : undefined;
}

/** Words that questions begin with, each of one language alone, with and without accents. */
const QUESTION_WORDS: Readonly<Record<StemmedLanguage, ReadonlySet<string>>> = {
  en: words("what who whose whom when where which why how"),
  de: words(
    "wer wem wen wessen wann wo woher wohin welche welchem welchen welcher welches warum weshalb wie wieviel wieviele",
  ),
  fr: words("combien quel quelle quels quelles pourquoi comment quand où"),
  es: words(`cuánto cuanto cuántos cuantos cuánta cuanta cuántas cuantas quién quien quiénes quienes dónde donde cuándo cuando
    cuál cual cuáles cuales cómo qué`),
  it: words("quanto quanti quanta quante chi dove quale quali perché perche cosa"),
};
const QUESTION_WORD_WEIGHT = 2;

/** The language of a question, which may be a few words long; undefined where they do not tell. */
export function questionLanguage(question: string): Language | undefined {
  if (/[¿¡]/.test(question)) return "es";
  const told = detectLanguage(question);
  if (told) return told;
  const asked = Array.from(wordSpans(question.normalize("NFC")), ({ word }) => word.toLowerCase());
  const weightIn = (language: StemmedLanguage) =>
    asked.reduce((sum, word) => {
      const weight = QUESTION_WORDS[language].has(word) ? QUESTION_WORD_WEIGHT : 0;
      return sum + weight + Number(STOP_WORDS[language].has(word));
    }, 0);
  const [best, second] = STEMMED_LANGUAGES.map((language) => ({ language, weight: weightIn(language) })).sort(
    (one, other) => other.weight - one.weight,
  );
  return best && second && best.weight > second.weight ? best.language : undefined;
}
