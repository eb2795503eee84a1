/** What an update changes, and of which row. */
import { findDate } from "./dates.ts";
import type { Intent, Reading } from "./intent.ts";
import { setTarget } from "./target.ts";
import { WORDS } from "./vocabulary.ts";

type Fields = Record<string, unknown>;

interface UpdateForm {
  /** Names its row in group 1, a new value in group 2. */
  pattern: RegExp;
  fields: Fields | ((value: string, titleField: string) => Fields);
}

const rename = (value: string, titleField: string): Fields => ({ [titleField]: value.trim() });
const prioritise = (value: string): Fields => ({ priority: value.toLowerCase() });

const FORMS: readonly UpdateForm[] = [
  { pattern: /^(?:rename|retitle) (.+?) (?:to|as|into) (.+)$/i, fields: rename },
  { pattern: /^(?:change|set|update) the (?:title|name) of (.+?) to (.+)$/i, fields: rename },
  {
    pattern: /^(?:change|set|update|rewrite) (?:the )?(?:content|text) of (.+?) to (.+)$/i,
    fields: (content) => ({ content }),
  },
  { pattern: /^mark (.+?) (?:as )?(?:done|completed?|finished|closed)$/i, fields: { status: "done" } },
  { pattern: /^(?:complete|finish|close|tick off|check off) (.+)$/i, fields: { status: "done" } },
  {
    pattern: /^(?:mark|set|move) (.+?) (?:as |to )?(?:in[- ]progress|started|ongoing)$/i,
    fields: { status: "in_progress" },
  },
  { pattern: /^(?:start|begin) (?:working on )?(.+)$/i, fields: { status: "in_progress" } },
  {
    pattern: /^(?:mark|set|move) (.+?) (?:as |to |back to )(?:to-?do|open|not done)$/i,
    fields: { status: "todo" },
  },
  { pattern: /^reopen (.+)$/i, fields: { status: "todo" } },
  { pattern: /^archive (.+)$/i, fields: { status: "archived" } },
  { pattern: /^(?:unarchive|restore) (.+)$/i, fields: { status: "active" } },
  {
    pattern: /^(?:set|change|update|raise|lower) (?:the )?priority (?:of|for) (.+?) to (high|medium|low)$/i,
    fields: prioritise,
  },
  {
    pattern: /^(?:set|make|change|mark|move) (.+?) (?:to |as |a )?(high|medium|low)[- ]priority$/i,
    fields: prioritise,
  },
  {
    pattern: /^assign (.+?) to (.+)$/i,
    fields: (names) => ({ assignees: names.split(/,? and |, /) }),
  },
];

const ADDITION = /^(?:append|add|write) (.+?) to (?:the |my )?(.+)$/i;

export function readUpdate(intent: Intent, reading: Reading): void {
  const rest = reading.rest
    .replace(/[.!]+$/, "")
    .replace(/\s+/g, " ")
    .trim();
  const addition = ADDITION.exec(rest);
  if (addition) {
    intent.domain = "notes";
    intent.body = reading.unmask(addition[1]!).trim();
    setTarget(intent, reading, addition[2]!);
    return;
  }
  for (const { pattern, fields } of FORMS) {
    const match = pattern.exec(rest);
    if (!match) continue;
    const value = reading.unmask(match[2] ?? "");
    intent.fields = typeof fields === "function" ? fields(value, WORDS[intent.domain].title) : { ...fields };
    setTarget(intent, reading, match[1]!);
    return;
  }
  readNewDate(intent, reading, rest);
}

/** "Move the launch to Friday". */
function readNewDate(intent: Intent, reading: Reading, rest: string): void {
  const date = findDate(rest, reading.setting.today);
  if (date) intent.fields = { [intent.domain === "timelines" ? "date" : "dueDate"]: date.iso };
  const without = date ? rest.replace(date.words, " ") : rest;
  setTarget(intent, reading, without.replace(/^\w+ (?:the (?:due )?date (?:of|for) )?/i, ""));
}
