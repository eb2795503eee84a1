/** Words a report for the person: sentences, short lists, and where the client shows them, entity tags and charts. */
import type { Intent, Verb } from "./reading/intent.ts";
import { capitalise, type Domain, domainIn, plural, WORDS } from "./reading/vocabulary.ts";
import { type Answer, type Row, readAnswer } from "./rows.ts";

export interface Style {
  /** Entity tags and charts; a popup has neither. */
  tags: boolean;
}

const LISTED_MAX = 10;
const BODY_CHARS_MAX = 600;
const COLORS = ["#4f46e5", "#0d9488", "#d97706"];

export function present(intent: Intent, report: string, style: Style): string {
  const problem = /^(Missing|Unclear|Failed): ([\s\S]*)$/.exec(report);
  if (problem) return presentProblem(intent, { kind: problem[1]!, text: problem[2]! }, style);
  const answer = readAnswer(report);
  const [done = report, failed] = report.split(/\n(?=(?:Failed|Missing|Unclear): )/);
  if (failed) return `${present(intent, done, style)}\n\n${present(intent, failed, style)}`;
  return PRESENTERS[intent.verb](intent, answer, style);
}

type Presenter = (intent: Intent, answer: Answer, style: Style) => string;

const PRESENTERS: Readonly<Record<Verb, Presenter>> = {
  list: presentList,
  count: presentCount,
  chart: presentChart,
  summarise: presentSummary,
  find: presentBody,
  show: presentBody,
  create: presentDone("created"),
  update: presentUpdate,
  delete: presentDone("deleted"),
  comment: (_, { rows: [row] }) => `I added the comment “${row?.title ?? ""}”.`,
  comments: presentComments,
  uncomment: (_, { rows: [row] }) => `I deleted the comment “${row?.title ?? ""}”.`,
  decide: presentDecision,
};

function presentProblem(intent: Intent, problem: { kind: string; text: string }, style: Style): string {
  const { kind, text } = problem;
  if (kind === "Unclear") {
    const { rows } = readAnswer(text);
    const domain = domainIn(text.split("\n")[0]!) ?? intent.domain;
    return `Several ${WORDS[domain].many} fit. Which one do you mean?\n${bullets(rows)}${tag(domain, rows, style)}`;
  }
  if (kind === "Missing") return text;
  if (/\bdevice is offline\b/i.test(text)) {
    return "Your device is offline, so I can neither read nor change anything there. Open the app on it and ask me again.";
  }
  return `That did not work: ${text}`;
}

function presentList(intent: Intent, answer: Answer, style: Style): string {
  const { rows, total = rows.length } = answer;
  if (total === 0) return `You have no ${describe(intent, 2)}.`;
  const shown = rows.slice(0, LISTED_MAX);
  const left = total - shown.length;
  const more =
    left > 0 || answer.isAtLeast ? `\n…and ${left}${answer.isAtLeast ? " or more" : ""} others.` : "";
  return `You have ${atLeast(answer)}${total} ${describe(intent, total)}:\n${bullets(shown)}${more}${tag(intent.domain, shown, style)}`;
}

function presentCount(intent: Intent, answer: Answer): string {
  const total = answer.total ?? answer.rows.length;
  return `You have ${atLeast(answer)}${total === 0 ? "no" : total} ${describe(intent, total)}.`;
}

function presentChart(intent: Intent, answer: Answer, style: Style): string {
  const [tally] = answer.tallies;
  if (!tally) return `You have no ${describe(intent, 2)}, so there is nothing to draw.`;
  const { many } = WORDS[intent.domain];
  const title = `${capitalise(many)} by ${tally.by}`;
  if (!style.tags)
    return `${title}: ${tally.counts.map(([value, count]) => `${value} ${count}`).join(", ")}.`;
  const chart = {
    chartType: intent.chartType,
    title,
    data: tally.counts.map(([value, count]) => ({ [tally.by]: value, count })),
    config: { count: { label: capitalise(many), color: COLORS[0] } },
  };
  const total = tally.counts.reduce((sum, [, count]) => sum + count, 0);
  return `Here are your ${total} ${many} by ${tally.by}.\n<chart>${JSON.stringify(chart)}</chart>`;
}

function presentSummary(intent: Intent, answer: Answer, style: Style): string {
  const { rows, total = rows.length } = answer;
  if (total === 0) return `You have no ${describe(intent, 2)}.`;
  const parts = answer.tallies.map(
    ({ by, counts }) => `by ${by} ${counts.map(([value, count]) => `${count} ${spoken(value)}`).join(", ")}`,
  );
  const shown = rows.slice(0, LISTED_MAX);
  const sentence = `You have ${atLeast(answer)}${total} ${describe(intent, total)}${parts.length > 0 ? `: ${parts.join("; ")}` : ""}.`;
  const lines = shown.map((row) =>
    row.fields.begins ? `- ${row.title}: ${row.fields.begins}` : bullet(row),
  );
  return `${sentence}\n${lines.join("\n")}${tag(intent.domain, shown, style)}`;
}

/** One row: a note with the beginning of its text, anything else with its fields. */
function presentBody(intent: Intent, answer: Answer, style: Style): string {
  const [row] = answer.rows;
  if (!row) return `I found no ${WORDS[intent.domain].one} like that.`;
  if (intent.domain === "notes") {
    const body =
      answer.body.length > BODY_CHARS_MAX ? `${answer.body.slice(0, BODY_CHARS_MAX)}…` : answer.body;
    const opening =
      intent.verb === "find" ? `The note “${row.title}” fits best` : `The note “${row.title}” says`;
    return `${opening}:\n\n${body}${tag(intent.domain, [row], style)}`;
  }
  const summary = /^summary: (?!none$)(.+)$/m.exec(answer.text)?.[1];
  return `The ${WORDS[intent.domain].one} ${sentenceOf(row)}.${summary ? ` ${summary}` : ""}${tag(intent.domain, [row], style)}`;
}

function presentDone(verb: "created" | "deleted"): Presenter {
  return (intent, { rows, text }, style) => {
    if (rows.length === 0) return text;
    const named = rows.map((row) => (row.title === "" ? "" : ` ${sentenceOf(row)}`)).join(",");
    const saved = /^It is saved, but .*$/m.exec(text)?.[0];
    const shown = verb === "created" ? tag(intent.domain, rows, style) : "";
    return `I ${verb} the ${plural(intent.domain, rows.length)}${named}.${saved ? ` ${saved}` : ""}${shown}`;
  };
}

function presentUpdate(intent: Intent, { rows, text }: Answer, style: Style): string {
  if (rows.length === 0) return text;
  const titles = rows.map((row) => `“${row.title}”`).join(", ");
  const verb = rows.length === 1 ? "is" : "are";
  const { status } = intent.fields;
  const sentence =
    typeof status === "string" && Object.keys(intent.fields).length === 1
      ? `${titles} ${verb} ${spoken(status)} now.`
      : `I updated the ${plural(intent.domain, rows.length)} ${rows.map(sentenceOf).join(", ")}.`;
  return sentence + tag(intent.domain, rows, style);
}

function presentComments(_: Intent, { rows }: Answer): string {
  if (rows.length === 0) return "There are no comments on it.";
  const lines = rows.map((row) => `- ${row.fields.author ?? "Someone"}: ${row.title}`);
  return `There ${rows.length === 1 ? "is 1 comment" : `are ${rows.length} comments`}:\n${lines.join("\n")}`;
}

function presentDecision(intent: Intent, { rows, text }: Answer, style: Style): string {
  if (rows.length === 0) return text;
  const titles = rows.map((row) => `“${row.title}”`).join(", ");
  if (intent.isApproved === false) return `I removed the suggestion ${titles}.`;
  return `The suggestion ${titles} is approved.${tag(intent.domain, rows, style)}`;
}

/** "open high-priority tasks due tomorrow". */
function describe(intent: Intent, count: number): string {
  const { statuses, priority, range, search, awaitingApproval } = intent.filters;
  const status = statuses?.length === 2 ? "open" : statuses?.map(spoken).join(" or ");
  const isOverdue = range?.label === "overdue";
  const before = [
    awaitingApproval && "suggested",
    isOverdue ? "overdue" : status,
    priority && `${priority}-priority`,
  ].filter(Boolean);
  const place = intent.project && "name" in intent.project ? ` in the project “${intent.project.name}”` : "";
  const time = range && !isOverdue ? ` ${intent.domain === "tasks" ? "due " : ""}${range.label}` : "";
  const words = search ? ` about “${search}”` : "";
  return `${[...before, plural(intent.domain, count)].join(" ")}${time}${words}${place}`;
}

function bullets(rows: Row[]): string {
  return rows.map(bullet).join("\n");
}

function bullet(row: Row): string {
  const facts = factsOf(row);
  return `- ${row.title}${facts ? ` (${facts})` : ""}`;
}

function sentenceOf(row: Row): string {
  const facts = factsOf(row);
  return `“${row.title}”${facts ? ` (${facts})` : ""}`;
}

/** What a person wants to know of a row at a glance. */
function factsOf({ fields }: Row): string {
  const facts = [
    fields.status && spoken(fields.status),
    fields.priority && `${fields.priority} priority`,
    fields.due && `due ${dayOrTime(fields.due)}`,
    fields.date && dayOrTime(fields.date),
    fields.assignees && `for ${fields.assignees}`,
    fields.suggestion && "suggestion",
  ];
  return facts.filter(Boolean).join(", ");
}

/** A day without a time of day is kept as its midnight. */
function dayOrTime(text: string): string {
  return text.replace(/ 00:00$/, "");
}

function spoken(value: string): string {
  return value === "todo" ? "to do" : value.replaceAll("_", " ");
}

function atLeast(answer: Answer): string {
  return answer.isAtLeast ? "more than " : "";
}

function tag(domain: Domain, rows: Row[], style: Style): string {
  if (!style.tags || rows.length === 0) return "";
  const name = WORDS[domain].tag;
  return `\n<${name}>[${rows.map((row) => row.id).join(",")}]</${name}>`;
}
