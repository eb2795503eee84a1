/** The supervisor's next step: delegates what it was asked, side by side where it can, and words the reports. */
import { type Reply, say, type ToolRequest, use } from "../reply.ts";
import type { Conversation, Step } from "./conversation.ts";
import { instructionFor, joinAnswer, resolveReference } from "./history.ts";
import { present } from "./present.ts";
import { splitClauses } from "./reading/clauses.ts";
import { type Intent, readIntent } from "./reading/intent.ts";
import { type Domain, WORDS } from "./reading/vocabulary.ts";
import { readAnswer } from "./rows.ts";
import { smallTalk } from "./talk.ts";
import { todayIn } from "./today.ts";

/** Delegations that one response may hold. */
const DELEGATIONS_MAX = 3;

const HELP =
  "I can list, count, create, update, find, summarise and delete your tasks, projects, milestones and notes, and draw charts of them. What shall I do?";

export function supervise(conversation: Conversation): Reply {
  const message = joinAnswer(conversation);
  const talk = smallTalk(conversation, message);
  if (talk) return talk;
  const setting = { today: todayIn(conversation.system) };
  const jobs = planJobs(message, setting.today);
  if (jobs.length === 0) return say(HELP);
  const progress = jobs.map((_, index) => jobAt(conversation, jobs, index));
  const ready = progress.flatMap((job) => (job.state === "ready" ? [job.call] : []));
  if (ready.length > 0 && conversation.tools.has("task")) {
    return use(...planCall(conversation, jobs), ...ready.slice(0, DELEGATIONS_MAX));
  }
  const style = { tags: conversation.system.includes("</task>") };
  const parts = progress.map((job) => {
    if (job.state === "done") return present(job.intent, reportOf(job.step), style);
    return job.state === "stuck" ? job.question : "I could not finish this in the steps I have.";
  });
  return say([...new Set(parts)].join("\n\n"));
}

type Job =
  | { state: "ready"; call: ToolRequest }
  | { state: "waiting" }
  | { state: "done"; intent: Intent; step: Step }
  | { state: "stuck"; question: string };

/** Each request in the message; some take several specialists. */
function planJobs(message: string, today: string): Intent[] {
  let before: Domain | undefined;
  return splitClauses(message).flatMap((clause) => {
    const intent = readIntent(clause, { today, ...(before && { defaultDomain: before }) });
    before = intent.domain;
    if (!isUnderstood(intent)) return [];
    const parts = partsOf(intent);
    return parts.length === 0 ? [intent] : parts.map((part) => readIntent(part, { today }));
  });
}

/** Words that fit no rule must not become a list of tasks. */
function isUnderstood(intent: Intent): boolean {
  if (intent.verb !== "list") return true;
  const { statuses, range, priority } = intent.filters;
  return intent.isDomainNamed || statuses !== undefined || range !== undefined || priority !== undefined;
}

/** A summary of a project takes its tasks and milestones too; other requests have no parts. */
function partsOf({ domain, target, text }: Intent): string[] {
  if (domain !== "projects" || target?.kind !== "title") return [];
  if (!/\b(?:summari[sz]e|summary|overview|recap)\b/i.test(text)) return [];
  const project = `project “${target.title}”`;
  return [`Show the ${project}`, `List the tasks in ${project}`, `List the milestones in ${project}`];
}

/** Where the job at `index` stands: its delegation is found again by its instruction. */
function jobAt(conversation: Conversation, jobs: Intent[], index: number): Job {
  const asked = jobs[index]!;
  const intent = resolve(conversation, jobs, index);
  if (intent === "waiting") return { state: "waiting" };
  if (!intent) {
    return { state: "stuck", question: `Which ${WORDS[asked.domain].one} do you mean?` };
  }
  const input = { agent: intent.domain, instruction: instructionFor(intent) };
  const steps = conversation.rounds
    .flat()
    .filter((step) => step.name === "task" && isSame(step.input, input));
  const step = steps.at(-1);
  if (step && !isWorthRepeating(step, steps.length)) return { state: "done", intent, step };
  return { state: "ready", call: { name: "task", input } };
}

/** "Create a task and then complete it": what "it" is shows once the job before has been reported. */
function resolve(conversation: Conversation, jobs: Intent[], index: number): Intent | "waiting" | undefined {
  const intent = jobs[index]!;
  const pointsBack = intent.target?.kind === "pointer" || intent.target?.kind === "ordinal";
  if (!pointsBack || index === 0) return resolveReference(conversation, intent);
  const previous = jobAt(conversation, jobs, index - 1);
  if (previous.state === "ready" || previous.state === "waiting") return "waiting";
  if (previous.state === "stuck") return resolveReference(conversation, intent);
  const { rows } = readAnswer(reportOf(previous.step));
  const { target } = intent;
  const picked = target?.kind === "ordinal" ? rows.slice(target.index).slice(0, 1) : rows;
  if (picked.length === 0) return resolveReference(conversation, intent);
  return {
    ...intent,
    domain: previous.intent.domain,
    target: { kind: "ids", ids: picked.map((row) => row.id) },
  };
}

/** Input that did not arrive as JSON was never delegated. */
function isWorthRepeating(step: Step, times: number): boolean {
  return step.isError && times < 2 && /not valid JSON/i.test(step.result);
}

function isSame(input: Record<string, unknown>, other: { agent: string; instruction: string }): boolean {
  return input.agent === other.agent && input.instruction === other.instruction;
}

function reportOf(step: Step): string {
  return step.isError ? `Failed: ${step.result}` : step.result;
}

/** A plan for long requests, shown to the person as progress. */
function planCall(conversation: Conversation, jobs: Intent[]): ToolRequest[] {
  if (jobs.length < 3 || conversation.rounds.length > 0 || !conversation.tools.has("write_todos")) return [];
  const todos = jobs.map((job, index) => ({
    text: job.text,
    status: index === 0 ? "in_progress" : "pending",
  }));
  return [{ name: "write_todos", input: { todos } }];
}
