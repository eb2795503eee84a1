/**
 * One turn from request to result: which agent answers, with which tools, what it says and what it changed. Everything
 * durable comes in as ports; called again over the same journal, it goes on where it was.
 */
import { AppError } from "../../lib/errors.ts";
import type { Logger } from "../../lib/logger.ts";
import { Semaphore } from "../../lib/semaphore.ts";
import type { ModelClient } from "../../platform/model-port.ts";
import {
  type HistoryMessage,
  MUTATING_ACTIONS,
  type Mutation,
  type Scope,
  type TurnFrameBody,
  type TurnUsage,
} from "../hub/protocol.ts";
import { mutationOf, ToolRegistry } from "../tools/service.ts";
import {
  type DeviceCall,
  type DeviceOutcome,
  type DeviceRow,
  type Tool,
  type ToolContext,
  TurnSuspended,
} from "../tools/types.ts";
import type { Domain } from "../workspace/schema.ts";
import { WORKSPACE_TOOLS } from "../workspace/tools.ts";
import {
  type AgentDefinition,
  FLOATING_SUPERVISOR,
  HOME_SUPERVISOR,
  SCOPED_AGENTS,
  SUB_AGENTS,
} from "./agents.ts";
import { TurnBudget } from "./budget.ts";
import {
  delegationMessage,
  handOverTool,
  scopeCall,
  scopeDomain,
  type TaskInput,
  type TodosInput,
  taskTool,
  todosTool,
} from "./delegate.ts";
import { TurnEntities } from "./entities.ts";
import { describeFailure, type TurnFailure } from "./failure.ts";
import { fitHistory } from "./history.ts";
import {
  type AgentEnd,
  type AgentRun,
  type ApprovalAsk,
  type ApprovalDecision,
  runAgent,
  type TurnJournal,
} from "./loop.ts";
import {
  type RecallInput,
  recalled,
  recallTool,
  type TurnMemory,
  turnZone,
  type UpdateCoreInput,
  updateCoreTool,
} from "./memory.ts";
import { composePrompt, type MemoryContext, type PromptContext } from "./prompts/compose.ts";
import { TurnSpeaker } from "./speaker.ts";

export interface TurnRequest {
  kind: "home" | "floating";
  message: string;
  scope?: Scope | undefined;
  chatId?: string | undefined;
  /** What the client knows and wants considered. */
  clientContext?: Record<string, unknown> | undefined;
  /** What was said before. Throws `not_found` when the chat does not exist. */
  loadHistory(): Promise<HistoryMessage[]>;
  /** Unix ms at which the turn began. */
  now: number;
  /** The device's; the person may have named another. */
  timezone: string;
  locale: string;
  /** The client shows typed blocks; others get inline tags. */
  blocks: boolean;
  /** The client answers approvals for its user. */
  autoApprove: boolean;
  deviceOnline: boolean;
  /** Input and output tokens of all model calls together. */
  tokensMax: number;
  /** Output tokens of one response, the model's reasoning included. */
  responseTokensMax: number;
  /** Tells a cancellation from other reasons of an abort. */
  isCancelled(reason: unknown): boolean;
}

/** Where in the turn a device call is made: the same at each replay. */
export interface CallPlace {
  position: string;
  sub: number;
  attempt: number;
}

/** The turn's frames on their way out. */
export interface TurnFrames {
  /** No frame that still counts has been sent. */
  readonly isEmpty: boolean;
  emit(body: TurnFrameBody): void;
  text(delta: string): void;
  flush(): void;
  /** Makes clients forget what they got since the last journaled response. */
  retract(): void;
}

export interface TurnPorts {
  model: ModelClient;
  modelSlots: Semaphore;
  journal: TurnJournal;
  signal: AbortSignal;
  frames: TurnFrames;
  device(place: CallPlace, call: DeviceCall): Promise<DeviceOutcome>;
  approve(ask: ApprovalAsk, surroundings: { timezone: string }): Promise<ApprovalDecision>;
  embed(text: string): Promise<number[]>;
  /** Absent where nothing is remembered: the tools for it are then not offered. */
  memory?: TurnMemory;
  log: Logger;
}

export interface TurnResult {
  status: "done" | "cancelled" | "failed";
  /** What the assistant said, with inline tags, as a chat keeps it. */
  text: string;
  mutations: Mutation[];
  usage: TurnUsage;
  error?: TurnFailure;
}

const DELEGATIONS_MAX = 3;
/** Tokens of a chat's history that a turn begins with. */
const HISTORY_TOKENS_MAX = 12_000;
const registry = new ToolRegistry(WORKSPACE_TOOLS);

/** Runs a turn to its end; every failure is a result. Only `TurnSuspended` is thrown: the turn waits for a person. */
export async function runTurn(request: TurnRequest, ports: TurnPorts): Promise<TurnResult> {
  const turn = new Turn(request, ports);
  try {
    const failure = await turn.answer();
    return turn.result(failure ? "failed" : "done", failure);
  } catch (error) {
    if (error instanceof TurnSuspended) throw error;
    if (ports.signal.aborted && request.isCancelled(ports.signal.reason)) return turn.result("cancelled");
    const cause = ports.signal.aborted ? ports.signal.reason : error;
    const failure = describeFailure(cause);
    ports.log.warn({ event: "turn.failed", code: failure.code }, cause);
    return turn.result("failed", failure);
  }
}

class Turn {
  readonly #request: TurnRequest;
  readonly #ports: TurnPorts;
  readonly #entities = new TurnEntities();
  readonly #budget: TurnBudget;
  readonly #speaker: TurnSpeaker;
  readonly #delegations = new Semaphore(DELEGATIONS_MAX);
  readonly #mutations: Mutation[] = [];
  /** Asked of the device once. */
  #scopeRow: Promise<DeviceRow | null> | undefined;
  #memory: MemoryContext | undefined;
  #timezone: string;
  /** What the person said in this turn and, as far as it is known, in its chat before. */
  #ownWords: string[] = [];

  constructor(request: TurnRequest, ports: TurnPorts) {
    this.#request = request;
    this.#ports = ports;
    this.#timezone = request.timezone;
    this.#budget = new TurnBudget(request.tokensMax);
    this.#speaker = new TurnSpeaker({
      frames: ports.frames,
      entities: this.#entities,
      mode: request.kind === "floating" ? "plain" : request.blocks ? "blocks" : "tags",
      opening: request.kind === "home" ? "at_once" : "with_domain",
      domain: scopeDomain(request.scope),
      chatId: request.chatId,
      log: ports.log,
    });
  }

  /** Undefined when the turn was answered. */
  async answer(): Promise<TurnFailure | undefined> {
    const { kind, scope } = this.#request;
    this.#speaker.open();
    const [history, memory] = await Promise.all([this.#request.loadHistory(), this.#ports.memory?.context()]);
    this.#memory = memory;
    this.#timezone = turnZone(memory, this.#request.timezone);
    this.#ownWords = [this.#request.message, ...history.filter(isPerson).map(({ content }) => content)];
    const domain = kind === "floating" ? scopeDomain(scope) : null;
    const top = domain ? SCOPED_AGENTS[domain] : kind === "home" ? HOME_SUPERVISOR : FLOATING_SUPERVISOR;
    let end = await this.#runTop(top, "", history, this.#request.message);
    if (end.kind === "ended_by_tool") {
      const instruction = end.input["instruction"];
      const message =
        typeof instruction === "string" && instruction !== "" ? instruction : this.#request.message;
      end = await this.#runTop(FLOATING_SUPERVISOR, "h/", history, message);
    }
    if (end.kind !== "answer") return describeFailure(new AppError("turn_too_large"));
    if (end.stopReason === "refusal") return describeFailure(new AppError("model_refused"));
    if (end.stopReason === "max_tokens")
      this.#speaker.remark("(The answer was cut here: it reached its length limit.)");
    return undefined;
  }

  result(status: TurnResult["status"], error?: TurnFailure): TurnResult {
    this.#speaker.close();
    return {
      status,
      text: this.#speaker.transcript,
      mutations: this.#mutations,
      usage: this.#budget.usage,
      ...(error ? { error } : {}),
    };
  }

  async #runTop(
    agent: AgentDefinition,
    path: string,
    history: HistoryMessage[],
    message: string,
  ): Promise<AgentEnd> {
    const prompt = await this.#promptContext();
    const tools = this.#toolsOf(agent);
    this.#speaker.speakFor(agent, tools);
    return this.#run({
      path,
      role: agent.role,
      system: composePrompt(agent, prompt),
      tools,
      messages: fitHistory(history, message, { tokensMax: HISTORY_TOKENS_MAX }),
      stepLimit: agent.stepLimit,
      maxTokens: this.#request.responseTokensMax,
      speaker: this.#speaker,
      endsOn: handOverTool.name,
    });
  }

  #run(run: AgentRun): Promise<AgentEnd> {
    const { model, modelSlots, journal, signal, approve } = this.#ports;
    return runAgent(run, {
      model,
      modelSlots,
      journal,
      signal,
      approve: (ask) => approve(ask, { timezone: this.#timezone }),
      budget: this.#budget,
      autoApprove: this.#request.autoApprove,
      toolContext: (position) => this.#toolContext(position),
      progress: (phase, label) => this.#speaker.progress(phase, label),
      report: (failure) => this.#ports.log.error({ event: "tool.failed", code: failure.code }, failure),
    });
  }

  async #promptContext(): Promise<PromptContext> {
    const { now, locale, scope, deviceOnline, clientContext } = this.#request;
    const context: PromptContext = {
      now,
      timezone: this.#timezone,
      locale,
      deviceOnline,
      ...(this.#memory ? { memory: this.#memory } : {}),
      ...(clientContext ? { clientContext } : {}),
    };
    if (!scope) return context;
    const call = scopeCall(scope);
    if (!call) return { ...context, scope };
    this.#scopeRow ??= this.#readScope(call);
    return { ...context, scope, scopeRow: await this.#scopeRow };
  }

  async #readScope(call: DeviceCall): Promise<DeviceRow | null> {
    const outcome = await this.#device({ position: "scope/", sub: 0 }, call);
    return outcome.kind === "row" ? outcome.row : null;
  }

  #toolsOf(agent: AgentDefinition): ReadonlyMap<string, Tool> {
    const own: Tool[] = [
      { ...taskTool, ...HARMLESS, run: (input, ctx) => this.#delegate(input as TaskInput, ctx) },
      { ...todosTool, ...HARMLESS, run: async (input) => this.#showPlan(input as TodosInput) },
      { ...handOverTool, ...HARMLESS, run: async () => ({ text: "" }) },
      ...this.#memoryTools(),
    ];
    const offered = registry.offered(agent.tools);
    const tools = new Map<string, Tool>();
    for (const name of agent.tools) {
      const tool = own.find((each) => each.name === name) ?? offered.get(name);
      if (tool) tools.set(name, tool);
    }
    return tools;
  }

  #memoryTools(): Tool[] {
    const { memory } = this.#ports;
    if (!memory) return [];
    return [
      {
        ...updateCoreTool,
        ...HARMLESS,
        run: async (input, { position }) => memory.learn(position, input as UpdateCoreInput, this.#ownWords),
      },
      {
        ...recallTool,
        ...HARMLESS,
        run: async (input) => recalled(await memory.recall((input as RecallInput).query)),
      },
    ];
  }

  /** Runs a sub-agent in a context of its own; its answer is all that comes back. */
  async #delegate(input: TaskInput, ctx: ToolContext): Promise<{ text: string; isError?: boolean }> {
    const agent = SUB_AGENTS[input.agent];
    const isReplayed = this.#ports.journal.find(ctx.position, 1) !== undefined;
    if (!isReplayed) this.#speaker.progress("delegating", DELEGATION_LABELS[input.agent]);
    const end = await this.#delegations.run(async () =>
      this.#run({
        path: ctx.position,
        role: agent.role,
        system: composePrompt(agent, await this.#promptContext()),
        tools: this.#toolsOf(agent),
        messages: [{ role: "user", content: delegationMessage(input) }],
        stepLimit: agent.stepLimit,
        maxTokens: this.#request.responseTokensMax,
      }),
    );
    if (end.kind === "answer" && end.text.trim() !== "") return { text: end.text };
    return {
      text: "The specialist gave no answer. Answer without it, or say what is missing.",
      isError: true,
    };
  }

  #showPlan({ todos }: TodosInput): { text: string } {
    const current =
      todos.find((todo) => todo.status === "in_progress") ?? todos.find((todo) => todo.status === "pending");
    if (current) this.#speaker.progress("thinking", current.text);
    return { text: "Noted." };
  }

  #toolContext(position: string): ToolContext {
    let sub = 0;
    return {
      position,
      device: (call) => this.#device({ position, sub: sub++ }, call),
      embed: this.#ports.embed,
      timezone: this.#timezone,
      now: this.#request.now,
      signal: this.#ports.signal,
    };
  }

  /** A read that the device did not answer is tried once more, under an id of its own. */
  async #device(place: Omit<CallPlace, "attempt">, call: DeviceCall): Promise<DeviceOutcome> {
    let outcome = await this.#ports.device({ ...place, attempt: 1 }, call);
    const isUnanswered = outcome.kind === "error" && outcome.code === "tool_timeout";
    // The code is the device's word too: a change it speaks of so may have been made.
    if (isUnanswered && !MUTATING_ACTIONS.has(call.action)) {
      outcome = await this.#ports.device({ ...place, attempt: 2 }, call);
    }
    this.#entities.noteOutcome(call.table, outcome);
    const mutation = mutationOf(call, outcome);
    if (mutation) this.#mutations.push(mutation);
    return outcome;
  }
}

function isPerson({ role }: HistoryMessage): boolean {
  return role === "user";
}

const HARMLESS = { readOnly: true, idempotent: true, destructive: false } as const;

const DELEGATION_LABELS: Record<Domain, string> = {
  tasks: "Working on your tasks",
  projects: "Working on your projects",
  timelines: "Working on your milestones",
  notes: "Working on your notes",
};
