/** What a turn and its loop are given, and what comes of them: the contracts with whoever runs turns. */
import type { Logger } from "../../lib/logger.ts";
import type { Semaphore } from "../../lib/semaphore.ts";
import type { ModelClient, ModelResponse } from "../../platform/model-port.ts";
import type { HistoryMessage, Mutation, Scope, TurnFrameBody, TurnUsage } from "../hub/protocol.ts";
import type { DeviceCall, DeviceOutcome, Tool } from "../tools/types.ts";
import type { AgentDefinition, DelegableAgent } from "./agents.ts";
import type { TurnFailure } from "./failure.ts";
import type { TurnMemory } from "./memory.ts";

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
  /** Answers in place of the supervisor or domain agent that the kind and the scope call for. The same at each replay. */
  topAgent?: AgentDefinition | undefined;
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
  error?: TurnFailure;
}

export interface JournaledStep {
  response: ModelResponse;
  /** Mutating tool uses in all responses journaled before this one: what the approval rule counts from. */
  mutationsBefore: number;
  /** Mutating tool uses in this one. */
  mutations: number;
}

export interface TurnJournal {
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

export interface ApprovalAsk {
  position: string;
  tool: Tool;
  input: unknown;
}

export type ApprovalDecision = { kind: "approved" } | { kind: "declined"; reason: string };
