/** Whether words deny something, or say that it holds no more: by the small words of several languages. */
import { wordsAt } from "./small-words.ts";

const WORDS = wordsAt(
  "",
  "not never neither nor cannot without nobody nothing none stop stopped avoid refuse quit",
  "nicht nichts kein keine keinen keinem keiner keines nie niemals niemand ohne",
  "ne pas jamais aucun aucune sans nunca tampoco ningún ninguna sin non nessuno nessuna senza",
  "não nem sem niet geen nooit zonder inte aldrig не нет никогда без nie nigdy bez",
);
/** "Mai" is a month elsewhere, "No. 5" a number. */
const DENIAL = new RegExp(
  `${WORDS.source}|(?<![\\p{L}\\d])(?<!(\\d|\\d\\.|im|en|de|du|ab|bis|seit)\\s)mai(?!\\p{L}|\\s+\\d)|(?<!\\p{L})no(?!\\p{L}|\\.?\\s*\\d)|n['’]t(?!\\p{L})|(?<!\\p{L})n['’]|ない|ません|なく|[不没别勿]`,
  "iu",
);
/** "No I moved" denies nothing of what follows; nor does "do not forget", nor "not only". */
const NO_DENIAL = new RegExp(
  [
    "^(no|nope|nein|non)[\\s,]+(?=(i|i['’]m|my|ich|mein|je|j['’]|mon|ma|yo|mi|io)(?![\\p{L}]))",
    "(?<!\\p{L})(not only|nicht nur|non seulement|no solo|non solo|can(no|['’])t (live|do|be|work) without|no (problem|doubt))(?!\\p{L})",
    "(?<!\\p{L})((do not|don['’]t|never) forget|vergiss (bitte )?nicht|vergesst (bitte )?nicht|vergessen sie (bitte )?nicht|n['’]oublie[zs]? (pas|jamais)|no (te )?olvides|non dimenticar(e|ti|lo))(?!\\p{L})",
    "忘れない|[别勿]忘|不要忘",
  ].join("|"),
  "giu",
);

export function isDenied(clause: string): boolean {
  return DENIAL.test(withoutNoDenials(clause));
}

/** Without the words that only look like a denial. */
function withoutNoDenials(clause: string): string {
  return clause.trim().replace(NO_DENIAL, " ");
}

/** "Do not, under any circumstances, …" denies what comes. */
export function deniesWhatFollows(clause: string): boolean {
  return BARE.test(withoutNoDenials(clause).trim());
}
const BARE =
  /^(\p{L}+\s)?(do not|don['’]t|never|must not|mustn['’]t|should not|shouldn['’]t|nicht|niemals|nie|jamais|nunca|mai)(\s(ever|jemals))?$/iu;

const AGAINST = new RegExp(
  `${
    wordsAt(
      "",
      "dislike[sd]? hate[sd]? avoid(?:s|ed)? refuse[sd]? lacks? unable against formerly? ex free dont excluded? forbidden banned blocked unwanted left ended former previous(?:ly)? intoleran(?:t|ce) allerg\\p{L}* stops? quits? no",
      "vermeide\\p{L}* hasst? gegen ehemals ehemalig\\p{L}* déteste\\p{L}* évite\\p{L}* contre odi[ao] evit[ao] contra contro alérgic[oa]",
    ).source
  }|嫌い|苦手|アレルギー|避け|讨厌|过敏|避免`,
  "iu",
);

/** Whether a value, its key or a statement is itself a denial, which a denied clause can bear out. */
export function isAgainst(text: string): boolean {
  const words = text.replaceAll("_", " ");
  return AGAINST.test(words) || DENIAL.test(words);
}

const OVER = new RegExp(
  [
    "(?<!\\p{L})(no longer|used to|stopped|(?<!(n['’]t|not|never|to)\\s)quit|gave up)(?!\\p{L})",
    "(not|n['’]t|never)(?!\\p{L}).*(?<!\\p{L})any ?(more|longer)(?!\\p{L})",
    "(?<!\\p{L})(nicht|nie|kein(e|en|em|er|es)?)(?!\\p{L}).*(?<!\\p{L})mehr(?!\\p{L})|(?<!\\p{L})nicht länger(?!\\p{L})",
    "(?<!\\p{L})(ne|n['’])(?!\\p{L}{2,}\\s*$).*(?<!\\p{L})plus(?!\\p{L})|(?<!\\p{L})arrêté de(?!\\p{L})",
    "(?<!\\p{L})(ya no|dejé de|he dejado de|já não)(?!\\p{L})",
    "(?<!\\p{L})(non|não)(?!\\p{L}).*(?<!\\p{L})(più|mais)(?!\\p{L})|(?<!\\p{L})smesso di(?!\\p{L})",
    "(?<!\\p{L})(niet|geen)(?!\\p{L}).*(?<!\\p{L})meer(?!\\p{L})|(?<!\\p{L})(больше не|уже не|już nie)(?!\\p{L})",
    "もう.*(ない|ません)|(辞め|やめ)(た|まし)|不再|已经不|[不没].*了",
  ].join("|"),
  "iu",
);

/** "I no longer work there": it held, and holds no more. */
export function isOver(clause: string): boolean {
  return OVER.test(clause);
}
