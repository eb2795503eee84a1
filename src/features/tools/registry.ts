import * as z from "zod";
import { AppError, ERROR_CATALOGUE } from "../../lib/errors.ts";
import type { ToolSpec } from "../../platform/model-port.ts";
import { type Tool, type ToolContext, type ToolOutput, TurnSuspended } from "./types.ts";

/** UTF-8 bytes of one tool's answer that the model reads. */
export const OUTPUT_BYTES_MAX = 16 * 1024;
const CUT_REMARK = "\n(Cut here: the answer was too long. Ask for less.)";

/** Tools by name. */
export class ToolRegistry {
  readonly #tools = new Map<string, Tool>();

  /** Throws `misconfigured` when two tools share a name. */
  constructor(tools: Iterable<Tool>) {
    for (const tool of tools) {
      if (this.#tools.has(tool.name)) {
        throw new AppError("misconfigured", { detail: `Two tools are named ${tool.name}.` });
      }
      this.#tools.set(tool.name, tool);
    }
  }

  find(name: string): Tool | null {
    return this.#tools.get(name) ?? null;
  }

  /** Throws `not_found`. */
  get(name: string): Tool {
    const tool = this.#tools.get(name);
    if (!tool) throw new AppError("not_found", { detail: `There is no tool named ${name}.` });
    return tool;
  }

  /** Those of the named tools that this deployment has, in the order of the names: the order the provider caches. */
  offered(names: Iterable<string>): Map<string, Tool> {
    const offered = new Map<string, Tool>();
    for (const name of names) {
      const tool = this.#tools.get(name);
      if (tool) offered.set(name, tool);
    }
    return offered;
  }
}

type Described = Pick<Tool, "name" | "description" | "input">;

const inputSchemas = new WeakMap<z.ZodType, Record<string, unknown>>();

/** A tool as the model is told of it: always the same bytes, so that the provider can cache them. */
export function toolSpec({ name, description, input }: Described): ToolSpec {
  return { name, description, inputSchema: inputSchemaOf(input) };
}

function inputSchemaOf(input: z.ZodType): Record<string, unknown> {
  const known = inputSchemas.get(input);
  if (known) return known;
  const { $schema: _dialect, ...inputSchema } = z.toJSONSchema(input, { io: "input" });
  inputSchemas.set(input, inputSchema);
  return inputSchema;
}

const specLists = new Map<string, ToolSpec[]>();
const SPEC_LISTS_MAX = 100;

/** As `toolSpec`, for a list: the same array for the same tools, so that it can be serialised once. */
export function toolSpecs(tools: Iterable<Described>): ToolSpec[] {
  const list = [...tools].map(toolSpec);
  const key = list.map(({ name }) => name).join();
  const known = specLists.get(key);
  if (known?.every((spec, index) => isSameSpec(spec, list[index]!))) return known;
  if (specLists.size >= SPEC_LISTS_MAX) specLists.clear();
  specLists.set(key, list);
  return list;
}

function isSameSpec(one: ToolSpec, other: ToolSpec): boolean {
  return one.description === other.description && one.inputSchema === other.inputSchema;
}

export type InputReading<Input> = { ok: true; input: Input } | { ok: false; output: ToolOutput };

/** Reads what the model wrote for a tool; when it is wrong, the output names each wrong field. */
export function readInput<Input>(
  tool: Pick<Tool<Input>, "name" | "input">,
  rawInput: unknown,
): InputReading<Input> {
  const reading = tool.input.safeParse(rawInput, { reportInput: true });
  if (reading.success) return { ok: true, input: reading.data };
  const problems = reading.error.issues.map(problemText);
  const text = `The input of ${tool.name} is not valid. ${problems.join(" ")} Correct it and call again.`;
  return { ok: false, output: { text: capped(text), isError: true } };
}

/**
 * Runs a tool and always gives the model something to read: wrong input and failures become `isError` texts.
 * Only `TurnSuspended` and, after an abort, the signal's reason are thrown. `report` hears of failures that are ours.
 */
export async function runTool(
  tool: Tool,
  rawInput: unknown,
  ctx: ToolContext,
  report?: (error: AppError) => void,
): Promise<ToolOutput> {
  ctx.signal.throwIfAborted();
  const reading = readInput(tool, rawInput);
  if (!reading.ok) return reading.output;
  try {
    const output = await tool.run(reading.input, ctx);
    return { ...output, text: capped(output.text) };
  } catch (error) {
    if (error instanceof TurnSuspended) throw error;
    ctx.signal.throwIfAborted();
    const failure = error instanceof AppError ? error : new AppError("internal", { cause: error });
    if (failure.status >= 500) report?.(failure);
    return { text: failureText(tool, failure), isError: true };
  }
}

function failureText(tool: Tool, failure: AppError): string {
  const sentence = (failure.detail ?? ERROR_CATALOGUE[failure.code].title).replace(/\.?$/, ".");
  const doubt = tool.readOnly ? "" : " A change may have happened: look it up before trying again.";
  return capped(`${tool.name} failed (${failure.code}): ${sentence}${doubt}`);
}

function problemText(issue: z.core.$ZodIssue): string {
  const path = issue.path.join(".");
  if (path === "") return `${issue.message}.`;
  return issue.input === undefined ? `${path}: is required.` : `${path}: ${issue.message}.`;
}

function capped(text: string): string {
  // Three bytes are the most that one UTF-16 unit takes: shorter texts need no measuring.
  if (text.length * 3 <= OUTPUT_BYTES_MAX) return text;
  const bytes = new TextEncoder().encode(text);
  if (bytes.length <= OUTPUT_BYTES_MAX) return text;
  const { read } = new TextEncoder().encodeInto(text, new Uint8Array(OUTPUT_BYTES_MAX - CUT_REMARK.length));
  return text.slice(0, read) + CUT_REMARK;
}
