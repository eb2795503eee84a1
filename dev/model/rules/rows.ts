/** Reads what tools answer: a sentence that counts, lines of rows, and what follows them. */
import { DOMAINS, type Domain, WORDS } from "./reading/vocabulary.ts";

export interface Row {
  id: string;
  title: string;
  fields: Readonly<Record<string, string>>;
}

/** Counts of all rows by the values of one column. */
export interface Tally {
  by: string;
  counts: readonly (readonly [value: string, count: number])[];
}

export interface Answer {
  text: string;
  rows: Row[];
  /** Rows that match, shown or not; undefined when the text counts nothing. */
  total: number | undefined;
  /** There are more than `total`. */
  isAtLeast: boolean;
  domain: Domain | undefined;
  tallies: Tally[];
  /** The text of a note, or another body under the rows. */
  body: string;
}

const ROW = /^-? ?\[([^\]\s]+)\] (.*)$/;
const FIELD = /^([a-z][a-z ]{0,20}): (.*)$/s;
const COUNT = /^(?:(?:\d+) of (more than )?)?(\d+) ([a-z]+):?/;
const NONE = /^No ([a-z]+) match/;
const DONE = /^(?:Created|Updated|Added) 1 ([a-z]+):/;
const TALLY = /^Counted over all (\d+) by ([\w ]+): (.*)\.$/;

export function readAnswer(text: string): Answer {
  const lines = text.split("\n");
  const rows = lines.flatMap((line) => readRow(line) ?? []);
  const [first = ""] = lines;
  const count = COUNT.exec(first);
  const none = NONE.exec(first);
  const done = DONE.exec(first);
  const noun = count?.[3] ?? none?.[1] ?? done?.[1];
  const tallies = lines.flatMap((line) => readTally(line) ?? []);
  const bodyStart = lines.indexOf("content:");
  return {
    text,
    rows,
    total: count ? Number(count[2]) : none ? 0 : undefined,
    isAtLeast: count?.[1] !== undefined,
    domain: DOMAINS.find((domain) => noun === WORDS[domain].one || noun === WORDS[domain].many),
    tallies,
    body:
      bodyStart === -1
        ? ""
        : lines
            .slice(bodyStart + 1)
            .join("\n")
            .trim(),
  };
}

/** Several answers to one question, such as the open tasks of two statuses, as one. */
export function mergeAnswers(answers: Answer[]): Answer {
  const totals = answers.flatMap((answer) => answer.total ?? []);
  return {
    text: answers.map((answer) => answer.text).join("\n\n"),
    rows: answers.flatMap((answer) => answer.rows),
    total: totals.length === 0 ? undefined : totals.reduce((sum, total) => sum + total, 0),
    isAtLeast: answers.some((answer) => answer.isAtLeast),
    domain: answers.find((answer) => answer.domain)?.domain,
    tallies: answers.flatMap((answer) => answer.tallies),
    body: answers.flatMap((answer) => answer.body || []).join("\n\n"),
  };
}

/** Counts of rows by a column: from the tool's own tally where not all rows are shown. */
export function tallyBy(answers: Answer[], by: string): Tally {
  const counts = new Map<string, number>();
  for (const answer of answers) {
    const told = answer.tallies.find((tally) => tally.by === by)?.counts;
    const own = told ?? answer.rows.map((row) => [row.fields[by] ?? "none", 1] as const);
    for (const [value, count] of own) counts.set(value, (counts.get(value) ?? 0) + count);
  }
  return { by, counts: [...counts] };
}

export function tallyText({ by, counts }: Tally): string {
  const total = counts.reduce((sum, [, count]) => sum + count, 0);
  return `Counted over all ${total} by ${by}: ${counts.map(([value, count]) => `${value} ${count}`).join(", ")}.`;
}

function readRow(line: string): Row | undefined {
  const match = ROW.exec(line);
  if (!match) return undefined;
  const [, id = "", rest = ""] = match;
  const fields: Record<string, string> = {};
  const title: string[] = [];
  for (const [index, part] of rest.split(" | ").entries()) {
    const field = index === 0 ? null : FIELD.exec(part);
    if (field) fields[field[1]!] = field[2]!;
    else title.push(part);
  }
  return { id, title: title.join(" | "), fields };
}

function readTally(line: string): Tally | undefined {
  const match = TALLY.exec(line);
  if (!match) return undefined;
  const counts = match[3]!.split(", ").flatMap((part) => {
    const pair = /^(.*) (\d+)$/.exec(part);
    return pair ? [[pair[1]!, Number(pair[2])] as const] : [];
  });
  return { by: match[2]!, counts };
}
