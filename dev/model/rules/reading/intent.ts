/** What one clause asks for: a verb, a domain and what belongs to them, read from plain English by rule. */
import { readComment, readCreation } from "./creation.ts";
import type { DayRange } from "./dates.ts";
import { readFilters, readSearch } from "./filters.ts";
import { maskQuotes } from "./quotes.ts";
import { setTarget } from "./target.ts";
import { readUpdate } from "./update.ts";
import { type Domain, domainIn } from "./vocabulary.ts";

export type Verb =
  | "list"
  | "count"
  | "chart"
  | "summarise"
  | "find"
  | "show"
  | "create"
  | "update"
  | "delete"
  | "comment"
  | "comments"
  | "uncomment"
  | "decide";

/** Which row is meant. */
export type Target =
  | { kind: "ids"; ids: string[] }
  | { kind: "title"; title: string }
  | { kind: "ordinal"; index: number }
  | { kind: "pointer"; count: "one" | "all" };

export interface Filters {
  statuses?: string[];
  priority?: string;
  range?: DayRange;
  search?: string;
  includeArchived?: boolean;
  awaitingApproval?: boolean;
}

export interface Intent {
  verb: Verb;
  domain: Domain;
  /** The domain was named, not guessed. */
  isDomainNamed: boolean;
  text: string;
  target?: Target;
  filters: Filters;
  /** What a creation sets or an update changes, by the tools' parameters; the title is apart. */
  fields: Record<string, unknown>;
  title?: string;
  project?: { id: string } | { name: string };
  /** What a note is looked for by. */
  query?: string;
  groupBy: string;
  chartType: string;
  /** The text of a comment, of a note, or to add to one. */
  body?: string;
  isApproved?: boolean;
}

export interface Setting {
  today: string;
  /** Taken when the clause names none. */
  defaultDomain?: Domain;
}

const POLITE =
  /^(?:(?:hey|hi|hello|ok|okay|please|now|then|also|and|kindly|so|just)[,!]? +|(?:can|could|would|will) you (?:please )?|i(?:'d| would) like (?:you )?to |i (?:want|need)(?: you)? to |let(?:'s| us) )+/i;

/** The first that fits; a question that fits none asks for a list. */
const VERBS: readonly (readonly [Verb, RegExp])[] = [
  ["decide", /^(?:approve|accept|reject|dismiss|decline)\b/i],
  ["uncomment", /^(?:delete|remove|erase)\b.*\bcomments?\b/i],
  ["comment", /^comment\b|^(?:add|write|leave|post) (?:a |the |this )?(?:new )?comment\b/i],
  ["comments", /^(?:show|list|read|what|are there|any|get|see|count|how many|give)\b.*\bcomments?\b/i],
  ["delete", /^(?:delete|remove|erase|throw away|get rid of)\b/i],
  [
    "chart",
    /^(?:draw|plot|chart|graph|visuali[sz]e)\b|^(?:make|create|show|give|display|i need)?(?: me| us)? ?(?:an? |the )?(?:\w+ )?(?:chart|graph|plot|diagram)\b|\b(?:as|in) an? (?:\w+ )?(?:chart|graph)\b/i,
  ],
  ["count", /\bhow many\b|^count\b|^(?:what(?:'s| is) |tell me |give me |show me )?the number of\b/i],
  [
    "summarise",
    /^(?:give me |show me |write )?(?:an? |the )?(?:short |quick |brief )?(?:summari[sz]e|summary of|sum up|overview of|recap)\b/i,
  ],
  [
    "update",
    /^(?:complete|finish|close|mark|set|change|update|rename|move|reschedule|postpone|begin|reopen|archive|unarchive|restore|assign|append|tick off|check off|retitle|rewrite|raise|lower)\b/i,
  ],
  [
    "update",
    /^start\b(?! an?\b)|^make (?!an?\b).*\bpriority\b|^(?:add|write) .+ to (?:the |my )?(?:note\b|.+ note\b)/i,
  ],
  [
    "find",
    /^(?:find|search|look for|look up)\b|\bwhere did i\b|\bwhat (?:did|have) i (?:write|written|note|say|said)\b|\bwhat do(?:es)? (?:my|the) notes?\b|\b(?:which|any) notes?\b.*\b(?:about|on|mention)/i,
  ],
  [
    "create",
    /^(?:create|add|make|new|write|note (?:down|that)|remind me|set up|start an?\b|plan|jot|take a note|save)\b/i,
  ],
  [
    "show",
    /^(?:show|open|read|get|tell me about|describe|what(?:'s| is) (?:in|the status of|the state of))\b/i,
  ],
];

export function readIntent(clause: string, setting: Setting): Intent {
  const text = clause.replace(POLITE, "").trim();
  const { masked, unmask } = maskQuotes(text);
  const ids = /\(ids?: ([^)]+)\)|\bwith (?:the )?ids? ([\w-]+(?:, ?[\w-]+)*)/i.exec(masked);
  const titled = /\(titled (§\d+§)\)/i.exec(masked)?.[1];
  const projectId = /\(project id: ([^)]+)\)/i.exec(masked)?.[1];
  let rest = masked.replace(
    /\((?:titled|(?:project )?ids?:) [^)]+\)|\bwith (?:the )?ids? [\w-]+(?:, ?[\w-]+)*/gi,
    " ",
  );
  const verb = VERBS.find(([, pattern]) => pattern.test(rest))?.[0] ?? "list";
  const qualifier = findProject(rest);
  if (qualifier && domainIn(rest.replace(qualifier.words, " ")) !== undefined)
    rest = rest.replace(qualifier.words, " ");
  const named = domainIn(rest) ?? (qualifier ? "projects" : undefined);
  const intent: Intent = {
    verb,
    domain: named ?? guessDomain(verb, rest, setting),
    isDomainNamed: named !== undefined,
    text,
    filters: {},
    fields: {},
    groupBy: /\bby (status|priority|project|assignees?)\b/i.exec(rest)?.[1]?.toLowerCase() ?? "status",
    chartType: /\b(area|bar|line|pie|radar|radial)\b/i.exec(rest)?.[1]?.toLowerCase() ?? "bar",
  };
  if (projectId) intent.project = { id: projectId };
  else if (qualifier && intent.domain !== "projects") intent.project = { name: unmask(qualifier.name) };
  readDetails(intent, { rest, unmask, setting });
  if (ids) intent.target = { kind: "ids", ids: (ids[1] ?? ids[2] ?? "").split(/, ?/) };
  else if (titled) intent.target = { kind: "title", title: unmask(titled) };
  settleVerb(intent);
  return intent;
}

export interface Reading {
  /** The clause with quotes masked and qualifiers taken out. */
  rest: string;
  unmask(text: string): string;
  setting: Setting;
}

/** What stands before the row's name, by verb. */
const OPENINGS: Readonly<Partial<Record<Verb, RegExp>>> = {
  decide: /^\w+ |\bsuggest(?:ed|ions?)\b/gi,
  delete: /^(?:throw away|get rid of|\w+) /i,
  show: /^(?:tell me about|what(?:'s| is) (?:in|the stat\w+ of)|\w+)(?: me)? /i,
  comments: /^.*\bcomments?\b(?: (?:are |there )*(?:on|of|for|to|about|in))?/i,
  uncomment: /^.*\bcomments?\b(?: §\d+§)?(?: (?:on|of|for|to|about|from))?/i,
  summarise: /^.*?\b(?:summari[sz]e|summary of|sum up|overview of|recap(?: of)?)\b/i,
};

function readDetails(intent: Intent, reading: Reading): void {
  const { verb } = intent;
  if (verb === "create") return readCreation(intent, reading);
  if (verb === "comment") return readComment(intent, reading);
  if (verb === "find") return readSearch(intent, reading);
  if (verb === "update") readUpdate(intent, reading);
  if (verb === "decide") intent.isApproved = /^(?:approve|accept)/i.test(reading.rest);
  const opening = OPENINGS[verb];
  if (opening) setTarget(intent, reading, reading.rest.replace(opening, " "));
  // "Complete all overdue tasks" means whatever the list holds.
  if (intent.target === undefined) readFilters(intent, reading);
}

/** "Show my tasks" is a list, "show the Apollo project" one row. */
function settleVerb(intent: Intent): void {
  const { verb, domain, target } = intent;
  // "When is it due?"
  if (verb === "list" && /^(?:when|what|who|is|how)\b.*\b(?:it|this|that)\b/i.test(intent.text)) {
    intent.verb = "show";
    intent.target = { kind: "pointer", count: "one" };
    return;
  }
  if (verb === "show" && target === undefined) intent.verb = "list";
  if (verb === "find" && domain !== "notes") intent.verb = "list";
  if (verb === "summarise" && target?.kind === "title") intent.verb = "show";
  if (verb === "comments" || verb === "uncomment") intent.domain = "tasks";
}

function guessDomain(verb: Verb, rest: string, setting: Setting): Domain {
  if (/\b(?:archive|unarchive)\b/i.test(rest)) return "projects";
  if (/\b(?:due|overdue|comments?|priority|assign|remind me)\b/i.test(rest)) return "tasks";
  if (setting.defaultDomain) return setting.defaultDomain;
  return verb === "find" || /^(?:note|jot|write)\b/i.test(rest) ? "notes" : "tasks";
}

const PREPOSITION = "(?:in|for|of|on|under|to|from|within|into)";
/** A name ends where something else is said of the row. */
const NAME_END = `(?= (?:with|due|by|on|at|until|before|and|as|for|to|from|in|called|named|saying|are|is|that|which)\\b|[?.!,:;]|\\s*$)`;
const PROJECT_FORMS: readonly RegExp[] = [
  new RegExp(
    `^.*\\b(${PREPOSITION} (?:the |my )?project (?:called |named )?(§\\d+§|\\S.*?${NAME_END}))`,
    "i",
  ),
  new RegExp(`^.*\\b(${PREPOSITION} (?:the |my )?(§\\d+§|\\S+(?: \\S+){0,4}?) project\\b)`, "i"),
];

/** "in the Apollo project", "for project “New site”": the last such phrase. */
function findProject(rest: string): { words: string; name: string } | undefined {
  for (const form of PROJECT_FORMS) {
    const [, words, name] = form.exec(rest) ?? [];
    const isNothing = !name || /^(?:the|my|an?|each|every|this|that)$|\b(?:by|per)$/i.test(name);
    if (words && !isNothing && domainIn(name) === undefined) return { words, name };
  }
  return undefined;
}
