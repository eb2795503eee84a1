/** A turn as it happens: progress, tool calls with the device's timing, streamed text, and what changed. */
import type { Approval, CallReport, Turn, TurnResult } from "../../device/index.ts";
import { drawBlock } from "./blocks.ts";
import type { Stage } from "./stage.ts";
import { paint, StreamedText, say } from "./terminal.ts";
import { changesBetween, describeChange, type RowChange, type WorkspaceFile } from "./workspace-file.ts";

export interface ShownTurn {
  result: TurnResult;
  /** What differs in the SQLite file since before the turn. */
  changes: RowChange[];
}

export interface Audience {
  /** Answers for the person when the turn asks before it does something; `what` says to which row. */
  decide(what: string): Promise<boolean>;
  /** A turn that takes longer is given up; absent, the hub's own limit holds. */
  maxMs?: number;
}

/** Rejects with `TurnRefused` when the hub does not take it, and when it does not end in time. */
export async function showTurn(
  stage: Stage,
  question: { message: string; chatId: string | undefined },
  audience: Audience,
): Promise<ShownTurn> {
  const { client, file } = stage;
  const before = file.snapshot();
  const startedAt = performance.now();
  const { message, chatId } = question;
  const turn = client.ask({ message, ...(chatId === undefined ? {} : { chatId }) });
  const text = new StreamedText();
  const off = client.on("call", (report) => {
    text.end();
    say(paint.quiet(`    ${callLine(report)}`));
  });
  try {
    const firstWordAt = await inTime(turn, audience.maxMs, follow(turn, stage, text, audience));
    const result = await turn.done;
    say(paint.quiet(`    ${timing(result, { startedAt, firstWordAt })}`));
    for (const { action, table, id } of result.mutations) {
      say(paint.quiet(`    mutation  ${action} ${table} ${id}`));
    }
    const changes = changesBetween(before, file.snapshot());
    for (const change of changes) say(`    ${paint.strong("SQLite")}    ${describeChange(change)}`);
    return { result, changes };
  } finally {
    off();
  }
}

async function follow(
  turn: Turn,
  { client, file }: Stage,
  text: StreamedText,
  audience: Audience,
): Promise<number | undefined> {
  const told = new Set<string>();
  let firstWordAt: number | undefined;
  for await (const event of turn) {
    if (event.type === "text") {
      firstWordAt ??= performance.now();
      text.write(event.text);
      continue;
    }
    text.end();
    if (event.type === "block") for (const line of drawBlock(event.block, file)) say(`  ${line}`);
    if (event.type === "status" && !told.has(event.label)) {
      told.add(event.label);
      say(paint.quiet(`    ${event.label} …`));
    }
    if (event.type === "reset") {
      say(paint.quiet("    The hub took the turn up again; the answer so far:"));
      text.write(event.text);
    }
    if (event.type === "approval") {
      if (await audience.decide(describeApproval(event.approval, file))) client.approve(event.approval.id);
      else client.reject(event.approval.id);
    }
  }
  return firstWordAt;
}

async function inTime<Value>(
  turn: Turn,
  maxMs: number | undefined,
  followed: Promise<Value>,
): Promise<Value> {
  if (maxMs === undefined) return followed;
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<never>((_resolve, reject) => {
    timer = setTimeout(() => {
      turn.cancel();
      reject(new Error(`The turn did not end within ${maxMs / 1000} s.`));
    }, maxMs);
  });
  return Promise.race([followed, late]).finally(() => clearTimeout(timer));
}

function describeApproval({ summary, data }: Approval, file: WorkspaceFile): string {
  const title = typeof data["id"] === "string" ? file.titleOf(data["id"]) : undefined;
  return title === undefined ? summary : `${summary} (“${title}”)`;
}

function callLine({ action, table, outcome, error, durationMs }: CallReport): string {
  const what = [action, table].filter((part) => part !== undefined).join(" ");
  const how = outcome === "done" ? "" : ` ${outcome}${error === undefined ? "" : `: ${error}`}`;
  return `tool call ${what}${how}  ${durationMs.toFixed(1)} ms on the device`;
}

function timing(
  { usage }: TurnResult,
  { startedAt, firstWordAt }: { startedAt: number; firstWordAt: number | undefined },
): string {
  const firstWord = firstWordAt === undefined ? "" : `first word ${seconds(firstWordAt - startedAt)}, `;
  const all = seconds(performance.now() - startedAt);
  return `${firstWord}all ${all}, ${usage.model_calls} model calls, ${usage.tool_calls} tools used`;
}

function seconds(durationMs: number): string {
  return `${(durationMs / 1000).toFixed(2)} s`;
}
