/** What a list is narrowed to, and what is searched for. */
import { findRange } from "./dates.ts";
import type { Intent, Reading } from "./intent.ts";
import { keywordsOf, WORDS } from "./vocabulary.ts";

const PRIORITY =
  /\b(?:with |at |of |and |as )?(?:a )?(?:(high|medium|low|normal)(?:est)?[- ]prio(?:rity)?|prio(?:rity)?(?: is|:| of| to)? (high|medium|low|normal)|(urgent))\b/i;

export function findPriority(rest: string): { words: string; priority: string } | undefined {
  const match = PRIORITY.exec(rest);
  if (!match) return undefined;
  const word = (match[1] ?? match[2] ?? "high").toLowerCase();
  return { words: match[0], priority: word === "normal" ? "medium" : word };
}

export function readFilters(intent: Intent, { rest, unmask, setting }: Reading): void {
  const { filters, domain } = intent;
  if (domain === "tasks") {
    if (/\b(?:open|unfinished|outstanding|pending|remaining|left)\b/i.test(rest))
      filters.statuses = ["todo", "in_progress"];
    else if (/\b(?:in[- ]progress|started|ongoing)\b/i.test(rest)) filters.statuses = ["in_progress"];
    else if (/\b(?:done|completed|finished|closed)\b/i.test(rest)) filters.statuses = ["done"];
    else if (/\bnot started\b|\bstatus todo\b/i.test(rest)) filters.statuses = ["todo"];
    const priority = findPriority(rest);
    if (priority) filters.priority = priority.priority;
  }
  const range = findRange(rest, setting.today);
  if (range && (domain === "tasks" || domain === "timelines")) filters.range = range;
  // What is overdue is still to be done.
  if (range?.label === "overdue") filters.statuses ??= ["todo", "in_progress"];
  if (domain === "projects") {
    const isArchived = /\barchived\b/i.test(rest);
    if (isArchived) filters.statuses = ["archived"];
    if (isArchived || /\ball\b/i.test(rest)) filters.includeArchived = true;
  }
  if (/\bsuggest(?:ed|ions?)\b/i.test(rest)) filters.awaitingApproval = true;
  const search =
    /\b(?:about|containing|mentioning|matching|called|named|with the words?) (§\d+§|[^?.!,]+)/i.exec(
      rest,
    )?.[1];
  if (search) filters.search = unmask(search).trim();
}

export function readSearch(intent: Intent, { rest, unmask }: Reading): void {
  if (intent.domain !== "notes") {
    const words = rest.replace(
      /\b(?:find|search(?: for)?|look (?:for|up)|me|the|a|an|my|any|for|about|called|named)\b/gi,
      " ",
    );
    intent.filters.search = unmask(words.replace(WORDS[intent.domain].pattern, " "))
      .replace(/\s+/g, " ")
      .replace(/[?.!]+$/, "")
      .trim();
    return;
  }
  const about =
    /\b(?:about|on|regarding|mention(?:s|ing)?|say(?:s)? about|where i wrote|that says?) (.+)$/i.exec(
      rest,
    )?.[1];
  const words = unmask(about ?? rest).replace(/[?.!]+$/, "");
  intent.query = about
    ? words.trim()
    : keywordsOf(words)
        .filter((word) => !/^(?:find|search|look)$/.test(word))
        .join(" ");
}
