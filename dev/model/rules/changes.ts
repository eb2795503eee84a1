/** Requests that change rows. A change whose outcome is unknown is looked up before it is tried again, once. */
import type { ToolRequest } from "../reply.ts";
import type { Step } from "./conversation.ts";
import { everythingCall, given, rowText, searchCall } from "./lists.ts";
import { locate } from "./locate.ts";
import { WORDS } from "./reading/vocabulary.ts";
import { type Row, readAnswer } from "./rows.ts";
import { answersTo, failure, isMove, isUnknown, type Move, missing, need, type Work } from "./work.ts";

const TRIES_MAX = 2;
const UNCERTAIN =
  "Failed: It is not certain whether this was done: the device did not answer, and a lookup does not show it.";

export function create(work: Work): Move {
  const { intent, projectId } = work;
  const { domain, title } = intent;
  const words = WORDS[domain];
  if (!title) return missing(`The ${words.one} needs a title. What should it be called?`);
  if (domain === "timelines" && !projectId)
    return missing("A milestone belongs to a project. For which project is it?");
  if (domain === "timelines" && !intent.fields.date)
    return missing("The milestone needs a date. When is it?");
  const project = domain === "projects" ? undefined : projectId;
  const content = domain === "notes" ? (intent.body ?? title) : undefined;
  const input = given({ [words.title]: title, content, ...intent.fields, projectId: project });
  return attempt(work, {
    call: { name: words.create, input },
    lookup: searchCall(work, title),
    confirm: (rows) => {
      const row = rows.find((other) => other.title === title);
      return row && `Created 1 ${words.one}:\n${rowText(row)}`;
    },
  });
}

export function update(work: Work): Move {
  const rows = locate(work);
  if (isMove(rows)) return rows;
  const { body } = work.intent;
  if (body !== undefined && rows[0]) return extendNote(work, rows[0], body);
  if (Object.keys(work.intent.fields).length === 0)
    return missing("It is not clear what should change. What exactly?");
  return forEach(rows, (row) => updateOne(work, row, work.intent.fields));
}

export function remove(work: Work): Move {
  const rows = locate(work);
  if (isMove(rows)) return rows;
  const words = WORDS[work.intent.domain];
  return forEach(rows, (row) => {
    const report = `Deleted 1 ${words.one}:\n${rowText(row)}`;
    const move = attempt(work, {
      call: { name: words.delete, input: { [words.id]: row.id } },
      lookup: everythingCall(work),
      confirm: (others) => (others.some((other) => other.id === row.id) ? undefined : report),
    });
    return "report" in move && move.report.startsWith("Deleted ") ? { report } : move;
  });
}

export function comment(work: Work): Move {
  const { body } = work.intent;
  if (!body) return missing("It is not said what the comment should say. What should it say?");
  const rows = locate(work);
  if (isMove(rows)) return rows;
  const taskId = rows[0]!.id;
  return attempt(work, {
    call: { name: "add_task_comment", input: { taskId, content: body } },
    lookup: { name: "list_task_comments", input: { taskId } },
    confirm: (others) => {
      const row = others.find((other) => other.title === body);
      return row && `Added 1 comment:\n${rowText(row)}`;
    },
  });
}

/** Deletes the comment that is quoted, or the newest. */
export function uncomment(work: Work): Move {
  const rows = locate(work);
  if (isMove(rows)) return rows;
  const steps = need(work, [{ name: "list_task_comments", input: { taskId: rows[0]!.id } }]);
  if (isMove(steps)) return steps;
  const quoted = /["“]([^"”]+)["”]/.exec(work.intent.text)?.[1]?.toLowerCase();
  const row = readAnswer(steps[0]!.result).rows.find(
    (other) => !quoted || other.title.toLowerCase().includes(quoted),
  );
  if (!row) return missing("There is no such comment.");
  const deleted = need(work, [{ name: "delete_task_comment", input: { commentId: row.id } }]);
  return isMove(deleted) ? deleted : { report: `Deleted 1 comment:\n${rowText(row)}` };
}

export function decide(work: Work): Move {
  const { domain, isApproved = true } = work.intent;
  const waiting: Work = { ...work, intent: { ...work.intent, filters: { awaitingApproval: true } } };
  const rows = locate(waiting);
  if (isMove(rows)) return rows;
  return forEach(rows, (row) => {
    const input = { table: domain, id: row.id, approved: isApproved };
    const steps = need(work, [{ name: "decide_suggestion", input }]);
    if (isMove(steps)) return steps;
    return { report: `${isApproved ? "Approved" : "Rejected"} 1 suggestion:\n${rowText(row)}` };
  });
}

interface Attempt {
  call: ToolRequest;
  /** Shows whether the change has happened. */
  lookup: ToolRequest;
  /** The report if these rows show it. */
  confirm(rows: Row[]): string | undefined;
}

function attempt(work: Work, { call, lookup, confirm }: Attempt): Move {
  const tries = answersTo(work, call);
  const last = tries.at(-1);
  if (!last) return { calls: [call] };
  if (!last.isError) return { report: last.result };
  if (!isUnknown(last)) return failure(last);
  const looked = lookupAfter(work, lookup, last);
  if (!looked) return { calls: [lookup] };
  if (looked.isError) return { report: UNCERTAIN };
  const confirmed = confirm(readAnswer(looked.result).rows);
  if (confirmed) return { report: confirmed };
  return tries.length < TRIES_MAX ? { calls: [call] } : { report: UNCERTAIN };
}

function lookupAfter(work: Work, lookup: ToolRequest, doubtful: Step): Step | undefined {
  const since = work.steps.slice(work.steps.indexOf(doubtful) + 1);
  return answersTo({ ...work, steps: since }, lookup).at(-1);
}

function updateOne(work: Work, row: Row, fields: Record<string, unknown>): Move {
  const words = WORDS[work.intent.domain];
  return attempt(work, {
    call: { name: words.update, input: { [words.id]: row.id, ...fields } },
    lookup: everythingCall(work),
    confirm: (rows) => {
      const now = rows.find((other) => other.id === row.id);
      return now && shows(now, fields) ? `Updated 1 ${words.one}:\n${rowText(now)}` : undefined;
    },
  });
}

/** Whether a row already has what an update would set, as far as its line tells. */
function shows(row: Row, fields: Record<string, unknown>): boolean {
  return Object.entries(fields).every(([name, value]) => {
    if (name === "title" || name === "name") return row.title === value;
    const shown = row.fields[name === "dueDate" ? "due" : name];
    return shown?.startsWith(String(value).replace("T", " ")) ?? false;
  });
}

/** Reads the whole note first, so that all of it stays. */
function extendNote(work: Work, row: Row, addition: string): Move {
  const steps = need(work, [{ name: "get_note", input: { noteId: row.id } }]);
  if (isMove(steps)) return steps;
  const { body } = readAnswer(steps[0]!.result);
  const content = [body, addition].filter((part) => part !== "").join("\n\n");
  const saved = need(work, [{ name: "update_note", input: { noteId: row.id, content } }]);
  return isMove(saved) ? saved : { report: saved[0]!.result };
}

/** Does the same to each row, side by side, and reports once all are settled. */
function forEach(rows: Row[], act: (row: Row) => Move): Move {
  const moves = rows.map(act);
  const calls = moves.flatMap((move) => ("calls" in move ? move.calls : []));
  if (calls.length > 0) return { calls: unique(calls) };
  const reports = moves.flatMap((move) => ("report" in move ? [move.report] : []));
  return { report: mergeReports(reports) };
}

function unique(calls: ToolRequest[]): ToolRequest[] {
  const seen = new Map(calls.map((call) => [JSON.stringify(call), call]));
  return [...seen.values()];
}

/** "Updated 1 task:" twice becomes one report of two rows; failures follow. */
function mergeReports(reports: string[]): string {
  const failed = reports.filter((report) => /^[A-Z][a-z]+: /.test(report));
  const done = reports.filter((report) => !failed.includes(report));
  const [first = ""] = done;
  const heading = done.length > 1 ? first.split("\n")[0]!.replace(/ 1 (\w+):$/, ` ${done.length} $1s:`) : "";
  const rows = done.flatMap((report) => report.split("\n").slice(1));
  const summary = done.length > 1 ? [[heading, ...rows].join("\n")] : done;
  return [...summary, ...new Set(failed)].join("\n");
}
