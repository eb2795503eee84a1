/** Finds the rows that a request means: by id, by title, by place in a list, or by what the person looks at. */
import type { ToolRequest } from "../reply.ts";
import { everythingCall, listed, rowText, searchCall } from "./lists.ts";
import { keywordsOf, WORDS } from "./reading/vocabulary.ts";
import { type Row, readAnswer } from "./rows.ts";
import { isMove, type Move, missing, need, type Work } from "./work.ts";

export function locate(work: Work): Row[] | Move {
  const { target, domain } = work.intent;
  if (!target) return filteredRows(work);
  switch (target.kind) {
    case "ids":
      return target.ids.map((id) => ({ id, title: "", fields: {} }));
    case "title":
      return byTitle(work, target.title);
    case "ordinal": {
      const answer = listed(work);
      if (isMove(answer)) return answer;
      const row = answer.rows.at(target.index);
      return row ? [row] : missing(`There is no such ${WORDS[domain].one} in the list.`);
    }
    case "pointer": {
      const row = rowInView(work.system);
      return row ? [row] : missing(`It is not clear which ${WORDS[domain].one} is meant. Which one?`);
    }
  }
}

/** The id of the project a request names, into `work`. Returns the move that is needed first, if any. */
export function settleProject(work: Work): Move | undefined {
  const { project } = work.intent;
  if (!project || work.projectId) return undefined;
  if ("id" in project) {
    work.projectId = project.id;
    return undefined;
  }
  const call: ToolRequest = { name: "list_projects", input: { search: project.name, includeArchived: true } };
  if (!work.tools.has(call.name))
    return missing(`Projects cannot be looked up here, so “${project.name}” is unknown.`);
  const steps = need(work, [call]);
  if (isMove(steps)) return steps;
  const rows = readAnswer(steps[0]!.result).rows;
  const row = bestMatch(rows, project.name);
  if (!row)
    return rows.length > 1
      ? unclear("projects", rows)
      : missing(`There is no project named “${project.name}”.`);
  work.projectId = row.id;
  return undefined;
}

/** Looks for the words as they are, then among all rows for those that share the words that matter. */
function byTitle(work: Work, title: string): Row[] | Move {
  const { domain } = work.intent;
  const first = need(work, [searchCall(work, title)]);
  if (isMove(first)) return first;
  const hits = readAnswer(first[0]!.result).rows;
  const hit = bestMatch(hits, title);
  if (hit) return [hit];
  if (hits.length > 1) return unclear(WORDS[domain].many, hits);
  const second = need(work, [everythingCall(work)]);
  if (isMove(second)) return second;
  const keywords = keywordsOf(title);
  const similar = readAnswer(second[0]!.result).rows.filter((row) => sharesAll(row.title, keywords));
  if (similar.length === 1) return similar;
  if (similar.length > 1) return unclear(WORDS[domain].many, similar);
  return missing(`There is no ${WORDS[domain].one} named “${title}”.`);
}

/** "Complete all overdue tasks": what the list shows. Nothing is changed in bulk that was not said to be. */
function filteredRows(work: Work): Row[] | Move {
  const { intent } = work;
  const { many } = WORDS[intent.domain];
  const isLimited = Object.keys(intent.filters).length > 0 || work.projectId !== undefined;
  const isAll = /\b(?:all|every|everything|any)\b/i.test(intent.text);
  if (!isLimited && !isAll) return missing(`It is not clear which ${many} are meant. Which ones?`);
  const answer = listed(work);
  if (isMove(answer)) return answer;
  return answer.rows.length > 0 ? answer.rows : missing(`No ${many} match.`);
}

/** The only row, the one with just this title, or the one whose title alone has all the words. */
function bestMatch(rows: Row[], title: string): Row | undefined {
  if (rows.length === 1) return rows[0];
  const exact = rows.filter((row) => row.title.toLowerCase() === title.toLowerCase());
  if (exact.length > 0) return exact.length === 1 ? exact[0] : undefined;
  const similar = rows.filter((row) => sharesAll(row.title, keywordsOf(title)));
  return similar.length === 1 ? similar[0] : undefined;
}

function sharesAll(title: string, keywords: string[]): boolean {
  const words = keywordsOf(title);
  return keywords.length > 0 && keywords.every((keyword) => words.some((word) => word.startsWith(keyword)));
}

function unclear(many: string, rows: Row[]): Move {
  return {
    report: [`Unclear: ${rows.length} ${many} fit. Which one is meant?`, ...rows.map(rowText)].join("\n"),
  };
}

/** The row of a popup's scope, which its prompt holds as JSON. */
function rowInView(system: string): Row | undefined {
  const json = /<row>(\{.*?\})<\/row>/s.exec(system)?.[1];
  if (!json) return undefined;
  try {
    const {
      id,
      title,
      name,
      status,
      priority,
      date,
      dueDate: due,
    }: Record<string, unknown> = JSON.parse(json);
    if (typeof id !== "string") return undefined;
    const fields: Record<string, string> = {};
    for (const [field, value] of Object.entries({ status, priority, due, date })) {
      if (typeof value === "string") fields[field] = value;
    }
    return { id, title: String(title ?? name ?? ""), fields };
  } catch {
    return undefined;
  }
}
