/** What the stand-in answers, before it is put on the wire. */
import { randomBytes } from "node:crypto";
import { z } from "zod";

/** Text may be given in the exact pieces it should stream in. */
const TextPart = z
  .object({ type: z.literal("text"), text: z.string().optional(), chunks: z.array(z.string()).optional() })
  .refine((part) => part.text !== undefined || part.chunks !== undefined, "text or chunks");

const ToolPart = z.object({
  type: z.literal("tool_use"),
  id: z.string().optional(),
  name: z.string(),
  input: z.record(z.string(), z.unknown()).default({}),
  /** Sent in place of `input`, word for word: for JSON that does not parse. */
  rawJson: z.string().optional(),
});

const ThinkingPart = z.object({
  type: z.literal("thinking"),
  thinking: z.string().default(""),
  signature: z.string(),
});

export const Part = z.union([TextPart, ToolPart, ThinkingPart]);
export type Part = z.infer<typeof Part>;

export const StopReason = z.enum(["end_turn", "tool_use", "max_tokens", "stop_sequence", "refusal"]);
export type StopReason = z.infer<typeof StopReason>;

export const Reply = z.object({
  content: z.array(Part),
  /** Follows from the content when absent. */
  stopReason: StopReason.optional(),
  /** Waited before each delta. */
  deltaDelayMs: z.number().nonnegative().optional(),
});
export type Reply = z.infer<typeof Reply>;

export interface ToolRequest {
  name: string;
  input: Record<string, unknown>;
}

export function say(text: string): Reply {
  return { content: [{ type: "text", text }] };
}

export function use(...requests: ToolRequest[]): Reply {
  return { content: requests.map(({ name, input }) => ({ type: "tool_use", name, input })) };
}

export function stopReasonOf(reply: Reply): StopReason {
  return (
    reply.stopReason ?? (reply.content.some((part) => part.type === "tool_use") ? "tool_use" : "end_turn")
  );
}

export function textOf(part: Extract<Part, { type: "text" }>): string {
  return part.text ?? part.chunks?.join("") ?? "";
}

/** `toolu_` and 24 characters, as the API makes them: never twice the same, though all else repeats. */
export function newWireId(prefix: "toolu" | "msg" | "req"): string {
  return `${prefix}_01${randomBytes(16).toString("base64url").replace(/[-_]/g, "A")}`;
}
