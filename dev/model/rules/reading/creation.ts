/** What a new row, or a new comment, should hold. */
import { findDate } from "./dates.ts";
import { findPriority } from "./filters.ts";
import type { Intent, Reading } from "./intent.ts";
import { setTarget } from "./target.ts";
import { capitalise, type Domain, WORDS } from "./vocabulary.ts";

/** Takes out what is said about a row, and leaves its title. */
export function readCreation(intent: Intent, reading: Reading): void {
  let rest = reading.rest.replace(/[.!]+$/, "");
  const body = /(?:\b(?:saying|with (?:the )?(?:text|content|body)|that says)|:) (§\d+§|.+)$/i.exec(rest);
  if (intent.domain === "notes" && body) {
    intent.body = reading.unmask(body[1]!).trim();
    rest = rest.slice(0, body.index);
  }
  rest = takeFields(intent, rest, reading);
  const named = /\b(?:called|named|titled) (§\d+§|.+)$/i.exec(rest)?.[1];
  const quoted = /§\d+§/.exec(rest)?.[0];
  const title = named ?? quoted ?? titleAfterNoun(intent.domain, rest);
  if (title)
    intent.title = capitalise(
      reading
        .unmask(title)
        .replace(/\s+/g, " ")
        .replace(/[,;:\s]+$/, "")
        .trim(),
    );
  if (intent.title === "") delete intent.title;
  if (intent.domain === "notes") completeNote(intent);
}

/** A note that only has words is titled by its first ones. */
function completeNote(intent: Intent): void {
  if (intent.title === undefined && intent.body !== undefined) intent.title = firstWords(intent.body);
  if (intent.title !== undefined) intent.body ??= intent.title;
  if (intent.title !== undefined && intent.title.length > 60) intent.title = firstWords(intent.title);
}

function firstWords(text: string): string {
  return capitalise(text.split(/\s+/).slice(0, 6).join(" "));
}

function titleAfterNoun(domain: Domain, rest: string): string | undefined {
  const noun = new RegExp(`^.*?${WORDS[domain].pattern.source}`, "i");
  const opening =
    /^(?:remind me|jot down|note down|note|take a note|add|write|save|create|new|make|plan|set up)\b/i;
  const after = noun.test(rest) ? rest.replace(noun, "") : rest.replace(opening, "");
  const listed = /^add (.+?) to (?:my|the) (?:tasks?|to-?dos?|to do|list)\b/i.exec(rest)?.[1];
  const title = (listed ?? after).replace(/^[\s:,-]*(?:(?:to|that|for|about|of|on)\b)?[\s:,-]*/i, "").trim();
  return title === "" ? undefined : title;
}

function takeFields(intent: Intent, text: string, { unmask, setting }: Reading): string {
  let rest = text;
  const take = (words: string) => {
    rest = rest.replace(words, " ");
  };
  const { domain, fields } = intent;
  const date = domain === "tasks" || domain === "timelines" ? findDate(rest, setting.today) : undefined;
  if (date) {
    fields[domain === "tasks" ? "dueDate" : "date"] = date.iso;
    take(date.words);
  }
  if (domain !== "tasks") return rest;
  const priority = findPriority(rest);
  if (priority) {
    fields.priority = priority.priority;
    take(priority.words);
  }
  const assigned =
    /\b(?:and )?assign(?:ed)?(?: it)? to (§\d+§|[\p{Lu}][\p{L}-]*(?:(?:,| and|, and) [\p{Lu}][\p{L}-]*)*)/u.exec(
      rest,
    );
  if (assigned) {
    fields.assignees = unmask(assigned[1]!).split(/,? and |, /);
    take(assigned[0]);
  }
  const status = /\b(?:as |with status |status:? )(in[- ]progress|todo|done)\b/i.exec(rest);
  if (status) {
    fields.status = status[1]!.toLowerCase().replace(/[- ]/, "_");
    take(status[0]);
  }
  const details = /\bwith (?:the )?description (§\d+§)/i.exec(rest);
  if (details) {
    fields.description = unmask(details[1]!);
    take(details[0]);
  }
  return rest;
}

export function readComment(intent: Intent, reading: Reading): void {
  intent.domain = "tasks";
  const rest = reading.rest.replace(/[.!]+$/, "");
  const quoted = /§\d+§/g;
  const said = /(?:\bsaying|:) (.+)$/i.exec(rest)?.[1] ?? rest.match(quoted)?.[0];
  const before = said ? rest.replace(said, " ") : rest;
  if (said) intent.body = reading.unmask(said).trim();
  const row = /\b(?:to|on|for) (.+?)(?: (?:saying|that)\b.*|:.*)?$/i.exec(before)?.[1];
  if (row) setTarget(intent, reading, row);
}
