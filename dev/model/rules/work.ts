/** What a step of an agent works with: what was asked, what the tools have answered, and what may come next. */
import type { ToolRequest } from "../reply.ts";
import type { Step } from "./conversation.ts";
import type { Intent } from "./reading/intent.ts";

/** The next thing to do: use tools, or report. */
export type Move = { calls: ToolRequest[] } | { report: string };

export interface Work {
  intent: Intent;
  /** Every tool use of this request so far, oldest first. */
  steps: Step[];
  tools: ReadonlySet<string>;
  system: string;
  /** The project that the request is limited to, once known. */
  projectId?: string;
}

export function isMove(value: object): value is Move {
  return "calls" in value || "report" in value;
}

/** Each time this very call was answered. Input that did not arrive as JSON does not count: the call is made again. */
export function answersTo(work: Work, call: ToolRequest): Step[] {
  const input = JSON.stringify(call.input);
  return work.steps.filter(
    (step) => step.name === call.name && JSON.stringify(step.input) === input && !wasBrokenJson(step),
  );
}

/** The answers to these calls, or the move that gets them: the calls that are missing, or the failure they met. */
export function need(work: Work, calls: ToolRequest[]): Step[] | Move {
  const missing = calls.filter((call) => answersTo(work, call).length === 0);
  if (missing.length > 0) return { calls: missing };
  const steps = calls.flatMap((call) => answersTo(work, call).at(-1) ?? []);
  const failed = steps.find((step) => step.isError);
  return failed ? failure(failed) : steps;
}

/** The change may or may not have happened. */
export function isUnknown(step: Step): boolean {
  return step.isError && /\bmay have happened\b/i.test(step.result);
}

export function failure(step: Step): Move {
  return { report: `Failed: ${step.result}` };
}

export function missing(sentence: string): Move {
  return { report: `Missing: ${sentence}` };
}

function wasBrokenJson(step: Step): boolean {
  return step.isError && /not valid JSON/i.test(step.result);
}
