/** Cuts a message into clauses that can be worked on by themselves. */
import { maskQuotes } from "./quotes.ts";
import { domainIn } from "./vocabulary.ts";

const VERB_WORDS =
  "list|show|count|how many|create|add|make|new|write|remind|complete|finish|close|mark|set|change|update|rename|move|reschedule|start|reopen|archive|restore|assign|delete|remove|find|search|look|summari[sz]e|draw|plot|chart|give|tell|what|which|approve|reject|read|open|append|comment|note|remember";
/** A new clause begins with a verb, or with a noun of the workspace that takes over the verb before. */
const STARTS_CLAUSE = new RegExp(`^(?:(?:then|also|please|now|after that),? )*(?:${VERB_WORDS})\\b`, "i");
const STARTS_NOUN =
  /^(?:also )?(?:(?:my|the|all|any|our)(?: \w+)? |(?:open|overdue|done|active|new|high[- ]priority|recent) |)(?:tasks?|to-?dos|projects?|milestones?|timelines?|notes?)\b/i;
const SEPARATOR = /(\s*;\s*|[.!?]\s+(?=\p{Lu})|,?\s+(?:and then|then|and also|and)\s+|,\s+)/u;

export function splitClauses(message: string): string[] {
  const { masked, restore } = maskQuotes(message.trim());
  const pieces = masked.split(SEPARATOR);
  const clauses: string[] = [pieces[0] ?? ""];
  for (let index = 1; index < pieces.length; index += 2) {
    const [separator = "", piece = ""] = [pieces[index], pieces[index + 1]];
    const before = clauses.at(-1)!;
    const isSentence = /[;.!?]/.test(separator);
    if (piece === "") clauses[clauses.length - 1] = before + separator;
    else if (isSentence || STARTS_CLAUSE.test(piece)) clauses.push(piece);
    else if (STARTS_NOUN.test(piece) && domainIn(before)) clauses.push(withVerbOf(before, piece));
    else clauses[clauses.length - 1] = before + separator + piece;
  }
  return clauses.map((clause) => restore(clause.trim())).filter((clause) => /[\p{L}\p{N}]/u.test(clause));
}

/** "How many open tasks" + "notes" → "How many notes". */
function withVerbOf(before: string, noun: string): string {
  const verb =
    /^(?:(?:please|can you|could you) )?(?:how many|give me|show me|tell me|what are|what about|list|show|count|draw|summari[sz]e|delete|what|which|find)\b/i.exec(
      before,
    )?.[0];
  return verb ? `${verb} ${noun.replace(/^also /i, "")}` : noun;
}
