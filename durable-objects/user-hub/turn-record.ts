/** What is known of a turn from its admission on. */
import * as z from "zod";
import { AgentToRun } from "../../src/features/custom-agents/schema.ts";
import { HistoryMessage, Scope } from "../../src/features/hub/protocol.ts";
import type { ResetPoint } from "./core/frame-log.ts";
import type { TurnState } from "./core/turn-state.ts";

/** What a turn was asked, sealed with it. Read back after an eviction, possibly by a newer version of this code. */
export const TurnInput = z.object({
  version: z.literal(1),
  kind: z.enum(["home", "floating"]),
  message: z.string(),
  scope: Scope.optional(),
  chatId: z.string().optional(),
  /** It began the chat. */
  startsChat: z.boolean().optional(),
  /** The agent that answers, as it was when it was asked. */
  agent: AgentToRun.optional(),
  /** What the client sent along; null when the history is that of the chat. */
  history: z.array(HistoryMessage),
  context: z.record(z.string(), z.unknown()).optional(),
  timezone: z.string(),
  locale: z.string(),
  /** The client shows typed blocks. */
  blocks: z.boolean(),
  /** The client answers approvals for its user. */
  autoApprove: z.boolean(),
  /** A socket can ask its person for an approval; a REST call cannot. */
  canAsk: z.boolean(),
});
export type TurnInput = z.infer<typeof TurnInput>;

/** The one database a turn works on. */
export interface Binding {
  deviceId: string | null;
  storeId: string | null;
}

/** A connection: its device, and the epoch of that. */
export interface Origin {
  deviceId: string;
  epoch: number;
}

export interface TurnRow {
  requestId: string;
  state: TurnState;
  resets: ResetPoint[];
  /** The connection that asked; null for REST. */
  origin: Origin | null;
  binding: Binding;
  createdAt: number;
}
