/** Requests that change nothing. */
import type { ToolRequest } from "../reply.ts";
import { answerText, everythingCall, listed, rowText } from "./lists.ts";
import { locate } from "./locate.ts";
import { WORDS } from "./reading/vocabulary.ts";
import { type Row, readAnswer, type Tally, tallyBy, tallyText } from "./rows.ts";
import { isMove, type Move, missing, need, type Work } from "./work.ts";

/** Notes that a summary reads. */
const SUMMARISED_MAX = 3;

export function list(work: Work): Move {
  const answer = listed(work);
  return isMove(answer) ? answer : { report: answerText(answer, work) };
}

export function count(work: Work): Move {
  const answer = listed(work, { counted: true });
  return isMove(answer) ? answer : { report: answerText(answer, work) };
}

/** Counts by one column; projects are named by their titles. */
export function chart(work: Work): Move {
  const { intent } = work;
  const counted = listed(work, { counted: true });
  const needsNames = intent.groupBy === "project" && work.tools.has("list_projects");
  const names = needsNames ? need(work, [{ name: "list_projects", input: { includeArchived: true } }]) : [];
  if (isMove(counted))
    return isMove(names) && "calls" in counted && "calls" in names
      ? { calls: [...counted.calls, ...names.calls] }
      : counted;
  if (isMove(names)) return names;
  const tally = tallyBy([counted], intent.groupBy);
  const titles = new Map(
    names.flatMap((step) => readAnswer(step.result).rows).map((row) => [row.id, row.title]),
  );
  const named: Tally = {
    by: tally.by,
    counts: tally.counts.map(([value, amount]) => [titles.get(value) ?? value, amount]),
  };
  return { report: named.counts.length === 0 ? `No ${WORDS[intent.domain].many} match.` : tallyText(named) };
}

/** Finds a note by meaning and reads it: a hit alone is only a candidate. */
export function find(work: Work): Move {
  const { query = "" } = work.intent;
  if (query === "") return missing("It is not said what to look for. What is the note about?");
  const search: ToolRequest = { name: "search_notes", input: { query, limit: 5 } };
  const steps = need(work, [search]);
  if (isMove(steps)) return steps;
  const [best] = readAnswer(steps[0]!.result).rows;
  return best ? readOne(work, best) : { report: "No notes match." };
}

/** One row with all that can be read of it. */
export function show(work: Work): Move {
  const rows = locate(work);
  if (isMove(rows)) return rows;
  const [row] = rows;
  return row ? readOne(work, row) : missing("There is nothing to show.");
}

export function summarise(work: Work): Move {
  const { domain } = work.intent;
  if (domain === "notes") return summariseNotes(work);
  const answer = listed(work, { counted: true });
  if (isMove(answer)) return answer;
  if (domain !== "tasks" || answer.rows.length === 0) return { report: answerText(answer, work) };
  const tallies = ["status", "priority"].map((by) => tallyBy([answer], by));
  return { report: answerText({ ...answer, rows: answer.rows.slice(0, 5), tallies }, work) };
}

export function comments(work: Work): Move {
  const rows = locate(work);
  if (isMove(rows)) return rows;
  const steps = need(work, [{ name: "list_task_comments", input: { taskId: rows[0]!.id } }]);
  return isMove(steps) ? steps : { report: steps[0]!.result };
}

function readOne(work: Work, row: Row): Move {
  const { domain } = work.intent;
  if (domain === "notes") return relay(work, { name: "get_note", input: { noteId: row.id } });
  if (domain === "projects") return relay(work, { name: "get_project", input: { projectId: row.id } });
  if (row.title !== "") return { report: `1 ${WORDS[domain].one}:\n${rowText(row)}` };
  // Known by its id alone: no tool reads a single task or milestone.
  const steps = need(work, [everythingCall(work)]);
  if (isMove(steps)) return steps;
  const found = readAnswer(steps[0]!.result).rows.find((other) => other.id === row.id);
  return found ? readOne(work, found) : missing(`That ${WORDS[domain].one} cannot be read here.`);
}

function relay(work: Work, call: ToolRequest): Move {
  const steps = need(work, [call]);
  return isMove(steps) ? steps : { report: steps[0]!.result };
}

/** The newest notes, each by its first sentence. */
function summariseNotes(work: Work): Move {
  const answer = listed(work);
  if (isMove(answer)) return answer;
  const newest = answer.rows.slice(0, SUMMARISED_MAX);
  const steps = need(
    work,
    newest.map((row) => ({ name: "get_note", input: { noteId: row.id } })),
  );
  if (isMove(steps)) return steps;
  const rows = newest.map((row, index) => {
    const begins = firstSentence(readAnswer(steps[index]?.result ?? "").body);
    return { ...row, fields: { ...row.fields, ...(begins && { begins }) } };
  });
  return { report: answerText({ ...answer, rows }, work) };
}

function firstSentence(markdown: string): string {
  const plain = markdown
    .replace(/^#+ .*$/gm, "")
    .replace(/[*_`>#-]+/g, " ")
    .replace(/\s+/g, " ")
    .trim();
  return /^.*?[.!?](?= |$)/.exec(plain)?.[0] ?? plain.slice(0, 120);
}
