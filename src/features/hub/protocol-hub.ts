/** The frames of the hub. */
import * as z from "zod";
import { Citation } from "../knowledge/protocol.ts";
import { Ping, Pong } from "./protocol-client.ts";
import { Count, Data, Gen, Id, PROTOCOL_VERSION, Seq, ToolAction } from "./protocol-parts.ts";
import { AskedAgent, TurnError, TurnStatus, TurnUsage } from "./turn-result.ts";

export const Welcome = z.object({
  type: z.literal("welcome"),
  device_id: Id,
  session_id: Id,
  user_id: Id,
  tenant_id: Id,
  epoch: Count,
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
  id: Id,
  epoch: Count,
  request_id: Id.optional(),
  run_id: Id.optional(),
  action: ToolAction,
  table: z.string().optional(),
  data: Data.optional(),
  filters: Data.optional(),
  vector: z.array(z.number()).optional(),
  limit: z.int().positive().optional(),
  /** Milliseconds the device has left to answer. */
  deadline_ms: z.number(),
});
export type ToolCall = z.infer<typeof ToolCall>;

export const ToolRevoke = z.object({ type: z.literal("tool_revoke"), id: Id });
export type ToolRevoke = z.infer<typeof ToolRevoke>;
export const ToolAck = z.object({ type: z.literal("tool_ack"), ids: z.array(Id) });
export type ToolAck = z.infer<typeof ToolAck>;

const turn = { request_id: Id, gen: Gen, seq: Seq };

export const StreamStart = z.object({ type: z.literal("stream_start"), ...turn, chat_id: Id.optional() });
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
  data: Data,
});
export type StreamBlock = z.infer<typeof StreamBlock>;

/** Forget this turn's frames after `after_seq`: what follows is numbered on from there, in generation `gen`. */
export const StreamReset = z.object({
  type: z.literal("stream_reset"),
  request_id: Id,
  gen: Gen,
  after_seq: Count,
});
export type StreamReset = z.infer<typeof StreamReset>;

export const ApprovalRequest = z.object({
  type: z.literal("approval_request"),
  ...turn,
  approval_id: Id,
  summary: z.string(),
  action: ToolAction,
  table: z.string(),
  data: Data,
});
export type ApprovalRequest = z.infer<typeof ApprovalRequest>;

/** One change a turn made: `data` is what the call sent, `id` comes from the result. */
export const Mutation = z.object({
  action: z.enum(["insert", "update", "delete"]),
  table: z.string(),
  id: Id,
  data: Data,
});
export type Mutation = z.infer<typeof Mutation>;

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
  device_id: Id,
});
export type MutationNotice = z.infer<typeof MutationNotice>;

export const DataRequest = z.object({
  type: z.literal("data_request"),
  id: Id,
  kind: z.enum(["device_info", "schema"]),
});
export type DataRequest = z.infer<typeof DataRequest>;
/** Topics of later versions may come; `PublishedEvent` reads those of this one. */
export const HubEvent = z.object({ type: z.literal("event"), id: Id, topic: z.string(), data: Data });
export const AuthOk = z.object({ type: z.literal("auth_ok"), expires_at: z.string() });
export const ErrorFrame = z.object({
  type: z.literal("error"),
  code: z.string(),
  message: z.string(),
  in_reply_to: Id.optional(),
  request_id: Id.optional(),
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
