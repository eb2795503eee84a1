/** The scripted conversation, each answer compared with the rows, and at the end what changed on both sides. */
import type { TurnResult } from "../../device/index.ts";
import { playKnowledge } from "./knowledge-act.ts";
import { SCRIPT, type Verdict } from "./script.ts";
import { searchServer } from "./server-files.ts";
import { showTurn } from "./show-turn.ts";
import { EMAIL, type Stage } from "./stage.ts";
import { mark, paint, say, table, wrap } from "./terminal.ts";
import type { Snapshot } from "./workspace-file.ts";

/** What was said, what stands in the rows that the turns read, and in the document: none may rest on the server in the clear. */
const TELLTALES = [
  "flowers for the opening",
  "sourdough",
  "office plants",
  "Saturday",
  "seascapes",
  "guillotine",
];

/** Answers in what the rows and the answers differ; nothing when all is right. */
export async function playScript(stage: Stage): Promise<string[]> {
  const { file } = stage;
  const before = file.snapshot();
  const answers: TurnResult[] = [];
  const differences: string[] = [];
  for (const [index, scene] of SCRIPT.entries()) {
    say(`\n${paint.accent(`${index + 1} ›`)} ${paint.strong(scene.says)}`);
    const question = { message: scene.says, chatId: answers.at(-1)?.chatId };
    const shown = await showTurn(stage, question, { decide: approveAloud, maxMs: TURN_MAX_MS });
    const { status, error } = shown.result;
    if (status !== "done")
      throw new Error(`Turn ${index + 1} ended ${status}: ${error?.message ?? "no reason given"}`);
    const verdict = scene.check(shown, file, answers);
    tell(verdict);
    if (!verdict.agrees) differences.push(`turn ${index + 1}: ${verdict.finding}`);
    answers.push(shown.result);
  }
  compareTables(before, file.snapshot());
  differences.push(...(await playKnowledge(stage)));
  differences.push(...(await lookForTelltales(stage)));
  return differences;
}

const TURN_MAX_MS = 60_000;

async function approveAloud(what: string): Promise<boolean> {
  say(`  ${paint.strong("It asks first:")} ${what} ${paint.quiet("The script answers yes.")}`);
  return true;
}

function tell({ agrees, sql, finding }: Verdict): void {
  if (sql !== undefined) for (const line of wrap(`sqlite> ${sql}`, "    ")) say(paint.quiet(line));
  say(`    ${mark(agrees)} ${finding}`);
}

/** The tasks before and after, counted from the rows. */
function compareTables(before: Snapshot, after: Snapshot): void {
  const count = (snapshot: Snapshot, status?: string) =>
    [...(snapshot.get("tasks")?.values() ?? [])].filter(
      (row) => status === undefined || row["status"] === status,
    ).length;
  const line = (name: string, status?: string) => [name, count(before, status), count(after, status)];
  const rows = [
    line("to do", "todo"),
    line("in progress", "in_progress"),
    line("done", "done"),
    line("all tasks"),
  ];
  say(`\n${paint.strong("The person's SQLite file")}`);
  for (const text of table(["tasks", "before", "after"], rows)) say(`  ${text}`);
}

/** The account's address may rest in the clear and must be found, or the search would prove nothing. */
async function lookForTelltales({ serverDir }: Stage): Promise<string[]> {
  const { files, bytes, found } = await searchServer(serverDir, [EMAIL, ...TELLTALES]);
  const leaked = TELLTALES.filter((words) => found.has(words));
  const searched = `${files} files, ${Math.round(bytes / 1e6)} MB`;
  say(`\n${paint.strong("What the server keeps on disk")}  ${paint.quiet(searched)}`);
  const isFound = found.has(EMAIL);
  say(`  ${mark(isFound)} the account's address is there, as it may be: the search works`);
  say(
    `  ${mark(leaked.length === 0)} nothing of the conversation, the rows and the document is there; looked for`,
  );
  say(paint.quiet(`    ${TELLTALES.map((words) => `“${words}”`).join(", ")}`));
  if (!isFound) return ["the search of the server's files found not even the account's address"];
  return leaked.map((words) => `“${words}” rests on the server in the clear`);
}
