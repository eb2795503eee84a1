/** The tools by which agents pass work to each other, and which agent a floating request goes to. The turn runs them. */
import * as z from "zod";
import type { Scope } from "../hub/protocol.ts";
import type { DeviceCall, Tool } from "../tools/types.ts";
import { Domain, type WorkspaceTable } from "../workspace/schema.ts";
import type { DelegableAgent } from "./agents.ts";

const INSTRUCTION_CHARS_MAX = 8000;
const CONTEXT_CHARS_MAX = 20_000;

/** A tool without its execution. */
export type ToolDeclaration<Input> = Pick<Tool<Input>, "name" | "description" | "input" | "label">;

const Instruction = z.string().trim().min(1).max(INSTRUCTION_CHARS_MAX);

const Task = z.strictObject({
  instruction: Instruction.describe("What to do and what to report, complete in itself."),
  context: z
    .preprocess((value) => value ?? undefined, z.string().max(CONTEXT_CHARS_MAX).optional())
    .optional()
    .describe("Longer material it needs, such as an earlier result or a text to write down."),
});

export const TaskInput = z.strictObject({
  agent: Domain.describe("The specialist to ask."),
  ...Task.shape,
});
export type TaskInput = Omit<z.infer<typeof TaskInput>, "agent"> & { agent: string };

export const taskTool: ToolDeclaration<TaskInput> = {
  name: "task",
  description:
    "Has a specialist work on the person's rows and returns its report. The specialist sees only the instruction and the " +
    "context given here. Several in one response run side by side.",
  input: TaskInput,
  label: "Asking a specialist",
};

const inputs = new Map<string, z.ZodType<TaskInput>>();
const INPUTS_MAX = 100;

/** The same for the same names: to make it and to write it down for the model costs more than the rest of a turn's tools. */
function inputNaming(extra: readonly string[]): z.ZodType<TaskInput> {
  const key = JSON.stringify(extra);
  let input = inputs.get(key);
  if (!input) {
    const names = z.enum([...Domain.options, ...extra]);
    input = z.strictObject({ agent: names.describe("The specialist to ask."), ...Task.shape });
    if (inputs.size >= INPUTS_MAX) inputs.clear();
    inputs.set(key, input);
  }
  return input;
}

/** The same tool, with these agents to ask besides the domains. */
export function taskToolWith(extra: readonly DelegableAgent[]): ToolDeclaration<TaskInput> {
  if (extra.length === 0) return taskTool;
  const purposes = extra.map(({ name, purpose }) => `- ${name}: ${purpose}`);
  return {
    ...taskTool,
    description: `${taskTool.description} Besides those for the domains there are:\n${purposes.join("\n")}`,
    input: inputNaming(extra.map(({ name }) => name)),
  };
}

export const TodosInput = z.strictObject({
  todos: z
    .array(
      z.strictObject({
        text: z.string().trim().min(1).max(300),
        status: z.preprocess(
          (value) => (value === "completed" ? "done" : value),
          z.enum(["pending", "in_progress", "done"]),
        ),
      }),
    )
    .max(20),
});
export type TodosInput = z.infer<typeof TodosInput>;

export const todosTool: ToolDeclaration<TodosInput> = {
  name: "write_todos",
  description:
    "Writes down your plan for this request, replacing the one before. The step in progress is shown to the person, so word " +
    "it for them.",
  input: TodosInput,
  label: "Planning",
};

export const HandOverInput = z.strictObject({
  instruction: Instruction.describe("The person's request with everything needed to answer it."),
});
export type HandOverInput = z.infer<typeof HandOverInput>;

export const handOverTool: ToolDeclaration<HandOverInput> = {
  name: "hand_over",
  description:
    "Passes the whole request on to the assistant that sees every domain, which then answers in your place.",
  input: HandOverInput,
  label: "Asking the main assistant",
};

/** What a specialist is told: its first and only message. */
export function delegationMessage({ instruction, context }: TaskInput): string {
  return context ? `${instruction}\n\nContext:\n${context}` : instruction;
}

const SCOPES = {
  task: { domain: "tasks", table: "tasks" },
  project: { domain: "projects", table: "projects" },
  client: { domain: "projects", table: "clients" },
  note: { domain: "notes", table: "notes" },
  timeline: { domain: "timelines", table: "timelines" },
} as const satisfies Record<Scope["type"], { domain: Domain; table: WorkspaceTable }>;

/** The domain that answers a floating request of this scope; null leaves the choice to a supervisor (spec 3, floating_domain). */
export function scopeDomain(scope: Scope | undefined): Domain | null {
  return scope ? SCOPES[scope.type].domain : null;
}

export function scopeTable({ type }: Scope): WorkspaceTable {
  return SCOPES[type].table;
}

/** Reads the scope's row; null when the scope names none. */
export function scopeCall(scope: Scope): DeviceCall | null {
  if (scope.id === undefined) return null;
  return { action: "get", table: scopeTable(scope), data: { id: scope.id } };
}
