/**
 * The device protocol, version 3: one schema per frame, shared by hub and device SDK (spec 3).
 * Field names are snake_case in frames; inside `data`, `filters` and `row` the device's own camelCase columns.
 * Unknown fields are ignored.
 */
export { Citation } from "../knowledge/protocol.ts";
export { EVENT_TOPICS, PublishedEvent } from "./event-topics.ts";
export * from "./protocol-client.ts";
export * from "./protocol-hub.ts";
export {
  Capabilities,
  CLOSE,
  ClientMadeId,
  HistoryMessage,
  ID_CHARS_MAX,
  MAX_FRAME_BYTES,
  MAX_MESSAGE_CHARS,
  MUTATING_ACTIONS,
  PING_TEXT,
  PONG_TEXT,
  PROTOCOL_VERSION,
  ROWS_MAX,
  Scope,
  SUBPROTOCOL,
  ToolAction,
  ToolDescriptor,
} from "./protocol-parts.ts";
export { AskedAgent, TurnError, TurnStatus, TurnUsage } from "./turn-result.ts";
