/**
 * One turn from request to result: which agent answers, with which tools, what it says and what it changed. Everything
 * durable comes in as ports; called again over the same journal, it goes on where it was.
 */
import { AppError } from "../../lib/errors.ts";
import { Semaphore } from "../../lib/semaphore.ts";
import type { HistoryMessage } from "../hub/protocol.ts";
import { type ToolContext, type ToolOutput, TurnSuspended } from "../tools/types.ts";
import { type AgentDefinition, FLOATING_SUPERVISOR } from "./agents.ts";
import { jointBudget, TurnBudget } from "./budget.ts";
import { delegationMessage, handOverTool, scopeDomain, type TaskInput, type TodosInput } from "./delegate.ts";
import { TurnEntities } from "./entities.ts";
import { describeFailure, type TurnFailure } from "./failure.ts";
import { fitHistory } from "./history.ts";
import { type AgentEnd, type AgentRun, runAgent } from "./loop.ts";
import { turnZone } from "./memory.ts";
import { composePrompt, type MemoryContext } from "./prompts/compose.ts";
import type { RunMeter } from "./run-meter.ts";
import { TurnSpeaker } from "./speaker.ts";
import { CUT, Stage, type StagePorts } from "./stage.ts";
import { specialistOf, topAgentOf } from "./turn-agents.ts";
import { TurnDevice } from "./turn-device.ts";
import { TurnSituation } from "./turn-situation.ts";
import { TurnTools } from "./turn-tools.ts";
import { TurnWords } from "./turn-words.ts";
import type { AgentProgram, TurnPorts, TurnRequest, TurnResult } from "./types.ts";

const DELEGATIONS_MAX = 3;
/** Tokens of a chat's history that a turn begins with. */
const HISTORY_TOKENS_MAX = 12_000;

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
  readonly #device: TurnDevice;
  readonly #situation: TurnSituation;
  readonly #tools: TurnTools;
  readonly #budget: TurnBudget;
  readonly #speaker: TurnSpeaker;
  readonly #delegations = new Semaphore(DELEGATIONS_MAX);
  readonly #words = new TurnWords();
  #memory: MemoryContext | undefined;
  #added: Pick<TurnResult, "citations" | "answeredBy"> = {};
  #timezone: string;

  constructor(request: TurnRequest, ports: TurnPorts) {
    this.#request = request;
    this.#ports = ports;
    this.#timezone = request.timezone;
    this.#budget = new TurnBudget(request.tokensMax);
    const entities = new TurnEntities();
    this.#device = new TurnDevice(ports.device, entities);
    this.#situation = new TurnSituation(request, this.#device);
    this.#tools = new TurnTools({
      extraTools: ports.extraTools ?? [],
      extraAgents: request.extraAgents ?? [],
      memory: ports.memory,
      words: this.#words,
      delegate: (input, ctx) => this.#delegate(input, ctx),
      showPlan: (input) => this.#showPlan(input),
    });
    this.#speaker = new TurnSpeaker({
      frames: ports.frames,
      entities,
      mode: request.kind === "floating" ? "plain" : request.blocks ? "blocks" : "tags",
      opening: request.kind === "home" ? "at_once" : "with_domain",
      domain: scopeDomain(request.scope),
      chatId: request.chatId,
      log: ports.log,
    });
  }

  /** Undefined when the turn was answered. */
  async answer(): Promise<TurnFailure | undefined> {
    this.#speaker.open();
    if (this.#request.program) return this.#perform(this.#request.program);
    const [history, memory] = await Promise.all([this.#request.loadHistory(), this.#ports.memory?.context()]);
    this.#memory = memory;
    this.#timezone = turnZone(memory, this.#request.timezone);
    this.#words.begin(this.#request.message, this.#request.isHistoryKept ? history : []);
    let end = await this.#runTop(topAgentOf(this.#request), "", history, this.#request.message);
    if (end.kind === "ended_by_tool") {
      const instruction = end.input["instruction"];
      const message =
        typeof instruction === "string" && instruction !== "" ? instruction : this.#request.message;
      end = await this.#runTop(FLOATING_SUPERVISOR, "h/", history, message);
    }
    if (end.kind !== "answer") return describeFailure(new AppError("turn_too_large"));
    if (end.stopReason === "refusal") return describeFailure(new AppError("model_refused"));
    if (end.stopReason === "max_tokens") this.#speaker.remark(CUT);
    const closing = this.#ports.memory?.closing();
    if (closing !== undefined) this.#speaker.recite(closing);
    return undefined;
  }

  async #perform(program: AgentProgram): Promise<undefined> {
    const history = await this.#request.loadHistory();
    const place = {
      path: "",
      message: this.#request.message,
      history,
      isTop: true,
      signal: this.#ports.signal,
    };
    await program(new Stage(this.#stagePorts(), place));
  }

  #stagePorts(): StagePorts {
    return {
      run: (run, around) => this.#run(run, around),
      toolsOf: (agent) => this.#tools.of(agent, { isDelegated: true }),
      prompt: () => this.#situation.describe(this.#timezone, undefined),
      journal: this.#ports.journal,
      speaker: this.#speaker,
      add: (parts) => {
        this.#added = { ...this.#added, ...parts };
      },
      responseTokensMax: this.#request.responseTokensMax,
      historyTokensMax: HISTORY_TOKENS_MAX,
    };
  }

  result(status: TurnResult["status"], error?: TurnFailure): TurnResult {
    this.#speaker.close();
    return {
      status,
      text: this.#speaker.transcript,
      mutations: this.#device.mutations,
      usage: this.#budget.usage,
      ...this.#added,
      ...(error ? { error } : {}),
    };
  }

  async #runTop(
    agent: AgentDefinition,
    path: string,
    history: HistoryMessage[],
    message: string,
  ): Promise<AgentEnd> {
    const prompt = await this.#situation.describe(this.#timezone, this.#memory);
    // A row on the device may hold anybody's words.
    if (prompt.scopeRow) this.#words.noteOthers();
    const tools = this.#tools.of(agent, { isDelegated: false });
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

  /** `around` is what an agent of the person's own is held to besides the turn. */
  #run(
    run: AgentRun,
    around: { meter?: RunMeter | undefined; signal?: AbortSignal } = {},
  ): Promise<AgentEnd> {
    const { model, modelSlots, journal, approve } = this.#ports;
    const { signal = this.#ports.signal, meter } = around;
    const watched = { ...run, tools: this.#words.watching(run.tools) };
    return runAgent(watched, {
      model,
      modelSlots,
      journal,
      signal,
      approve: (ask) => approve(ask, { timezone: this.#timezone }),
      budget: meter ? jointBudget(this.#budget, meter) : this.#budget,
      autoApprove: this.#request.autoApprove,
      toolContext: (position) => this.#toolContext(position, signal),
      progress: (phase, label) => this.#speaker.progress(phase, label),
      report: (failure) => this.#ports.log.error({ event: "tool.failed", code: failure.code }, failure),
    });
  }

  /** Runs a sub-agent in a context of its own; its answer is all that comes back. */
  async #delegate(input: TaskInput, ctx: ToolContext): Promise<ToolOutput> {
    const { works, label } = specialistOf(this.#request, input.agent);
    const isReplayed = this.#ports.journal.find(ctx.position, 1) !== undefined;
    if (!isReplayed) this.#speaker.progress("delegating", label);
    const message = delegationMessage(input);
    if ("program" in works) return this.#askProgram(works.program, message, ctx);
    const { definition: agent } = works;
    const end = await this.#delegations.run(async () =>
      this.#run({
        path: ctx.position,
        role: agent.role,
        system: composePrompt(agent, await this.#situation.describe(this.#timezone, this.#memory)),
        tools: this.#tools.of(agent, { isDelegated: true }),
        messages: [{ role: "user", content: message }],
        stepLimit: agent.stepLimit,
        maxTokens: this.#request.responseTokensMax,
      }),
    );
    return end.kind === "answer" && end.text.trim() !== "" ? { text: end.text } : NO_ANSWER;
  }

  async #askProgram(program: AgentProgram, message: string, ctx: ToolContext): Promise<ToolOutput> {
    const place = { path: ctx.position, message, history: [], isTop: false, signal: ctx.signal };
    const text = await this.#delegations.run(() => program(new Stage(this.#stagePorts(), place)));
    return text.trim() === "" ? NO_ANSWER : { text };
  }

  #showPlan({ todos }: TodosInput): ToolOutput {
    const current =
      todos.find((todo) => todo.status === "in_progress") ?? todos.find((todo) => todo.status === "pending");
    if (current) this.#speaker.plan(current.text);
    return { text: "Noted." };
  }

  #toolContext(position: string, signal: AbortSignal): ToolContext {
    let sub = 0;
    return {
      position,
      device: (call) => this.#device.call({ position, sub: sub++ }, call),
      embed: this.#ports.embed,
      keep: (make) => this.#ports.journal.keep(`${position}kept`, make),
      used: (unit) => this.#budget.use(unit),
      timezone: this.#timezone,
      now: this.#request.now,
      signal,
    };
  }
}

const NO_ANSWER: ToolOutput = {
  text: "The specialist gave no answer. Answer without it, or say what is missing.",
  isError: true,
};
