/** What frames in both directions are made of. */
import * as z from "zod";

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

export const Id = z.string().min(1).max(ID_CHARS_MAX);
/** Made by a client. Rests in the clear and is logged, so it has no room for words; and every store keeps it the same. */
export const ClientMadeId = z
  .string()
  .max(200)
  .regex(/^[\x21-\x7e]+$/, "must be printable ASCII without spaces");
/** Any JSON object. Its fields are the device's or a tool's business, so they are not walked here: frames are hot. */
export const Data = z
  .custom<Record<string, unknown>>(
    (value) => typeof value === "object" && value !== null && !Array.isArray(value),
    "must be an object",
  )
  .meta({ type: "object", additionalProperties: true });
export const Count = z.int().nonnegative();
export const Seq = z.int().positive();
export const Gen = z.int().positive();

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
  server: Id,
  name: Id,
  description: z.string().max(4000).optional(),
  input_schema: Data,
});
export type ToolDescriptor = z.infer<typeof ToolDescriptor>;

export const Scope = z.object({
  type: z.enum(["task", "project", "note", "timeline", "client"]),
  id: Id.optional(),
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
