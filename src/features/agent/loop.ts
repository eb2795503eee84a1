/**
 * The agent loop: model call, tool uses, results, again. Everything comes in as arguments; a run can be broken off at any
 * point and taken up by calling it again over the same journal, which then answers what was already asked.
 */
import type { AppError } from "../../lib/errors.ts";
import type { Semaphore } from "../../lib/semaphore.ts";
import type {
  ModelClient,
  ModelMessage,
  ModelResponse,
  ModelRole,
  ResponseBlock,
  StopReason,
  SystemBlock,
  TextBlock,
  ToolResultBlock,
  ToolSpec,
  ToolUseBlock,
} from "../../platform/model-port.ts";
import { needsApproval, readInput, runTool, toolSpecs } from "../tools/service.ts";
import { type Tool, type ToolContext, type ToolOutput, TurnSuspended } from "../tools/types.ts";
import type { Budget } from "./budget.ts";
import type { ApprovalAsk, ApprovalDecision, JournaledStep, StepJournal } from "./types.ts";

/** Where the top agent's words go. */
export interface Speaker {
  /** A response begins whose text has not been sent yet. */
  begin(): void;
  text(delta: string): void;
  /** The attempt broke after some text: it must be forgotten on the other side. */
  retract(): void;
  /** The response is complete: nothing of it may be held back any longer. */
  end(response: ModelResponse): void;
  /** The response came from the journal: its words have been sent before. */
  replayed(response: ModelResponse): void;
}

export interface LoopPorts {
  model: ModelClient;
  modelSlots: Semaphore;
  journal: StepJournal;
  budget: Budget;
  signal: AbortSignal;
  toolContext(position: string): ToolContext;
  /** Throws `TurnSuspended` while the person has not decided. */
  approve(ask: ApprovalAsk): Promise<ApprovalDecision>;
  /** Progress a person can read. */
  progress(phase: "thinking" | "delegating" | "tool" | "retrying", label: string): void;
  autoApprove: boolean;
  /** Hears of tool failures that are ours; the model gets a sentence. */
  report(failure: AppError): void;
}

export interface AgentRun {
  /** Where in the turn this agent runs: empty for the top agent. */
  path: string;
  role: ModelRole;
  system: SystemBlock[];
  tools: ReadonlyMap<string, Tool>;
  messages: ModelMessage[];
  /** Responses that may use tools; after them one last response in words. */
  stepLimit: number;
  /** Output tokens a response may have. */
  maxTokens: number;
  /** Tool uses it may make; after them one last response in words. */
  allowance?: ToolAllowance;
  speaker?: Speaker;
  /** Ends this run at once when its tool is used; the tool's input goes to the caller. */
  endsOn?: string;
}

export interface ToolAllowance {
  readonly isSpent: boolean;
  /** Takes one use; false when there was none left. */
  take(): boolean;
}

export type AgentEnd =
  | { kind: "answer"; text: string; stopReason: StopReason }
  | { kind: "ended_by_tool"; input: Record<string, unknown> }
  | { kind: "out_of_tokens" };

/** Runs one agent to its end. Throws `TurnSuspended`, the signal's reason on abort, and what the model client throws. */
export async function runAgent(run: AgentRun, ports: LoopPorts): Promise<AgentEnd> {
  const messages = [...run.messages];
  const specs = toolSpecs(run.tools.values());
  for (let step = 1; ; step++) {
    const isLast = step > run.stepLimit || run.allowance?.isSpent === true;
    const answered = await respond(run, ports, { step, specs, messages, isLast });
    if (!answered) return { kind: "out_of_tokens" };
    const { response, mutationsBefore, isReplayed } = answered;
    ports.budget.add(response);
    const uses = isLast ? [] : toolUses(response);
    if (uses.length === 0) {
      return { kind: "answer", text: textOf(response), stopReason: response.stopReason };
    }
    const ending = uses.find((use) => use.name === run.endsOn && run.tools.has(use.name));
    if (ending) return { kind: "ended_by_tool", input: ending.input };
    const results = await useTools(run, ports, { step, uses, mutationsBefore, isReplayed });
    messages.push({ role: "assistant", content: sendable(response) }, { role: "user", content: results });
  }
}

interface AnsweredStep extends JournaledStep {
  /** The response came from the journal: the person has seen what it did. */
  isReplayed: boolean;
}

interface StepRequest {
  step: number;
  specs: ToolSpec[];
  messages: ModelMessage[];
  isLast: boolean;
}

/**
 * The response of this step; null when the budget is spent and the step is new. What was journaled counts, though agents
 * that run side by side may spend in another order at a replay.
 */
async function respond(run: AgentRun, ports: LoopPorts, request: StepRequest): Promise<AnsweredStep | null> {
  const known = ports.journal.find(run.path, request.step);
  if (known) {
    run.speaker?.replayed(known.response);
    return { ...known, isReplayed: true };
  }
  if (ports.budget.isSpent()) return null;
  const response = await ports.modelSlots.run(() => ask(run, ports, request));
  run.speaker?.end(response);
  const uses = request.isLast ? [] : toolUses(response);
  const mutations = uses.filter((use) => run.tools.get(use.name)?.readOnly === false).length;
  const options = { mutations, durable: uses.length > 0 };
  return { ...ports.journal.record(run.path, request.step, response, options), isReplayed: false };
}

async function ask(run: AgentRun, ports: LoopPorts, request: StepRequest): Promise<ModelResponse> {
  ports.signal.throwIfAborted();
  run.speaker?.begin();
  const events = ports.model.stream(
    {
      role: run.role,
      system: run.system,
      tools: request.specs,
      messages: request.messages,
      maxTokens: Math.max(1, Math.min(run.maxTokens, ports.budget.tokensLeft)),
      ...(request.isLast && request.specs.length > 0 ? { toolChoice: "none" as const } : {}),
    },
    { signal: ports.signal },
  );
  for await (const event of events) {
    if (event.type === "text") run.speaker?.text(event.text);
    else if (event.type === "response") return event.response;
    else {
      if (event.partial) run.speaker?.retract();
      ports.progress("retrying", "The model is busy, trying again");
    }
  }
  throw new Error("the model client ended its stream without a response");
}

/** Runs the tool uses of one response side by side; results keep the order of the uses. */
async function useTools(
  run: AgentRun,
  ports: LoopPorts,
  step: { step: number; uses: ToolUseBlock[]; mutationsBefore: number; isReplayed: boolean },
): Promise<ToolResultBlock[]> {
  let mutationOrdinal = step.mutationsBefore;
  const running = step.uses.map((use, index) => {
    const tool = run.tools.get(use.name);
    if (tool && !tool.readOnly) mutationOrdinal++;
    if (run.allowance?.take() === false) return Promise.resolve(OVER_ALLOWANCE);
    const position = `${run.path}${step.step}.${index}/`;
    return useTool(use, tool, ports, { position, mutationOrdinal, isReplayed: step.isReplayed });
  });
  const settled = await Promise.allSettled(running);
  // An abort outranks a suspension: a cancelled turn must not be parked.
  ports.signal.throwIfAborted();
  const broken = settled.filter((result) => result.status === "rejected").map((result) => result.reason);
  const thrown = broken.find((reason) => !(reason instanceof TurnSuspended)) ?? broken[0];
  if (thrown !== undefined) throw thrown;
  return settled.map((result, index) => {
    const output = (result as PromiseFulfilledResult<ToolOutput>).value;
    return {
      type: "tool_result",
      tool_use_id: step.uses[index]!.id,
      content: output.text,
      ...(output.isError ? { is_error: true } : {}),
    };
  });
}

const OVER_ALLOWANCE: ToolOutput = {
  text: "Not done: no more tool calls are allowed in this run. Answer with what you have, and say what is missing.",
  isError: true,
};

async function useTool(
  use: ToolUseBlock,
  tool: Tool | undefined,
  ports: LoopPorts,
  place: { position: string; mutationOrdinal: number; isReplayed: boolean },
): Promise<ToolOutput> {
  if (!tool) return { text: `There is no tool named "${use.name}".`, isError: true };
  if (use.invalidJson !== undefined) {
    return { text: "The tool's input was not valid JSON. Call it again with a JSON object.", isError: true };
  }
  const { mutationOrdinal, isReplayed } = place;
  const asks = needsApproval(tool, { mutationOrdinal, autoApprove: ports.autoApprove });
  if (asks) {
    // A person is only asked to agree to what can be done.
    const reading = readInput(tool, use.input);
    if (!reading.ok) return reading.output;
    const decision = await ports.approve({ position: place.position, tool, input: use.input });
    if (decision.kind === "declined") return { text: decision.reason, isError: true };
  }
  // What a person agreed to begins only now, though its response is from the journal.
  if (!isReplayed || asks) ports.progress(tool.name === "task" ? "delegating" : "tool", tool.label);
  ports.budget.addToolCall();
  return runTool(tool, use.input, ports.toolContext(place.position), ports.report);
}

function toolUses(response: ModelResponse): ToolUseBlock[] {
  return response.content.filter((block) => block.type === "tool_use");
}

export function textOf(response: ModelResponse): string {
  return response.content
    .filter((block): block is TextBlock => block.type === "text")
    .map((block) => block.text)
    .join("");
}

/** The response as the provider takes it back: no empty text blocks, and broken tool input as an empty object. */
function sendable(response: ModelResponse): ResponseBlock[] {
  return response.content
    .filter((block) => block.type !== "text" || block.text.length > 0)
    .map((block) =>
      block.type === "tool_use"
        ? { type: "tool_use", id: block.id, name: block.name, input: block.input }
        : block,
    );
}
