/** How the Worker reaches a user's hub. The stub's type is the class itself. */
import * as z from "zod";
import type { UserHub } from "../../../durable-objects/user-hub/index.ts";
import type { Ports } from "../../platform/context.ts";
import type { AgentToRun } from "../custom-agents/schema.ts";
import type { MemoryCommand, MemoryOutcome } from "../memory/schema.ts";
import type { HistoryMessage } from "./protocol.ts";

export type HubStub = DurableObjectStub<UserHub>;

/** Whose hub: one user in one tenant. */
export interface HubOwner {
  tenantId: string;
  userId: string;
}

/** A session as the database last saw it alive. */
export interface HubSession {
  sessionId: string;
  /** Unix ms. */
  expiresAt: number;
}

/** What the edge tells a hub about the user who connects or asks: it has just asked the database. */
export interface HubAdmission extends HubOwner {
  role: "owner" | "admin" | "member" | "readonly";
  tier: string;
  wrappedDataKey: Uint8Array;
  /** False when the database remembers nothing of the user: a new hub then need not ask. Absent when nobody looked. */
  remembers?: boolean | undefined;
  /** The mark of the agents that the assistant may delegate to: a hub that holds others loads them. */
  agents?: string | undefined;
}

/** Who asks over REST. The hub refuses a session that has ended. */
export interface HubCaller extends HubAdmission {
  sessionId: string;
}

/** A turn over REST; version 1 of this message. A known `requestId` is followed from `gen` and `afterSeq` on. */
export interface ChatTurn {
  requestId: string;
  message: string;
  /** Absent: the turn begins a chat, unless an agent of the person's own is asked. */
  chatId?: string;
  /** Answers in place of the assistant. */
  agent?: AgentToRun;
  history?: HistoryMessage[];
  /** What the client knows and the turn should too: `user_profile`, `relevant_documents`, `recent_tasks`. */
  context?: Record<string, unknown>;
  gen?: number;
  afterSeq?: number;
}

/** What a hub does with its copy of the data key. */
export interface KeyCalls {
  /** Wraps it by the current master key and tells the database; without a copy it only tells. Throws when it cannot. */
  renewKey(owner: HubOwner): Promise<void>;
}

/** What a hub, the one writer of its user's memory, does for the edge and the scheduler. */
export interface MemoryCalls {
  /**
   * A person's own change. With `done` the replica, its vectors, the outbox and the database agree: what was deleted is in
   * none of them. Erasures are recorded as done by the caller.
   */
  changeMemory(caller: HubCaller, command: MemoryCommand): Promise<MemoryOutcome>;
  /** Merges, decays and derives patterns, once a day; false for a hub that does not know its user. */
  consolidateMemory(): Promise<boolean>;
}

/** The header by which the edge introduces a connection. Never taken from a client. */
export const ADMISSION_HEADER = "x-adjutant-admission";
export const TICKET_HEADER = "x-adjutant-ticket";

/** Where the edge opens a reader's socket; `after` names the last event that it knows. */
export const EVENTS_PATH = "/events";
/** How often the edge gives a sign of life there: it may end without a close. */
export const READER_BEAT_MS = 20_000;

const Namespace = z.custom<DurableObjectNamespace<UserHub>>();

export function hubOf({ userHub }: Pick<Ports, "userHub">, { tenantId, userId }: HubOwner): HubStub {
  return Namespace.parse(userHub).getByName(`${tenantId}:${userId}`);
}
