/** What a turn and its loop are given, and what comes of them: the contracts with whoever runs turns. */
import type { Logger } from "../../lib/logger.ts";
import type { Semaphore } from "../../lib/semaphore.ts";
import type { ModelClient, ModelResponse } from "../../platform/model-port.ts";
import type {
  AskedAgent,
  Citation,
  HistoryMessage,
  Mutation,
  Scope,
  TurnFrameBody,
  TurnUsage,
} from "../hub/protocol.ts";
import type { DeviceCall, DeviceOutcome, Tool } from "../tools/types.ts";
import type { AgentDefinition, DelegableAgent } from "./agents.ts";
import type { TurnFailure } from "./failure.ts";
import type { TurnMemory } from "./memory.ts";

export type { AgentDefinition, DelegableAgent } from "./agents.ts";

export interface TurnRequest {
  kind: "home" | "floating";
  message: string;
  scope?: Scope | undefined;
  chatId?: string | undefined;
  /** What the client knows and wants considered. */
  clientContext?: Record<string, unknown> | undefined;
  /** What was said before. Throws `not_found` when the chat does not exist. */
  loadHistory(): Promise<HistoryMessage[]>;
  /** It was kept here; else it is what a client says was said, of which nothing may be remembered. */
  isHistoryKept: boolean;
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
  /** Answers in place of the supervisor or domain agent that the kind and the scope call for. The same at each replay. */
  topAgent?: AgentDefinition | undefined;
  /** Answers in place of any of ours, and sees only what it asks for: nothing is remembered for it or from it. */
  program?: AgentProgram | undefined;
  /** What agents with the `task` tool can delegate to besides the domains. The same at each replay. */
  extraAgents?: readonly DelegableAgent[] | undefined;
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
  /**
   * Tools besides those of the workspace and of the turn itself, none of which they can replace. Offered to the agents that
   * name them. They run again at each replay of the turn: running twice must do no more than running once.
   */
  extraTools?: readonly Tool[];
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
  /** What the answer's marks `[1]` stand for. */
  citations?: readonly Citation[];
  /** Which of the person's own agents answered. */
  answeredBy?: AnsweringAgent;
  error?: TurnFailure;
}

export interface JournaledStep {
  response: ModelResponse;
  /** Mutating tool uses in all responses journaled before this one: what the approval rule counts from. */
  mutationsBefore: number;
  /** Mutating tool uses in this one. */
  mutations: number;
}

export interface StepJournal {
  /** The response journaled for this step of the agent at `path`. */
  find(path: string, step: number): JournaledStep | undefined;
  /**
   * Journals a response. A `durable` one is committed, with every outcome and frame since the last commit, before this
   * returns: only then may its tool uses have effects. Another waits for the next commit; lost, it is asked for again.
   */
  record(
    path: string,
    step: number,
    response: ModelResponse,
    options: { mutations: number; durable: boolean },
  ): JournaledStep;
}

export interface TurnJournal extends StepJournal {
  /**
   * What `make` gave when the turn first came to this place: JSON, journaled with the next commit. For what a replay must
   * not find otherwise than it was.
   */
  keep(place: string, make: () => Promise<unknown>): Promise<unknown>;
}

export interface ApprovalAsk {
  position: string;
  tool: Tool;
  input: unknown;
}

export type ApprovalDecision = { kind: "approved" } | { kind: "declined"; reason: string };

export type AnsweringAgent = NonNullable<AskedAgent["answered_by"]>;

/** How an agent works that does more than follow one prompt in steps. The same at each replay. Its answer is returned. */
export type AgentProgram = (stage: AgentStage) => Promise<string>;

/** What one run of an agent may use up, over all its model calls. */
export interface RunLimits {
  /** Input and output tokens. */
  tokensMax: number;
  toolCallsMax: number;
  timeMs: number;
}

/** What a program works with. */
export interface AgentStage {
  /** What the agent is asked. */
  readonly message: string;
  /** It answers the person, not another agent. */
  readonly isTop: boolean;
  /** Ends with the turn, or when the time of the agent is over. */
  readonly signal: AbortSignal;
  /**
   * Has a model work. Throws `model_refused`, `turn_too_large`, and `agent_limit_reached` when a limit of `within` is.
   */
  run(part: StagePart): Promise<StageAnswer>;
  /** The same stage with limits of its own, inside those there are; `path` sets its places apart. */
  within<Result>(
    path: string,
    limits: RunLimits,
    work: (stage: AgentStage) => Promise<Result>,
  ): Promise<Result>;
  /** As `TurnJournal.keep`. */
  keep(place: string, make: () => Promise<unknown>): Promise<unknown>;
  /** Words of the program itself, filtered as those of a model are. For the person alone. */
  say(text: string): void;
  /** Names what the answer's marks stand for. For the person alone. */
  cite(citations: readonly Citation[]): void;
  /** Names who answers. Of the person alone, as above. */
  answeredBy(agent: AnsweringAgent): void;
  /** Progress a person can read. */
  progress(label: string): void;
}

export interface StagePart {
  /** Sets this part apart from others of the program: the same at each replay. */
  path: string;
  agent: AgentDefinition;
  /** In place of what the agent is asked. */
  message?: string;
  /** It knows what was said before. */
  withHistory?: boolean;
  /** Besides those that the agent names. */
  tools?: readonly Tool[];
  /** Ends the part when this tool is used; its input is the answer. */
  endsOn?: string;
  /** Its words go to the person as they are written, when the agent is the top one; read through this. */
  speaksThrough?: () => TextReader;
}

export type StageAnswer =
  | { kind: "answer"; text: string }
  | { kind: "ended_by_tool"; input: Record<string, unknown> };

/** Reads a text as it is written and gives on what can be given on. */
export interface TextReader {
  push(delta: string): string;
  end(): string;
}
