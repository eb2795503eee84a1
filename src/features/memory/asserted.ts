/**
 * What of a person's own words says that something is so of themselves: neither asked nor supposed, nor in the mouth of
 * somebody else. Told by the small words of the languages listed; elsewhere what a model makes of it stands.
 */
import { type Clause, clausesOf } from "./clauses.ts";
import { isOver } from "./denial.ts";
import { partsOf } from "./retracting.ts";
import { sentencesOf } from "./sentences.ts";
import { SPEAKS_OF_SELF, wordSet, wordsAt } from "./small-words.ts";

export interface Assertion {
  /** Also without what is denied, uncertain or over: for facts that say who somebody is. */
  strict: boolean;
  /** Also without what is denied: it bears out nothing but a denial. */
  undenied?: boolean;
}

export function assertedIn(own: string, assertion: Assertion): string {
  return partsOf(withoutOthersSpeech(own))
    .standing.flatMap((part) => [...sentencesOf(part)])
    .flatMap((sentence) => assertedClauses(sentence, assertion))
    .join("\n");
}

function assertedClauses(sentence: string, { strict, undenied }: Assertion): string[] {
  const isAsked = QUESTION_END.test(sentence) && !REQUEST.test(sentence);
  if (isAsked && QUESTION_START.test(sentence)) return [];
  const clauses = clausesOf(beforeReport(sentence));
  // "I live in Lyon, where is the next baker?" asks with its last clause.
  const told = isAsked ? clauses.slice(0, -1) : clauses;
  return told
    .filter(({ words }) => !CONDITION.test(words))
    .filter((clause) => !(strict && isInDoubt(clause)) && !(undenied && clause.isDenied))
    .map(({ words }) => words);
}

/** Ends like a question, in any language that marks its end. */
export const QUESTION_END = /([?？؟]|(?<![静確豊僅遥微])か[。．]?)["'”’)」]*\s*$/;
const QUESTION_START = wordsAt(
  "^\\W*",
  "what who whose where when why how which do does did is are am was were should shall could would can",
  "was wer wo wann warum wieso wie welche welcher welches bin ist sind war soll kann heiße wohne habe",
  "que qui où quand pourquoi comment quel quelle est-ce suis-je ai-je",
  "qué quién dónde cuándo por cómo cuál chi dove quando perché come quale cosa",
);
/** Asks for something to be done, which what it names is then true for. */
const REQUEST = new RegExp(
  [
    wordsAt("", "please bitte s'il svp").source,
    "por favor|per favore",
    "(can|could|will|would) you|(kannst|könntest|würdest|magst) du|(können|könnten|würden) sie",
    "(peux|pourrais)[- ]tu|(pouvez|pourriez)[- ]vous|(puedes|podrías|puoi|potresti)\\b",
    "(くれ|もらえ|ください|いただけ|頂け)[^。]*$",
  ].join("|"),
  "iu",
);

const SELVES = new RegExp(SPEAKS_OF_SELF.source, "giu");
/** A straight mark behind a letter or number closes, or stands for inches. */
const QUOTE_OPENS = /(?<![\p{scx=Latn}\p{scx=Cyrl}\p{N}.!?,])"|[“„«「『]/gu;
const QUOTE_CLOSES = /["“”»」』]/g;

/** Without what is in quotation marks, and of whoever says it. In one pass: a text may be nothing but marks. */
function withoutOthersSpeech(text: string): string {
  const placesOf = (mark: RegExp) => Array.from(text.matchAll(mark), ({ index }) => index);
  const [closes, selves] = [placesOf(QUOTE_CLOSES), placesOf(SELVES)];
  let [own, from, close, self] = ["", 0, 0, 0];
  for (const open of placesOf(QUOTE_OPENS)) {
    if (open < from) continue;
    while (closes[close]! <= open) close++;
    while (selves[self]! <= open) self++;
    const end = closes[close];
    if (end === undefined) break;
    if (!(selves[self]! < end)) continue;
    const endsSentence = /[.!?。！？]\s*$/.test(text.slice(open, end));
    own += text.slice(from, open) + (endsSentence ? "\n" : " ");
    from = end + 1;
  }
  return own + text.slice(from);
}

const CONDITION = new RegExp(
  `${
    wordsAt(
      "^(and |what |even |only |und |auch |et |même |y |e )?",
      "if unless suppose supposing imagine pretend assume assuming wenn falls angenommen gesetzt",
      "si se imaginons supposons imagina supongamos immagina supponiamo",
    ).source
  }|^(stell dir vor|nehmen wir an|もし|仮に|如果|假如|要是)|(としたら|だったら|ならば)$`,
  "iu",
);

/** Besides a denial. */
const DOUBT = new RegExp(
  `${
    wordsAt(
      "",
      "wish might maybe perhaps hope planning thinking considering formerly",
      "würde vielleicht früher ehemals hoffe peut-être autrefois espère rêve",
      "quizás ojalá antes forse magari spero",
    ).source
  }|かもしれ|でした`,
  "iu",
);

function isInDoubt({ words, isDenied }: Clause): boolean {
  return isDenied || DOUBT.test(words) || isOver(words);
}

const HELPING = wordSet(
  "have had ve d ll would will can must to already just also habe schon ai déjà ho già he",
);
const ADVERB = /ly$/;
const SPEAKER = wordSet("i me we us ich wir je j nous yo io");
const REPORT = wordsAt(
  "",
  "say says said claim claims claimed think thinks thought believe believes believed",
  "writes wrote tells told insists insisted",
  "sagt sagte sagten meint meinte behauptet behauptete glaubt glaubte schreibt schrieb",
  "dit disent disait prétend croit pense écrit dice dicen dijo dijeron cree piensa escribe escribió",
  "disse dicono crede pensa scrive scrisse",
);
const REPORTS = new RegExp(REPORT.source, "giu");
const REPORTED = /と(言っ|言わ|いっ|おっしゃ|述べ|主張|書い|思っ)|(?<!我)[说說]/u;

/** Up to where it begins to tell what others say. "I said", "I have told you" tell nothing of others. */
function beforeReport(sentence: string): string {
  if (REPORTED.test(sentence)) return "";
  for (const { index } of sentence.matchAll(REPORTS)) {
    const words =
      sentence
        .slice(0, index)
        .toLowerCase()
        .match(/\p{L}+/gu) ?? [];
    const subject = words.findLast((word) => !HELPING.has(word) && !ADVERB.test(word));
    if (subject !== undefined && !SPEAKER.has(subject)) return sentence.slice(0, index);
  }
  return sentence;
}
