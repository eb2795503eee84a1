/** Where in a message the words of others are: code, pasted mail, letters, and texts that something is to be done with. */
import { introduces, othersBeginIn, pointsBack } from "./introductions.ts";
import { withoutTitles } from "./written-rows.ts";

/** What tells is at the beginning of a line, or in a short one. */
const LINE_CHARS_MAX = 400;
const PARAGRAPH_LINES_MAX = 50;
const FENCE = /^(`{3,}|~{3,})/;
const QUOTED = /^\s*[>|]/;
const HEADER =
  /^\s*(from|to|cc|date|sent|subject|reply-to|von|an|gesendet|datum|betreff|de|à|envoyé|objet|para|fecha|enviado|asunto|da|a|data|inviato|oggetto|差出人|宛先|日時|件名|发件人|收件人|主题)\s*[:：]/i;
const SUBJECT = /^\s*(subject|betreff|objet|asunto|oggetto|件名|主题)\s*[:：]/i;
const SEPARATOR =
  /^\s*(-{2,}\s*(original message|forwarded message|ursprüngliche nachricht|weitergeleitete nachricht|message (transféré|original|d'origine)|mensaje (original|reenviado)|messaggio (originale|inoltrato))|begin forwarded message:)/i;
const RULE = /^\s*([-=_*~])\1{2,}\s*$/;
const ENDS_WITH_COLON = /[:：]\s*$/;
const WROTE = /wrote|schrieb|a écrit|escribió|ha scritto|\d.*<[^<>\s]+@[^<>\s]+>/i;
const GREETING =
  /^\s*((dear|hi|hello|hey|good (morning|afternoon|evening)|sehr geehrte[rs]?|liebe[rs]?|hallo|guten tag|bonjour|ch[eè]re?s?|madame|monsieur|estimad[oa]s?|querid[oa]s?|hola|gentile|car[oa]|buongiorno)(?!\p{L}).{0,60}[,!:]|.{1,30}様[、,]?)\s*$/iu;
/** A letter may go on in the line of its greeting. */
const GREETED =
  /^\s*([Dd]ear|[Hh]i|[Hh]ello|[Hh]ey|Sehr geehrte[rs]?|Liebe[rs]?|Hallo|Bonjour|Ch[eè]re?s?|Estimad[oa]s?|Querid[oa]s?|Hola|Gentile|Car[oa])(\s+\p{Lu}[\p{L}'’.-]*){1,4}\s*[,!:]/u;
/** A text under its label; what is short after one is rather an address or a name. */
const LABELLED =
  /^\s*(e-?mail|text|message|letter|document|article|brief|nachricht|dokument|artikel|courriel|texte|lettre|correo|texto|carta|testo|lettera|メール|本文|文章|邮件|文本)\s*[:：]\s*($|.{60})/i;

/** Up to where somebody else's text begins, without code and the lines that are quoted. */
export function withoutOthersWords(message: string): string {
  const lines = message.split("\n");
  const own: string[] = [];
  const last = lines.findLastIndex((line) => line.trim() !== "");
  if (last > 0 && pointsBack(lines[last]!.slice(0, LINE_CHARS_MAX))) lines.splice(0, last);
  let isBelow = false;
  let fence: string | undefined;
  for (const [at, whole] of lines.entries()) {
    const line = whole.slice(0, LINE_CHARS_MAX);
    if (fence !== undefined) {
      // A mail may hold fences of its own, so that nobody can tell where it ends.
      if (beginsMail(line, lines[at + 1] ?? "")) break;
      if (closes(line, fence)) fence = undefined;
      continue;
    }
    fence = FENCE.exec(line)?.[0];
    if (fence !== undefined || QUOTED.test(line)) continue;
    if (beginsMail(line, lines[at + 1] ?? "") || (isBelow && (beginsLetter(line) || RULE.test(line)))) break;
    const begin = othersBeginIn(whole);
    own.push(withoutTitles(begin === undefined ? whole : whole.slice(0, begin)));
    if (begin !== undefined || introduces(line, lines.slice(at + 1, at + 1 + PARAGRAPH_LINES_MAX))) break;
    isBelow ||= line.trim() !== "";
  }
  return own.join("\n");
}

function closes(line: string, fence: string): boolean {
  const end = line.trimEnd();
  return end.length >= fence.length && end === fence.charAt(0).repeat(end.length);
}

/** Nobody greets their assistant in the middle of a message. */
function beginsLetter(line: string): boolean {
  return GREETING.test(line) || GREETED.test(line) || LABELLED.test(line);
}

/** The head of a mail, or what mail programs put above one that is answered or passed on. */
function beginsMail(line: string, next: string): boolean {
  if (HEADER.test(line) && HEADER.test(next.slice(0, LINE_CHARS_MAX))) return true;
  return SUBJECT.test(line) || SEPARATOR.test(line) || (ENDS_WITH_COLON.test(line) && WROTE.test(line));
}
