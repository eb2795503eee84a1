import type { AgentToRun } from "../../src/features/custom-agents/schema.ts";
import type { HistoryMessage, Scope } from "../../src/features/hub/protocol.ts";
import type { Origin, TurnInput } from "./turn-record.ts";
import type { TurnServices } from "./turn-services.ts";

/** What a client asks for. */
export interface TurnRequest {
  requestId: string;
  kind: "home" | "floating";
  message: string;
  scope?: Scope;
  chatId?: string;
  /** Answers in place of the assistant. */
  agent?: AgentToRun;
  /** The turn begins a chat of its own. */
  startsChat: boolean;
  /** What the client itself knows of the conversation; the history of a chat wins over it. */
  history?: HistoryMessage[];
  /** What the client knows and the turn should too. */
  context?: Record<string, unknown>;
}

/** Who asks, and what their client can do. */
export interface TurnOrigin {
  /** Null for a REST call. */
  connection: Origin | null;
  blocks: boolean;
  autoApprove: boolean;
  canAsk: boolean;
}

/** What is kept of a request: everything that its turn needs, at each replay too. */
export function turnInput(
  request: TurnRequest,
  origin: TurnOrigin,
  chatId: string | undefined,
  surroundings: ReturnType<TurnServices["surroundingsOf"]>,
): TurnInput {
  return {
    version: 1,
    kind: request.kind,
    message: request.message,
    ...(request.scope ? { scope: request.scope } : {}),
    ...(chatId === undefined ? {} : { chatId }),
    ...(request.startsChat ? { startsChat: true } : {}),
    ...(request.agent ? { agent: request.agent } : {}),
    history: request.chatId === undefined ? (request.history ?? []) : [],
    ...(request.context ? { context: request.context } : {}),
    ...surroundings,
    blocks: origin.blocks,
    autoApprove: origin.autoApprove,
    canAsk: origin.canAsk,
  };
}
