/**
 * The device protocol, version 3: one schema per frame, shared by hub and device SDK (spec 3).
 * Field names are snake_case in frames; inside `data`, `filters` and `row` the device's own camelCase columns.
 * Unknown fields are ignored.
 */
import * as z from "zod";
import { Citation } from "../knowledge/protocol.ts";
import { AskedAgent, TurnError, TurnStatus, TurnUsage } from "./turn-result.ts";

export { EVENT_TOPICS, PublishedEvent } from "./event-topics.ts";

export const PROTOCOL_VERSION = 3;
export const SUBPROTOCOL = "adjutant.v3";

/** Bytes of one text frame; a larger one closes the socket with 1009. */
export const MAX_FRAME_BYTES = 1024 * 1024;
export const MAX_MESSAGE_CHARS = 100_000;
export const ID_CHARS_MAX = 200;
export const ROWS_MAX = 200;

/** The exact texts of the heartbeat: the runtime matches them byte by byte and answers without waking the hub. */
export const PING_TEXT = '{"type":"ping"}';
export const PONG_TEXT = '{"type":"pong"}';

/** Why the hub ended a socket. A deploy ends it without a word (1006 or 1012): reconnect and resume. */
export const CLOSE = {
  protocolAbuse: 4400,
  sessionEnded: 4401,
  disabled: 4403,
  silent: 4408,
  replaced: 4409,
  rateLimited: 4429,
  frameTooLarge: 1009,
} as const;

const id = z.string().min(1).max(ID_CHARS_MAX);
/** Made by a client. Rests in the clear and is logged, so it has no room for words; and every store keeps it the same. */
export const ClientMadeId = z
  .string()
  .max(200)
  .regex(/^[\x21-\x7e]+$/, "must be printable ASCII without spaces");
/** Any JSON object. Its fields are the device's or a tool's business, so they are not walked here: frames are hot. */
const data = z
  .custom<Record<string, unknown>>(
    (value) => typeof value === "object" && value !== null && !Array.isArray(value),
    "must be an object",
  )
  .meta({ type: "object", additionalProperties: true });
const count = z.int().nonnegative();
const seq = z.int().positive();
const gen = z.int().positive();

export const ToolAction = z.enum([
  "select",
  "get",
  "insert",
  "update",
  "delete",
  "vector_upsert",
  "vector_search",
  "mcp_call",
]);
export type ToolAction = z.infer<typeof ToolAction>;

/** Actions whose second execution would change the device: their missed deadline is an unknown outcome. */
export const MUTATING_ACTIONS: ReadonlySet<ToolAction> = new Set([
  "insert",
  "update",
  "delete",
  "vector_upsert",
  "mcp_call",
]);

export const ToolDescriptor = z.object({
  server: id,
  name: id,
  description: z.string().max(4000).optional(),
  input_schema: data,
});
export type ToolDescriptor = z.infer<typeof ToolDescriptor>;

export const Scope = z.object({
  type: z.enum(["task", "project", "note", "timeline", "client"]),
  id: id.optional(),
});
export type Scope = z.infer<typeof Scope>;

export const HistoryMessage = z.object({
  role: z.enum(["user", "assistant"]),
  content: z.string().max(MAX_MESSAGE_CHARS),
});
export type HistoryMessage = z.infer<typeof HistoryMessage>;

export const Capabilities = z.object({
  tools: z.boolean().optional(),
  blocks: z.boolean().optional(),
  files: z.boolean().optional(),
  auto_approve: z.boolean().optional(),
  mcp: z.array(ToolDescriptor).max(200).optional(),
});
export type Capabilities = z.infer<typeof Capabilities>;

const SearchHit = z.object({ id, content: z.string(), score: z.number() });

// --- client → hub ---

export const DeviceHello = z.object({
  type: z.literal("device_hello"),
  device_id: ClientMadeId,
  agent_ids: z.array(ClientMadeId).max(100).default([]),
  protocol: z.literal(PROTOCOL_VERSION),
  capabilities: Capabilities.optional(),
  app: z
    .object({
      name: z.string().max(100),
      version: z.string().max(50),
      timezone: z.string().max(100),
      locale: z.string().max(50),
    })
    .partial()
    .optional(),
  store_id: ClientMadeId.optional(),
});
export type DeviceHello = z.infer<typeof DeviceHello>;

export const HomeRequest = z.object({
  type: z.literal("home_request"),
  request_id: ClientMadeId.optional(),
  message: z.string().min(1).max(MAX_MESSAGE_CHARS),
  chat_id: id.optional(),
  conversation_history: z.array(HistoryMessage).max(200).optional(),
});
export type HomeRequest = z.infer<typeof HomeRequest>;

export const FloatingRequest = z.object({
  type: z.literal("floating_request"),
  request_id: ClientMadeId.optional(),
  message: z.string().min(1).max(MAX_MESSAGE_CHARS),
  scope: Scope.optional(),
  chat_id: id.optional(),
});
export type FloatingRequest = z.infer<typeof FloatingRequest>;

export const Cancel = z.object({ type: z.literal("cancel"), request_id: ClientMadeId });

export const ToolError = z.union([
  z.string().max(4000),
  z.object({ code: z.string().max(100), message: z.string().max(4000) }),
]);

/** The answer to a tool call: exactly one of `row`, `rows`, `results`, `deleted`, `ok`, `error`. */
export const ToolResult = z
  .object({
    type: z.literal("tool_result"),
    id,
    epoch: count,
    row: data.nullable().optional(),
    rows: z.array(data).max(ROWS_MAX).optional(),
    results: z.array(SearchHit).max(ROWS_MAX).optional(),
    deleted: z.boolean().optional(),
    ok: z.boolean().optional(),
    error: ToolError.optional(),
  })
  .refine(
    (frame) =>
      [frame.row, frame.rows, frame.results, frame.deleted, frame.ok, frame.error].filter(
        (part) => part !== undefined,
      ).length === 1,
    { message: "exactly one of row, rows, results, deleted, ok, error is required" },
  );
export type ToolResult = z.infer<typeof ToolResult>;

export const Approve = z.object({
  type: z.literal("approve"),
  approval_id: id,
  note: z.string().max(2000).optional(),
});
export type Approve = z.infer<typeof Approve>;
export const Reject = z.object({
  type: z.literal("reject"),
  approval_id: id,
  note: z.string().max(2000).optional(),
});
export type Reject = z.infer<typeof Reject>;

export const DataResponse = z.object({ type: z.literal("data_response"), id, data: data.nullable() });
export type DataResponse = z.infer<typeof DataResponse>;

/** Asks for the frames of a turn after `after_seq`; 0 means from the first one. */
export const Resume = z.object({
  type: z.literal("resume"),
  request_id: ClientMadeId,
  gen: gen.default(1),
  after_seq: count,
});
export type Resume = z.infer<typeof Resume>;

export const Ping = z.object({ type: z.literal("ping") });
export const Pong = z.object({ type: z.literal("pong") });
export const AuthRefresh = z.object({ type: z.literal("auth_refresh"), token: z.string().max(8192) });

export const ClientFrame = z.discriminatedUnion("type", [
  DeviceHello,
  HomeRequest,
  FloatingRequest,
  Cancel,
  ToolResult,
  Approve,
  Reject,
  DataResponse,
  Resume,
  Ping,
  Pong,
  AuthRefresh,
]);
export type ClientFrame = z.infer<typeof ClientFrame>;

// --- hub → client ---

export const Welcome = z.object({
  type: z.literal("welcome"),
  device_id: id,
  session_id: id,
  user_id: id,
  tenant_id: id,
  epoch: count,
  protocol: z.literal(PROTOCOL_VERSION),
  server_time: z.int(),
  heartbeat_s: z.int(),
  /** True when this device has been connected before and the hub still knows its state. */
  resumed: z.boolean(),
  embedder: z.object({ id: z.string(), dimensions: z.int() }),
  limits: z.object({ max_frame_bytes: z.int(), tool_timeout_s: z.number(), concurrent_turns: z.int() }),
});
export type Welcome = z.infer<typeof Welcome>;

export const ToolCall = z.object({
  type: z.literal("tool_call"),
  id,
  epoch: count,
  request_id: id.optional(),
  run_id: id.optional(),
  action: ToolAction,
  table: z.string().optional(),
  data: data.optional(),
  filters: data.optional(),
  vector: z.array(z.number()).optional(),
  limit: z.int().positive().optional(),
  /** Milliseconds the device has left to answer. */
  deadline_ms: z.number(),
});
export type ToolCall = z.infer<typeof ToolCall>;

export const ToolRevoke = z.object({ type: z.literal("tool_revoke"), id });
export type ToolRevoke = z.infer<typeof ToolRevoke>;
export const ToolAck = z.object({ type: z.literal("tool_ack"), ids: z.array(id) });
export type ToolAck = z.infer<typeof ToolAck>;

const turn = { request_id: id, gen, seq };

export const StreamStart = z.object({ type: z.literal("stream_start"), ...turn, chat_id: id.optional() });
export type StreamStart = z.infer<typeof StreamStart>;
export const FloatingDomain = z.object({
  type: z.literal("floating_domain"),
  ...turn,
  domain: z.enum(["tasks", "projects", "timelines", "notes"]),
});
export type FloatingDomain = z.infer<typeof FloatingDomain>;
export const StreamText = z.object({ type: z.literal("stream_text"), ...turn, chunk: z.string() });
export type StreamText = z.infer<typeof StreamText>;
export const StreamStatus = z.object({
  type: z.literal("stream_status"),
  ...turn,
  phase: z.enum(["thinking", "delegating", "tool", "retrying"]),
  label: z.string(),
});
export type StreamStatus = z.infer<typeof StreamStatus>;
export const BlockType = z.enum(["chart", "table", "timeline", "entity_ref"]);
export type BlockType = z.infer<typeof BlockType>;
export const StreamBlock = z.object({
  type: z.literal("stream_block"),
  ...turn,
  block_type: BlockType,
  data,
});
export type StreamBlock = z.infer<typeof StreamBlock>;

/** Forget this turn's frames after `after_seq`: what follows is numbered on from there, in generation `gen`. */
export const StreamReset = z.object({
  type: z.literal("stream_reset"),
  request_id: id,
  gen,
  after_seq: count,
});
export type StreamReset = z.infer<typeof StreamReset>;

export const ApprovalRequest = z.object({
  type: z.literal("approval_request"),
  ...turn,
  approval_id: id,
  summary: z.string(),
  action: ToolAction,
  table: z.string(),
  data,
});
export type ApprovalRequest = z.infer<typeof ApprovalRequest>;

/** One change a turn made: `data` is what the call sent, `id` comes from the result. */
export const Mutation = z.object({
  action: z.enum(["insert", "update", "delete"]),
  table: z.string(),
  id,
  data,
});
export type Mutation = z.infer<typeof Mutation>;

export { AskedAgent, Citation, TurnError, TurnStatus, TurnUsage };

/** The last frame of a turn, exactly one. */
export const StreamEnd = z.object({
  type: z.literal("stream_end"),
  ...turn,
  status: TurnStatus,
  mutations: z.array(Mutation),
  usage: TurnUsage,
  citations: z.array(Citation).optional(),
  agent: AskedAgent.optional(),
  error: TurnError.optional(),
});
export type StreamEnd = z.infer<typeof StreamEnd>;

/** A change told to the user's other devices. */
export const MutationNotice = z.object({
  type: z.literal("mutation"),
  ...Mutation.shape,
  source: z.enum(["turn", "run"]),
  device_id: id,
});
export type MutationNotice = z.infer<typeof MutationNotice>;

export const DataRequest = z.object({
  type: z.literal("data_request"),
  id,
  kind: z.enum(["device_info", "schema"]),
});
export type DataRequest = z.infer<typeof DataRequest>;
/** Topics of later versions may come; `PublishedEvent` reads those of this one. */
export const HubEvent = z.object({ type: z.literal("event"), id, topic: z.string(), data });
export const AuthOk = z.object({ type: z.literal("auth_ok"), expires_at: z.string() });
export const ErrorFrame = z.object({
  type: z.literal("error"),
  code: z.string(),
  message: z.string(),
  in_reply_to: id.optional(),
  request_id: id.optional(),
  retry_after_s: z.number().optional(),
});
export type ErrorFrame = z.infer<typeof ErrorFrame>;

export const HubFrame = z.discriminatedUnion("type", [
  Welcome,
  ToolCall,
  ToolRevoke,
  ToolAck,
  StreamStart,
  FloatingDomain,
  StreamText,
  StreamStatus,
  StreamBlock,
  StreamReset,
  ApprovalRequest,
  StreamEnd,
  MutationNotice,
  DataRequest,
  HubEvent,
  AuthOk,
  ErrorFrame,
  Ping,
  Pong,
]);
export type HubFrame = z.infer<typeof HubFrame>;

/** The numbered frames of a turn: those a client can ask for again with `resume`. */
export type TurnFrame =
  | StreamStart
  | FloatingDomain
  | StreamText
  | StreamStatus
  | StreamBlock
  | ApprovalRequest
  | StreamEnd;

type Unnumbered<Frame> = Frame extends TurnFrame ? Omit<Frame, "gen" | "seq" | "request_id"> : never;
/** A turn frame before the hub has numbered it. */
export type TurnFrameBody = Unnumbered<TurnFrame>;
