import type { StreamReset, TurnFrame, TurnStatus } from "../../src/features/hub/protocol.ts";
import type { DeviceCall, DeviceOutcome } from "../../src/features/tools/types.ts";
import type { Logger } from "../../src/lib/logger.ts";
import type { Clock } from "../../src/lib/time.ts";
import type { Metrics } from "../../src/platform/metrics.ts";
import type { AgentRoster } from "./agent-roster.ts";
import type { ApprovalStore } from "./approval-store.ts";
import type { ChatStore } from "./chat-store.ts";
import type { CallLimits } from "./core/pending-call.ts";
import type { TurnState } from "./core/turn-state.ts";
import type { DataRequests } from "./data-requests.ts";
import type { DeviceStore } from "./device-store.ts";
import type { ExecutionStore } from "./execution-store.ts";
import type { HubMemory } from "./memory.ts";
import type { PendingCalls } from "./pending-calls.ts";
import type { HubStorage } from "./storage.ts";
import type { TurnRow } from "./turn-record.ts";
import type { TurnStore } from "./turn-store.ts";
import type { Vault } from "./vault.ts";

export interface HubLimits extends CallLimits {
  approvalTtlMs: number;
  turnDeadlineMs: number;
  /** Input and output tokens of one turn. */
  turnTokens: number;
  /** Output tokens of one response. */
  responseTokens: number;
  turnsPerUser: number;
  /** How long the frames of an ended turn can be asked for again. */
  replayKeepMs: number;
  helloTimeoutMs: number;
  pongTimeoutMs: number;
}

/** What a running turn needs of its hub. */
export interface HubParts {
  clock: Clock;
  log: Logger;
  metrics: Metrics;
  limits: HubLimits;
  storage: HubStorage;
  vault: Vault;
  turns: TurnStore;
  devices: DeviceStore;
  approvals: ApprovalStore;
  chats: ChatStore;
  executions: ExecutionStore;
  memory: HubMemory;
  roster: AgentRoster;
  calls: PendingCalls;
  questions: DataRequests;
  /** Sends a frame to everyone who follows the turn. */
  deliver(turn: TurnRow, frame: TurnFrame | StreamReset): void;
  /** When a turn in this state must be looked at again. */
  dueAt(state: TurnState): number;
  /** Writes the turn's state with the time it must be looked at again, and the alarm for it. Part of the caller's commit. */
  saveTurn(turn: TurnRow, status?: TurnStatus): void;
  /** Makes sure that the alarm rings by then. */
  armAt(at: number): void;
  /** Tells the device that these results are safe here. */
  acknowledge(deviceId: string, callIds: string[]): void;
  /** Tells the user's other devices of a change this one made. */
  announce(deviceId: string, call: DeviceCall, outcome: DeviceOutcome): void;
}
