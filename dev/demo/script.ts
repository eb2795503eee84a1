/**
 * The conversation, and what makes each answer right: every one is compared with the rows of the SQLite file, so it holds
 * for any model that answers.
 */
import type { TurnResult } from "../../device/index.ts";
import type { ShownTurn } from "./show-turn.ts";
import type { RowChange, WorkspaceFile } from "./workspace-file.ts";

/** What a check found: the sentence is true when `agrees`, and names the difference when not. */
export interface Verdict {
  agrees: boolean;
  /** What the rows were asked. */
  sql?: string;
  finding: string;
}

export interface Scene {
  says: string;
  /** `earlier` holds the answers so far, oldest first. */
  check(turn: ShownTurn, file: WorkspaceFile, earlier: readonly TurnResult[]): Verdict;
}

const NEW_TASK = "Order flowers for the opening";
const UNWANTED_TASK = "Water the office plants";

const DUE_DAY = "date(dueDate / 1000, 'unixepoch', 'localtime')";
const DUE_TODAY = `SELECT title FROM tasks WHERE ${DUE_DAY} = date('now', 'localtime')`;
const OPEN_AND_HIGH = "SELECT count(*) FROM tasks WHERE priority = 'high' AND status <> 'done'";
const AS_ASKED = `SELECT count(*) FROM tasks WHERE title = '${NEW_TASK}' AND status = 'todo' AND priority = 'high' AND ${DUE_DAY} = date('now', 'localtime', '+1 day')`;
const ABOUT_BREAD = "SELECT title FROM notes WHERE content LIKE '%order bread for Saturday%'";
const BY_STATUS = "SELECT status || ' ' || count(*) FROM tasks GROUP BY status";

export const SCRIPT: readonly Scene[] = [
  { says: "What is due today?", check: listsWhatIsDue },
  { says: "Complete the first one.", check: completesTheFirst },
  { says: "How many open tasks are high priority?", check: counts },
  { says: `Create a task "${NEW_TASK}" with high priority, due tomorrow.`, check: creates },
  { says: "And how many open tasks are high priority now?", check: counts },
  { says: "Find my note about ordering bread on Saturdays without a call.", check: findsTheNote },
  { says: "Show a chart of my tasks by status.", check: charts },
  { says: `Delete the task "${UNWANTED_TASK}".`, check: deletes },
];

function listsWhatIsDue({ result }: ShownTurn, file: WorkspaceFile): Verdict {
  const titles = file.texts(DUE_TODAY);
  const missing = titles.filter((title) => !result.text.includes(title));
  return verdict(titles.length > 0 && missing.length === 0, {
    sql: DUE_TODAY,
    right: `${titles.length} rows, all in the answer`,
    wrong: `the answer leaves out “${missing.join("”, “")}”`,
  });
}

function completesTheFirst(
  { changes }: ShownTurn,
  file: WorkspaceFile,
  earlier: readonly TurnResult[],
): Verdict {
  const listed = earlier.at(-1)?.text ?? "";
  const [first = ""] = file
    .texts(DUE_TODAY)
    .filter((title) => listed.includes(title))
    .toSorted((one, other) => listed.indexOf(one) - listed.indexOf(other));
  const isDone = changes[0]?.columns.some(({ name, to }) => name === "status" && to === "done") === true;
  return verdict(isOnlyChange(changes, "updated", first) && isDone, {
    right: `“${first}” is done, and no other row changed`,
    wrong: `“${first}”, and no other row, should be done now`,
  });
}

function counts({ result }: ShownTurn, file: WorkspaceFile): Verdict {
  const count = file.number(OPEN_AND_HIGH);
  return verdict(mentionsNumber(result.text, count), {
    sql: OPEN_AND_HIGH,
    right: `${count}, as the answer says`,
    wrong: `${count}, which the answer does not say`,
  });
}

function creates({ changes, result }: ShownTurn, file: WorkspaceFile): Verdict {
  const isTold = result.mutations.some(({ action, table }) => action === "insert" && table === "tasks");
  const isThere = file.number(AS_ASKED) === 1 && isOnlyChange(changes, "inserted", NEW_TASK);
  return verdict(isTold && isThere, {
    sql: AS_ASKED,
    right: "1, the only row that is new",
    wrong: "the row is not there as it was asked for, or was not told as a mutation",
  });
}

function findsTheNote({ result }: ShownTurn, file: WorkspaceFile): Verdict {
  const [title = ""] = file.texts(ABOUT_BREAD);
  return verdict(result.text.includes(title), {
    sql: ABOUT_BREAD,
    right: `“${title}”, the note that was found`,
    wrong: `“${title}”, which is not the note that was found`,
  });
}

function charts({ result }: ShownTurn, file: WorkspaceFile): Verdict {
  const rows = file.texts(BY_STATUS);
  const counted = rows.map((row) => Number(row.split(" ").at(-1)));
  const chart = result.blocks.find((block) => block.type === "chart")?.chart;
  const bars = (chart?.data ?? []).flatMap((row) =>
    Object.values(row).filter((value) => typeof value === "number"),
  );
  return verdict(isSameSet(bars, counted), {
    sql: BY_STATUS,
    right: `${rows.join(", ")}, as the bars show`,
    wrong: `${rows.join(", ")}, and the bars show ${bars.join(", ") || "nothing"}`,
  });
}

function deletes({ changes }: ShownTurn): Verdict {
  return verdict(isOnlyChange(changes, "deleted", UNWANTED_TASK), {
    right: `“${UNWANTED_TASK}” is gone, and no other row changed`,
    wrong: `“${UNWANTED_TASK}”, and no other row, should be gone`,
  });
}

function verdict(
  agrees: boolean,
  { sql, right, wrong }: { sql?: string; right: string; wrong: string },
): Verdict {
  return { agrees, finding: agrees ? right : wrong, ...(sql === undefined ? {} : { sql }) };
}

function isOnlyChange(changes: readonly RowChange[], kind: RowChange["kind"], title: string): boolean {
  const [change, ...others] = changes;
  return others.length === 0 && change?.kind === kind && change.table === "tasks" && change.title === title;
}

const NUMBER_WORDS = "zero one two three four five six seven eight nine ten eleven twelve".split(" ");

/** In digits, or as a word: models write small numbers either way. */
function mentionsNumber(text: string, number: number): boolean {
  const word = NUMBER_WORDS[number];
  return new RegExp(`\\b(?:${number}${word === undefined ? "" : `|${word}`})\\b`, "i").test(text);
}

function isSameSet(some: readonly number[], others: readonly number[]): boolean {
  const sorted = (numbers: readonly number[]) => numbers.toSorted((one, other) => one - other).join();
  return sorted(some) === sorted(others);
}
