/** Words that are to stand in a row or a mail: what is to be written somewhere says nothing of the person. */
import { SPEAKS_OF_SELF } from "./small-words.ts";

const COLON = "[:：]";
export const SENTENCE_END = /[.!?]+(?=\s)|[。！？]/;
const TITLE_CHARS_MAX = 120;
/** Of a line: behind it nobody is told how a row is called. */
const TITLED_CHARS_MAX = 1_000;

const A_ROW =
  "notes?|tasks?|to-?dos?|e-?mails?|mails?|messages?|letters?|documents?|posts?|events?|reminders?|repl(y|ies)|notiz|aufgabe|nachricht|brief|dokument|termin|note|tâche|courriel|lettre|document|nota|tarea|correo|mensaje|carta|documento|attività|messaggio|lettera";
const WRITES =
  "create|make|add|write|draft|send|post|compose|save|put|reply|answer|erstelle?|schreibe?|leg|lege|sende|schicke?|speichere?|crée|créer|écris|rédige|envoie|ajoute|crea|escribe|redacta|envía|añade|guarda|scrivi|invia|aggiungi|manda|salva";
const CONTENT =
  "content|contents|text|body|saying|says|reading|message|inhalt|contenu|texte|disant|contenido|texto|diciendo|contenuto|testo|dicendo";
/** A row with its words: `a note with the content: …`, `a task: …`, `a mail saying …`. */
const WRITTEN = new RegExp(
  `(?<!\\p{L})(${WRITES})(?!\\p{L})[^.!?\\n]{0,60}?(?<!\\p{L})(${A_ROW})(?!\\p{L})([^:：.!?\\n]{0,100}(?<!\\p{L})(${CONTENT})\\s*(${COLON}|$)|[^:：.!?\\n]{0,100}(?<!\\p{L})(saying|that says|which says|disant|diciendo|dicendo)(?!\\p{L})|[^:：.!?\\n]{0,60}(?<!\\p{L})with (the |this |following )?(text|contents?|description|body|words|message)(?!\\p{L}| (of|from|to|for)(?!\\p{L}))|[^:：.!?\\n]{0,60}${COLON}(?=\\s|$))|(メモ|タスク|ノート|メール|笔记|任务|邮件|备忘录)[^:：。\\n]{0,40}${COLON}`,
  "iu",
);
const HOLDS_TEXT = new RegExp(
  `(?<!\\p{L})(notes?|notiz|nota|e-?mails?|mails?|messages?|letters?|posts?|repl(?:y|ies)|nachricht|brief|courriel|lettre|correo|mensaje|carta|messaggio|lettera|documents?|dokument|documento|${CONTENT}|description|words)(?!\\p{L})`,
  "iu",
);
const TITLES =
  /^\W*((please|can you|could you|bitte|por favor|per favore)\s+)?(create|make|add|put|schedule|erstelle?|lege?|crée|créer|ajoute|crea|añade|aggiungi)\s/iu;
export const COMMANDS = new RegExp(
  `^\\W*((please|can you|could you|bitte|por favor|per favore)\\s+)?(${WRITES}|tell|ask|text|message|store|publish|sag|frag|dis|demande|dile|pregunta|di|chiedi)\\s`,
  "iu",
);
export const NEW_ROW = new RegExp(
  `^\\W*(new|neue[rs]?|nouve(au|lle)|nuev[ao]|nuov[ao])\\s+(${A_ROW})\\s*$|^\\W*(${CONTENT}|内容)\\s*$`,
  "iu",
);
/** Its name goes on to the end of the sentence, or of the quotation marks. */
const TITLED = new RegExp(
  `(?<!\\p{L})(${WRITES})(?!\\p{L})[^.!?\\n]{0,60}?(?<!\\p{L})(${A_ROW})(?!\\p{L})[^.!?\\n]{0,40}?(?<!\\p{L})(titled|entitled|named|called|with the title|namens|mit dem titel|intitulée?|titulad[oa]|llamad[oa]|intitolat[oa]|chiamat[oa])(?!\\p{L})\\s*${COLON}?`,
  "iu",
);
/** Where in the line the words of a row begin. */
export function writtenFrom(line: string): number | undefined {
  return endOf(WRITTEN, line);
}

/** How long a task's words are behind the colon: they tell what the person wants, as long as they speak of nobody's self. */
export function titleLength(line: string, at: number): number {
  const before = line.slice(0, at).split(SENTENCE_END).at(-1) ?? "";
  if (!TITLES.test(before) || HOLDS_TEXT.test(before)) return 0;
  const title = line.slice(at).split(SENTENCE_END)[0] ?? "";
  return title.length > TITLE_CHARS_MAX || SPEAKS_OF_SELF.test(title) ? 0 : title.length;
}

/** Without the names of what is to be written, where they speak of somebody's self. */
export function withoutTitles(whole: string): string {
  const line = whole.slice(0, TITLED_CHARS_MAX);
  const from = endOf(TITLED, line);
  if (from === undefined) return whole;
  const rest = line.slice(from);
  const length =
    /^\s*["“„«「『][^"”“»」』]*["”“»」』]/u.exec(rest)?.[0].length ??
    rest.split(SENTENCE_END)[0]?.length ??
    0;
  return SPEAKS_OF_SELF.test(rest.slice(0, length))
    ? whole.slice(0, from) + whole.slice(from + length)
    : whole;
}

function endOf(pattern: RegExp, line: string): number | undefined {
  const match = pattern.exec(line);
  return match ? match.index + match[0].length : undefined;
}
