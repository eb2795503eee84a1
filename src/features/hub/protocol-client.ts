/** The frames of a client. */
import * as z from "zod";
import {
  Capabilities,
  ClientMadeId,
  Count,
  Data,
  Gen,
  HistoryMessage,
  Id,
  MAX_MESSAGE_CHARS,
  PROTOCOL_VERSION,
  ROWS_MAX,
  Scope,
} from "./protocol-parts.ts";

const SearchHit = z.object({ id: Id, content: z.string(), score: z.number() });

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
  chat_id: Id.optional(),
  conversation_history: z.array(HistoryMessage).max(200).optional(),
});
export type HomeRequest = z.infer<typeof HomeRequest>;

export const FloatingRequest = z.object({
  type: z.literal("floating_request"),
  request_id: ClientMadeId.optional(),
  message: z.string().min(1).max(MAX_MESSAGE_CHARS),
  scope: Scope.optional(),
  chat_id: Id.optional(),
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
    id: Id,
    epoch: Count,
    row: Data.nullable().optional(),
    rows: z.array(Data).max(ROWS_MAX).optional(),
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
  approval_id: Id,
  note: z.string().max(2000).optional(),
});
export type Approve = z.infer<typeof Approve>;
export const Reject = z.object({
  type: z.literal("reject"),
  approval_id: Id,
  note: z.string().max(2000).optional(),
});
export type Reject = z.infer<typeof Reject>;

export const DataResponse = z.object({ type: z.literal("data_response"), id: Id, data: Data.nullable() });
export type DataResponse = z.infer<typeof DataResponse>;

/** Asks for the frames of a turn after `after_seq`; 0 means from the first one. */
export const Resume = z.object({
  type: z.literal("resume"),
  request_id: ClientMadeId,
  gen: Gen.default(1),
  after_seq: Count,
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
