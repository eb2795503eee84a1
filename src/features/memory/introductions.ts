/** What in a line says that somebody else's text follows: who it is from, or what is to be done with it. */
import { wordsAt } from "./small-words.ts";
import { COMMANDS, NEW_ROW, SENTENCE_END, titleLength, writtenFrom } from "./written-rows.ts";

/** Of a message no more is kept, so that nothing behind it needs to be looked at. */
const READ_CHARS_MAX = 4_000;
const SHORT_LINE_CHARS = 120;

const ENDS_WITH_COLON = /[:：]\s*$/;
const LIST_ITEM = /^\s*([-*•·–]|\d{1,2}[.)、])\s*/;
const QUOTED_OR_CODE = /^\s*([>|]|`{3}|~{3})/;

const TEXT = [
  "e-?mails?|mails?|messages?|letters?|texts?|articles?|posts?|tweets?|threads?|conversations?|paragraphs?|sms",
  "comment|story|poem|contract|abstract|passage|bio|draft|speech|transcript",
  "nachricht|brief|artikel|beitrag|absatz|vertrag|courriel|lettre|texte|correo|mensaje|carta|texto|artículo",
  "messaggio|lettera|testo|articolo",
].join("|");
const TEXT_NOUN = new RegExp(
  `(?<!\\p{L})(${TEXT})(?!\\p{L})|メール|手紙|文章|メッセージ|本文|記事|邮件|消息|短信|文本|来信`,
  "iu",
);
const A_TIME =
  "week|month|year|morning|evening|afternoon|time|day|weekend|(mon|tues|wednes|thurs|fri|satur|sun)day|woche|monat|jahr|mal|semaine|mois|année|fois|semana|mes|año|vez|settimana|mese|anno|volta";
const POINTER = new RegExp(
  `(?<!\\p{L})(this|these|that|the following|following|below|above|das(?=\\s*(zusammen|ins|auf|für|mal|bitte|kurz|hier|[^\\p{L}\\s]|$))|diese[nmrs]?|dies|damit|davon|dazu|hierzu|folgende[nmrs]?|unten|oben|ceci|ça|cela|cette?|suivante?s?|ci-dessous|ci-dessus|esto|est[ea]|siguientes?|abajo|arriba|quest[oa]|seguenti?|sotto|sopra)(?!\\p{L})(?!\\s+(${A_TIME})(?!\\p{L}))|これ|この|次の|以下|下記|上記|这|下面|上面`,
  "iu",
);

/** Nobody asks for this without a text to do it with. */
const TREATS = new RegExp(
  `(?<!(^|[^\\p{L}])i )(?<!\\p{L})(${[
    "translate|summari[sz]e|tl;?dr|proofread|rewrite|rephrase|paraphrase|reword",
    "übersetz(e|en|t)?|fasse?(?=.*zusammen)|zusammenfassen|umschreiben|formulier(e|en)?|korrekturlesen",
    "tradui(s|re|sez)|résume[rz]?|reformule[rz]?|traduce|traducir|traduzca|resume(?= (esto|este|el|la|lo)(?!\\p{L}))|resumir|reescrib[ea]",
    "traduci|tradurre|riassum[ia]|riassumere|riscriv[ia]|riformula",
  ].join("|")})(?!\\p{L})|翻訳|訳して|要約|校正|添削|書き直|言い換え|翻译|译成|总结|概括|校对|改写|润色`,
  "iu",
);
/** Asked of a text only when it is pointed at or named. */
const REACTS = new RegExp(
  `(?<!\\p{L})(${[
    "explain|reply|respond|answer|analy[sz]e|review|check|read|look at|mean|say|think of|make of|correct|edit|improve|polish|fix|shorten|extract|(task|note|todo)s? (of|from|out of)",
    "erkläre?|antworte|beantworte|analysiere?|prüfe?|lies|schau|bedeutet|heißt|steht|hältst du von|korrigiere?|verbessere?|kürze?",
    "explique[rz]?|répond(s|re|ez)|analyse[rz]?|vérifie[rz]?|lis(ez)?|regarde[rz]?|signifie|veut dire|corrige[rz]?|améliore[rz]?",
    "explica|explícame|responde|contesta|analiza|revisa|lee|mira|significa|corrige|mejora",
    "spiega(mi)?|rispondi|analizza|controlla|leggi|guarda|correggi|migliora",
  ].join("|")})(?!\\p{L})|説明|返信|返事|分析|読んで|見て|意味|直して|解释|回复|看看|意思|修改`,
  "iu",
);
/** "Summarise my tasks" asks for rows of the person's own. */
const OWN_ROWS =
  /(?<!\p{L})(my|our|meine?[nr]?|unsere?[nr]?|mes|ma|mis?|il mio|la mia|i miei|le mie)\s+(\p{L}+\s+)?(tasks?|notes?|day|week|calendar|lists?|events?|to-?dos?|projects?|aufgaben|notizen|tag|woche|kalender|termine|tâches|journée|semaine|agenda|tareas|notas|día|semana|attività|note|giornata|settimana)(?!\p{L})|(タスク|メモ|予定|任务|笔记|日程)/iu;

const GIVES = new RegExp(
  `(?<!\\p{L})(${[
    "sends?|sent|c[ao]mes? from|writes?|wrote|written|forwarded|texted|messaged|e-?mailed|posted|says?|(?<!(as|that|having) )said|told|replied|answered",
    "schickte?|geschickt|schreibt|schrieb|geschrieben|sagte?|(?<!(kurz|ehrlich|wie|anders|offen|genauer) )gesagt|meinte?|antwortete?|weitergeleitet",
    "envoyé|envoie|écrit|dit|répondu|transmis|enviado|envió|mandó|escribe|escribió|escrito|dice|dijo|respondió",
    "inviato|mandato|scrive|scritto|disse|detto|risposto",
  ].join("|")})(?!\\p{L})|送っ|送られ|書い|言っ|言われ|写道|[说說]|发来|发给|寄来`,
  "iu",
);
const RECEIVES =
  /(?<!\p{L})(got|received|found|read|copied|bekommen|bekam|erhalten|erhielt|gefunden|gelesen|reçu|trouvé|lu|recibí|recibido|encontré|leí|ricevuto|trovato|letto)(?!\p{L})|もらっ|届い|届き|収到|收到/iu;
const BY_SELF =
  /(?<!\p{L})(i|i['’]ve|ich|je|j['’]ai|yo|io)(?!\p{L})[^,.;:]{0,15}$|[私我][はが]?[^、，。]{0,6}$/iu;
const COMES_FROM = new RegExp(
  `^\\W*(\\p{L}{1,4}\\s+)?(${TEXT})\\s+(from|by|von|vom|de|du|da|dal|del)(?!\\p{L})|から(の|来た)?(メール|手紙|メッセージ)|(发来|寄来)的`,
  "iu",
);
/** A heading of its own, before a colon or above the text. */
const FORWARDED =
  /^\W*(fwd?|forwarded|weitergeleitet|transféré|reenviado|inoltrato|(see|read) below|siehe unten|voir ci-dessous|ver abajo|vedi sotto)(?!\p{L})/iu;
const ENDS_SENTENCE = /[.!?。！？]\s*$/;
const ASKS = /[?？]\s*$/;
const HERE =
  /(?<!\p{L})(here['’]?s|here (is|are|comes)|below is|attached|hier (ist|sind|kommt)|anbei|voici|voilà|aquí (está|tienes|va)|ecco)(?!\p{L})|以下|这是|これ[はが]/iu;

const SELF_TOLD = new RegExp(
  [
    wordsAt(
      "^\\W*(?:here are |hier sind |voici |ecco |aquí están )?",
      "my our meine mein meiner unsere mes mon ma mi mis i\\smiei le\\smie mio mia",
    ).source,
    wordsAt(
      "",
      "about\\sme about\\smyself about\\sus über\\smich zu\\smir sur\\smoi de\\smoi sobre\\smí su\\sdi\\sme to\\sself",
    ).source,
    wordsAt("", "remember know note reminder merk merke beachte retiens souviens recuerda ricorda ricordati")
      .source,
    "覚えて|自分|记住|关于我",
  ].join("|"),
  "iu",
);
/** Less sure: "I have this:" shows something. */
const SELF_SPEAKS = new RegExp(
  `${wordsAt("", "i ich je j yo io prefiero quiero vivo soy preferisco voglio sono things facts points rules updates always never so from\\snow\\son profile myself dinge fakten punkte regeln choses faits cosas datos cose").source}|私|僕|我`,
  "iu",
);
const SHOWS = new RegExp(
  `${wordsAt("", "this das dies ceci ça cela esto eso questo quello").source}|これ|这`,
  "iu",
);
const PERSONS = wordsAt(
  "",
  "from(?!\\snow) landlord boss friend colleague neighbour neighbor wife husband mother father sister brother partner doctor",
  "vermieter chef chefin freund freundin kollege kollegin nachbar frau mann mutter vater schwester bruder",
  "propriétaire patron ami amie collègue femme mari mère père casero jefe amigo amiga colega esposa marido madre padre",
  "capo amico amica collega moglie marito",
);
const ONLY_GREETS = /^\W*(hi|hello|hey|hallo|bonjour|hola|ciao|dear)(\s+\p{L}+){0,2}\s*[:：]\s*$/iu;

/** Whether `following`, the lines below this one, are somebody else's text. */
export function introduces(line: string, following: readonly string[]): boolean {
  const next = following.find((each) => each.trim() !== "");
  if (next === undefined || QUOTED_OR_CODE.test(next)) return false;
  if (asksToTreat(line)) return true;
  if (ENDS_WITH_COLON.test(line)) return !(ONLY_GREETS.test(line) || tellsOfSelf(line, following));
  const isShown = HERE.test(line) && TEXT_NOUN.test(line);
  return (
    isShown || COMES_FROM.test(line) || FORWARDED.test(line) || (isGiven(line) && !ENDS_SENTENCE.test(line))
  );
}

/** Whether it asks for something to be done with a text that stands above it. */
export function pointsBack(line: string): boolean {
  return TREATS.test(line) && POINTER.test(line) && textAfterRequest(line) === undefined;
}

function asksToTreat(line: string): boolean {
  const isPointing = POINTER.test(line) || TEXT_NOUN.test(line);
  if (TREATS.test(line) && (isPointing || !OWN_ROWS.test(line))) return true;
  return (
    (REACTS.test(line) && isPointing) || (ASKS.test(line) && POINTER.test(line.replaceAll(/\bthat\b/gi, "")))
  );
}

function tellsOfSelf(line: string, following: readonly string[]): boolean {
  if (TEXT_NOUN.test(line) || PERSONS.test(line) || isGiven(line)) return false;
  if (!SELF_TOLD.test(line) && !(SELF_SPEAKS.test(line) && !SHOWS.test(line))) return false;
  const first = following.findIndex((each) => each.trim() !== "");
  const end = following.findIndex((each, at) => at > first && each.trim() === "");
  const paragraph = following.slice(first, end < 0 ? undefined : end);
  return paragraph.every((each) => LIST_ITEM.test(each) || each.length <= SHORT_LINE_CHARS);
}

/** "I told you:" gives the person's own words. */
function isGiven(line: string): boolean {
  if (RECEIVES.test(line)) return true;
  const given = GIVES.exec(line);
  return given !== null && !BY_SELF.test(line.slice(0, given.index));
}

const TREATS_THE_REST =
  /(translate|rewrite|rephrase|übersetze|formuliere|traduis|reformule|traduce|reescribe|traduci|riscrivi|翻訳|訳して|翻译)[^:：]{0,80}[:：]/i;

/** Where in the line the words of others, or what is to be written somewhere, begin; undefined when nowhere. */
export function othersBeginIn(whole: string): number | undefined {
  const line = whole.slice(0, READ_CHARS_MAX);
  const treated = TREATS_THE_REST.exec(line);
  const begins = [
    treated ? treated.index + treated[0].length : undefined,
    writtenFrom(line),
    givenIn(line),
    textAfterRequest(line),
  ];
  const all = begins.filter((at) => at !== undefined);
  if (all.length === 0) return undefined;
  const at = Math.min(...all);
  return at + titleLength(line, at);
}

/** "Tell Bob:", "Fix the grammar of this:", "New note:", and the labels of what is to be written. */
function isWritten(before: string): boolean {
  if (NEW_ROW.test(before) || FORWARDED.test(before)) return true;
  if (SELF_TOLD.test(before)) return false;
  if (COMMANDS.test(before)) return true;
  return (REACTS.test(before) || TREATS.test(before)) && (POINTER.test(before) || TEXT_NOUN.test(before));
}

/** After "Bob wrote:", with the text in the same line. */
function givenIn(line: string): number | undefined {
  for (const { index, 0: colon } of line.matchAll(/[:：](?=\s*\S)/g)) {
    const before = line.slice(0, index).split(SENTENCE_END).at(-1) ?? "";
    if (before.length > SHORT_LINE_CHARS) continue;
    if (isWritten(before)) return index + colon.length;
    const isReceived = RECEIVES.test(before) && (POINTER.test(before) || TEXT_NOUN.test(before));
    const given = GIVES.exec(before);
    const isOthers = given !== null && !BY_SELF.test(before.slice(0, given.index));
    if (isReceived || isOthers || COMES_FROM.test(before)) return index + colon.length;
  }
  return undefined;
}

/** "Translate this into French. My name …": behind the sentence that asks. */
function textAfterRequest(line: string): number | undefined {
  const asked = TREATS.exec(line);
  if (!asked) return undefined;
  const from = asked.index;
  const end = line.slice(from).search(SENTENCE_END);
  if (end < 0 || !POINTER.test(line.slice(from, from + end))) return undefined;
  return line.slice(from + end + 1).trim() === "" ? undefined : from + end + 1;
}
