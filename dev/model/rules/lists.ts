/** Lists: the calls that get the rows an intent speaks of, and their answers as one. */
import type { ToolRequest } from "../reply.ts";
import { WORDS } from "./reading/vocabulary.ts";
import { type Answer, mergeAnswers, type Row, readAnswer, tallyText } from "./rows.ts";
import { isMove, type Move, need, type Work } from "./work.ts";

/** As many rows as the tools count at once. */
const COUNTED_MAX = 199;

/** The calls that list what the intent is limited to; open tasks take one for each status. */
export function listCalls(work: Work, options: { counted?: boolean } = {}): ToolRequest[] {
  const { intent, projectId, tools } = work;
  const { statuses, priority, range, search, includeArchived, awaitingApproval } = intent.filters;
  const name = WORDS[intent.domain].list;
  const limit = options.counted ? COUNTED_MAX : undefined;
  const common = { projectId, search, awaitingApproval, limit };
  switch (intent.domain) {
    case "projects":
      return [{ name, input: given({ search, includeArchived, awaitingApproval, limit }) }];
    case "notes":
      return [{ name, input: given(common) }];
    case "timelines":
      return [{ name, input: given({ ...common, dateFrom: range?.from, dateTo: range?.to }) }];
    case "tasks": {
      const isPlainToday = range?.label === "today" && !statuses && !priority && !projectId && !search;
      if (isPlainToday && tools.has("list_tasks_due_today"))
        return [{ name: "list_tasks_due_today", input: {} }];
      const filters = { ...common, priority, dueFrom: range?.from, dueTo: range?.to };
      return (statuses ?? [undefined]).map((status) => ({ name, input: given({ status, ...filters }) }));
    }
  }
}

/** The rows themselves, or the move that gets them. */
export function listed(work: Work, options: { counted?: boolean } = {}): Answer | Move {
  const steps = need(work, listCalls(work, options));
  if (isMove(steps)) return steps;
  const answer = mergeAnswers(steps.map((step) => readAnswer(step.result)));
  const { domain, filters } = work.intent;
  return domain === "projects" && filters.statuses ? withStatus(answer, filters.statuses) : answer;
}

/** Projects cannot be listed by status: those that are not meant are left out here. */
function withStatus(answer: Answer, statuses: string[]): Answer {
  const rows = answer.rows.filter((row) => statuses.includes(row.fields.status ?? ""));
  return { ...answer, rows, total: rows.length };
}

/** A list of rows by the words of a title. */
export function searchCall(work: Work, title: string): ToolRequest {
  const { domain } = work.intent;
  const archived = domain === "projects" ? { includeArchived: true } : {};
  return {
    name: WORDS[domain].list,
    input: given({ search: title, projectId: projectOf(work), ...archived }),
  };
}

/** Every row, as far as tools show them. */
export function everythingCall(work: Work): ToolRequest {
  const { domain } = work.intent;
  const archived = domain === "projects" ? { includeArchived: true } : {};
  return {
    name: WORDS[domain].list,
    input: given({ projectId: projectOf(work), ...archived, limit: COUNTED_MAX }),
  };
}

/** An answer as a tool would word it, so that whoever reads the report reads one form only. */
export function answerText(answer: Answer, work: Work): string {
  const { one, many } = WORDS[work.intent.domain];
  const { rows, total = rows.length, isAtLeast } = answer;
  if (total === 0) return `No ${many} match.`;
  const noun = total === 1 ? one : many;
  const isPart = isAtLeast || rows.length < total;
  const count = isPart
    ? `${rows.length} of ${isAtLeast ? "more than " : ""}${total} ${noun}:`
    : `${total} ${noun}:`;
  return [count, ...rows.map(rowText), ...answer.tallies.map(tallyText)].join("\n");
}

export function rowText(row: Row): string {
  const fields = Object.entries(row.fields).map(([name, value]) => ` | ${name}: ${value}`);
  return `- [${row.id}] ${row.title}${fields.join("")}`;
}

function projectOf(work: Work): string | undefined {
  return work.intent.domain === "projects" ? undefined : work.projectId;
}

/** Without what is left open. */
export function given(input: Record<string, unknown>): Record<string, unknown> {
  return Object.fromEntries(Object.entries(input).filter(([, value]) => value !== undefined));
}
