/** The part of the Messages API (version 2026-10-21) that the stand-in speaks: requests and error bodies. */
import { z } from "zod";

const CacheControl = z
  .object({ type: z.literal("ephemeral"), ttl: z.enum(["5m", "1h"]).optional() })
  .nullish();

const TextBlock = z.object({ type: z.literal("text"), text: z.string().min(1), cache_control: CacheControl });
const ToolUseBlock = z.object({
  type: z.literal("tool_use"),
  id: z.string().regex(/^[\w-]+$/),
  name: z.string().min(1),
  input: z.record(z.string(), z.unknown()),
  cache_control: CacheControl,
});
const ToolResultBlock = z.object({
  type: z.literal("tool_result"),
  tool_use_id: z.string(),
  content: z.union([z.string(), z.array(TextBlock)]).optional(),
  is_error: z.boolean().optional(),
  cache_control: CacheControl,
});
const ThinkingBlock = z.object({ type: z.literal("thinking"), thinking: z.string(), signature: z.string() });
const RedactedBlock = z.object({ type: z.literal("redacted_thinking"), data: z.string() });

const Block = z.discriminatedUnion("type", [
  TextBlock,
  ToolUseBlock,
  ToolResultBlock,
  ThinkingBlock,
  RedactedBlock,
]);
export type WireBlock = z.infer<typeof Block>;

const Message = z.object({
  role: z.enum(["user", "assistant"]),
  content: z.union([z.string().min(1), z.array(Block).min(1)]),
});
export type WireMessage = z.infer<typeof Message>;

const Tool = z.object({
  name: z.string().regex(/^[a-zA-Z0-9_-]{1,128}$/),
  description: z.string().optional(),
  input_schema: z.looseObject({ type: z.literal("object") }),
  cache_control: CacheControl,
});

export const MessagesRequest = z.strictObject({
  model: z.string().min(1),
  max_tokens: z.int().positive(),
  messages: z.array(Message).min(1),
  system: z.union([z.string(), z.array(TextBlock)]).optional(),
  tools: z.array(Tool).optional(),
  tool_choice: z
    .object({ type: z.enum(["auto", "any", "none", "tool"]), name: z.string().optional() })
    .optional(),
  stream: z.boolean().optional(),
  stop_sequences: z.array(z.string()).optional(),
  metadata: z.object({ user_id: z.string().nullish() }).optional(),
  thinking: z.looseObject({ type: z.string() }).optional(),
  output_config: z.looseObject({}).optional(),
});
export type MessagesRequest = z.infer<typeof MessagesRequest>;

/** An error as the API words it: the status and the `error` of the body. */
export class ApiError extends Error {
  readonly status: number;
  readonly type: string;

  constructor(status: number, type: string, message: string) {
    super(message);
    this.status = status;
    this.type = type;
  }
}

export function errorBody(error: { type: string; message: string }, requestId: string): object {
  return {
    type: "error",
    error: { type: error.type, message: error.message, details: null },
    request_id: requestId,
  };
}

/** Checks what the API checks. Throws `ApiError` 400 with the API's kind of message. */
export function readRequest(body: unknown): MessagesRequest {
  const parsed = MessagesRequest.safeParse(body);
  if (!parsed.success) {
    const [issue] = parsed.error.issues;
    throw invalid(`${issue?.path.join(".") ?? ""}: ${issue?.message ?? "invalid"}`);
  }
  const request = parsed.data;
  checkToolPairs(request.messages);
  checkCacheBreakpoints(request);
  const names = (request.tools ?? []).map((tool) => tool.name);
  if (new Set(names).size !== names.length) throw invalid("tools: Tool names must be unique.");
  if (request.messages.at(-1)?.role !== "user") {
    throw invalid(
      "This model does not support assistant message prefill. The conversation must end with a user message.",
    );
  }
  return request;
}

/** Each tool use is answered in the very next message, and each answer belongs to a tool use just before it. */
function checkToolPairs(messages: WireMessage[]): void {
  let open = new Set<string>();
  for (const [index, message] of messages.entries()) {
    const results = blocksOf(message).flatMap((block) =>
      block.type === "tool_result" ? [block.tool_use_id] : [],
    );
    const stray = results.find((id) => !open.has(id));
    if (stray !== undefined) {
      throw invalid(
        `messages.${index}: unexpected \`tool_use_id\` found in \`tool_result\` blocks: ${stray}.`,
      );
    }
    const missing = [...open].filter((id) => !results.includes(id));
    if (missing.length > 0) {
      const ids = missing.join(", ");
      throw invalid(
        `messages.${index}: \`tool_use\` ids were found without \`tool_result\` blocks immediately after: ${ids}.`,
      );
    }
    const uses = blocksOf(message).flatMap((block) => (block.type === "tool_use" ? [block.id] : []));
    if (uses.length > 0 && message.role !== "assistant")
      throw invalid(`messages.${index}: tool_use in a user message.`);
    open = new Set(uses);
  }
}

function checkCacheBreakpoints(request: MessagesRequest): void {
  const system = typeof request.system === "string" ? [] : (request.system ?? []);
  const places = [...(request.tools ?? []), ...system, ...request.messages.flatMap(blocksOf)];
  const count = places.filter((place) => "cache_control" in place && place.cache_control).length;
  if (count > 4) throw invalid(`A maximum of 4 blocks with cache_control may be provided. Found ${count}.`);
}

export function blocksOf(message: WireMessage): WireBlock[] {
  return typeof message.content === "string" ? [{ type: "text", text: message.content }] : message.content;
}

function invalid(message: string): ApiError {
  return new ApiError(400, "invalid_request_error", message);
}
