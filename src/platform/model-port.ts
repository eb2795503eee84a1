/** What the agent loop asks of a language model, and what it gets; one adapter speaks the Messages API. */

/** Which configured model answers: `supervisor`, `worker` (sub-agents, extraction), `small` (titles, summaries). */
export type ModelRole = "supervisor" | "worker" | "small";

export interface TextBlock {
  type: "text";
  text: string;
}

export interface ToolUseBlock {
  type: "tool_use";
  /** The provider's id; the hub's call ids are derived elsewhere and never depend on it. */
  id: string;
  name: string;
  /** Parsed JSON; `invalidJson` holds the raw text instead when the model wrote JSON that does not parse. */
  input: Record<string, unknown>;
  invalidJson?: string;
}

/**
 * The model's own reasoning, opaque to us. It goes back unchanged and in its place for as long as the turn's
 * messages do (current models think by default and reject or lose a broken chain), and is shown to nobody.
 */
export interface ReasoningBlock {
  type: "reasoning";
  /** As the provider sent it, with its signature. */
  raw: Record<string, unknown>;
}

export interface ToolResultBlock {
  type: "tool_result";
  tool_use_id: string;
  content: string;
  is_error?: boolean;
}

export type ResponseBlock = TextBlock | ToolUseBlock | ReasoningBlock;

export type ModelMessage =
  | { role: "user"; content: string | (TextBlock | ToolResultBlock)[] }
  | { role: "assistant"; content: string | ResponseBlock[] };

export interface SystemBlock {
  text: string;
  /** Marks the end of a stable prefix: the provider may cache everything up to here. */
  cache?: boolean;
}

export interface ToolSpec {
  name: string;
  description: string;
  /** JSON Schema (2020-12) of the input object. */
  inputSchema: Record<string, unknown>;
}

export interface ModelRequest {
  role: ModelRole;
  system: SystemBlock[];
  tools: ToolSpec[];
  messages: ModelMessage[];
  /** Output tokens at most, the model's reasoning included. */
  maxTokens: number;
  /**
   * `none` asks for an answer in words though tools are described; without it the model chooses. Keep the tools
   * described to the end of a turn: the cached prefix and the reasoning bound to it stay valid only then.
   */
  toolChoice?: "none";
}

export interface ModelUsage {
  inputTokens: number;
  outputTokens: number;
  cacheReadTokens: number;
  cacheWriteTokens: number;
}

export type StopReason = "end_turn" | "tool_use" | "max_tokens" | "stop_sequence" | "refusal";

export interface ModelResponse {
  /** In the order they were generated: send them back as they are with the tool results. */
  content: ResponseBlock[];
  stopReason: StopReason;
  usage: ModelUsage;
  /** The model that answered, as the provider names it. */
  model: string;
}

export type ModelEvent =
  | { type: "text"; text: string }
  /**
   * The attempt broke and another follows after `delayMs`; `attempt` is 1 for the first repeat. When `partial`, text
   * was already given: drop it.
   */
  | { type: "retry"; attempt: number; delayMs: number; partial: boolean; reason: string }
  /** Always the last event. */
  | { type: "response"; response: ModelResponse };

export interface ModelClient {
  /**
   * Streams one response. 429, 5xx and broken streams are retried inside, up to 3 times, honouring `retry-after`.
   * Throws `model_unavailable` when they persist and the signal's reason on abort. An answer that is a refusal or
   * was cut at `maxTokens` is a response, not an error.
   */
  stream(request: ModelRequest, options: { signal: AbortSignal }): AsyncIterable<ModelEvent>;
}
