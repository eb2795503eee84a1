/** Reads the byte stream of one Messages API response: server-sent events in, model events out. */
import { isTooDeep } from "../lib/json.ts";
import type { ModelEvent, ModelResponse, ModelUsage, ResponseBlock, StopReason } from "./model-port.ts";

/** One event larger than this is not a model's: the stream counts as broken. */
const MAX_EVENT_CHARS = 4 * 1024 * 1024;
/** A response longer than any model's: a server that goes on and on is broken. */
const RESPONSE_CHARS_MAX = 1024 * 1024;
/** Tokens of one response that are believed: more than any context has. */
const TOKENS_MAX = 10_000_000;

/** The stream broke or the provider ended it with an error. Holds the provider's error type, never its words. */
export class ModelStreamError extends Error {
  override readonly name = "ModelStreamError";
  /** The provider's word, such as `overloaded_error`; `malformed_stream` when the bytes make no sense. */
  readonly type: string;

  constructor(type: string) {
    super(`model stream: ${type}`);
    this.type = type;
  }
}

/** The fields we read. Everything is optional: the wire is checked where it is used. */
interface WireEvent {
  type?: string;
  index?: number;
  message?: { model?: string; usage?: WireUsage };
  content_block?: WireBlock;
  delta?: {
    type?: string;
    text?: string;
    partial_json?: string;
    thinking?: string;
    signature?: string;
    stop_reason?: string | null;
  };
  usage?: WireUsage;
  error?: { type?: string };
}

interface WireUsage {
  input_tokens?: unknown;
  output_tokens?: unknown;
  cache_read_input_tokens?: unknown;
  cache_creation_input_tokens?: unknown;
}

interface WireBlock extends Record<string, unknown> {
  type?: string;
  text?: string;
  id?: string;
  name?: string;
  input?: unknown;
}

type Draft =
  | { type: "text"; text: string }
  | { type: "tool_use"; id: string; name: string; json: string; input: unknown }
  | { type: "reasoning"; raw: Record<string, unknown> };

/**
 * A parser for one response. Chunks may be cut at any byte. Blocks and events it does not know are skipped; text
 * comes out as it arrives, the response with `message_stop`.
 */
export class ModelStreamParser {
  readonly #sse = new SseDecoder();
  readonly #drafts = new Map<number, Draft>();
  #events: ModelEvent[] = [];
  #model = "";
  #stopReason: string | null = null;
  #usage: ModelUsage = { inputTokens: 0, outputTokens: 0, cacheReadTokens: 0, cacheWriteTokens: 0 };
  #done = false;
  #chars = 0;

  /** The events that this chunk completed. Throws `ModelStreamError`. */
  push(chunk: Uint8Array): ModelEvent[] {
    this.#events = [];
    for (const data of this.#sse.push(chunk)) {
      if (this.#done) break;
      this.#take(parseEvent(data));
    }
    return this.#events;
  }

  #take(event: WireEvent): void {
    switch (event.type) {
      case "content_block_delta":
        this.#extend(event.index ?? 0, event.delta ?? {});
        break;
      case "content_block_start":
        this.#open(event.index ?? 0, event.content_block ?? {});
        break;
      case "message_start":
        this.#model = event.message?.model ?? "";
        this.#count(event.message?.usage);
        break;
      case "message_delta":
        this.#stopReason = event.delta?.stop_reason ?? this.#stopReason;
        this.#count(event.usage);
        break;
      case "message_stop":
        this.#done = true;
        this.#events.push({ type: "response", response: this.#response() });
        break;
      case "error":
        throw new ModelStreamError(event.error?.type ?? "api_error");
    }
  }

  #open(index: number, block: WireBlock): void {
    if (block.type === "text") {
      this.#drafts.set(index, { type: "text", text: "" });
      if (block.text) this.#extend(index, { text: block.text });
    } else if (block.type === "tool_use") {
      const { id = "", name = "", input } = block;
      this.#drafts.set(index, { type: "tool_use", id, name, json: "", input });
    } else if (block.type === "thinking" || block.type === "redacted_thinking") {
      this.#drafts.set(index, { type: "reasoning", raw: { ...block } });
    }
  }

  #extend(index: number, delta: NonNullable<WireEvent["delta"]>): void {
    const draft = this.#drafts.get(index);
    this.#chars += (delta.text ?? delta.partial_json ?? delta.thinking ?? "").length;
    if (this.#chars > RESPONSE_CHARS_MAX) throw new ModelStreamError("malformed_stream");
    if (draft?.type === "text") {
      if (!delta.text) return;
      draft.text += delta.text;
      this.#events.push({ type: "text", text: delta.text });
    } else if (draft?.type === "tool_use") {
      draft.json += delta.partial_json ?? "";
    } else if (draft?.type === "reasoning") {
      if (delta.thinking) draft.raw.thinking = `${draft.raw.thinking ?? ""}${delta.thinking}`;
      if (delta.signature) draft.raw.signature = `${draft.raw.signature ?? ""}${delta.signature}`;
    }
  }

  /** Figures are cumulative: a later one replaces an earlier one; one that is absent or no count leaves it. */
  #count(usage: WireUsage | undefined): void {
    if (!usage) return;
    this.#usage = {
      inputTokens: tokens(usage.input_tokens) ?? this.#usage.inputTokens,
      outputTokens: tokens(usage.output_tokens) ?? this.#usage.outputTokens,
      cacheReadTokens: tokens(usage.cache_read_input_tokens) ?? this.#usage.cacheReadTokens,
      cacheWriteTokens: tokens(usage.cache_creation_input_tokens) ?? this.#usage.cacheWriteTokens,
    };
  }

  #response(): ModelResponse {
    const content: ResponseBlock[] = [];
    for (const draft of this.#drafts.values()) {
      if (draft.type === "tool_use") content.push(finishToolUse(draft));
      else if (draft.type === "reasoning" || draft.text !== "") content.push(draft);
    }
    const usesTools = content.some((block) => block.type === "tool_use");
    const stopReason = toStopReason(this.#stopReason, usesTools);
    return { content, stopReason, usage: this.#usage, model: this.#model };
  }
}

function parseEvent(data: string): WireEvent {
  try {
    const event: WireEvent | null = JSON.parse(data);
    if (typeof event === "object" && event !== null) return event;
  } catch {
    // Falls through: what is not an object of JSON is no event.
  }
  throw new ModelStreamError("malformed_stream");
}

function finishToolUse(draft: Extract<Draft, { type: "tool_use" }>): ResponseBlock {
  const { type, id, name, json } = draft;
  if (json === "") return { type, id, name, input: isRecord(draft.input) ? draft.input : {} };
  try {
    const input: unknown = JSON.parse(json);
    if (isRecord(input) && !isTooDeep(input)) return { type, id, name, input };
  } catch {
    // The model wrote JSON that does not parse: the loop tells it so.
  }
  return { type, id, name, input: {}, invalidJson: json };
}

function tokens(figure: unknown): number | undefined {
  const isCount = typeof figure === "number" && Number.isInteger(figure) && figure >= 0;
  return isCount && figure <= TOKENS_MAX ? figure : undefined;
}

function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

/** A full context window ends an answer as the token limit does; unknown reasons count as the plain end. */
function toStopReason(reason: string | null, usesTools: boolean): StopReason {
  switch (reason) {
    case "end_turn":
    case "tool_use":
    case "max_tokens":
    case "stop_sequence":
    case "refusal":
      return reason;
    case "model_context_window_exceeded":
      return "max_tokens";
    default:
      return usesTools ? "tool_use" : "end_turn";
  }
}

/**
 * The data of each server-sent event (WHATWG HTML 9.2.6). Comments and the fields `id` and `retry` are skipped, and
 * so is `event`, whose value the data repeats as `type`.
 */
class SseDecoder {
  readonly #decoder = new TextDecoder();
  #rest = "";
  #data: string | undefined;
  #endedOnCr = false;

  push(chunk: Uint8Array): string[] {
    const text = this.#unifyLineEnds(this.#decoder.decode(chunk, { stream: true }));
    const buffer = this.#rest === "" ? text : this.#rest + text;
    const complete: string[] = [];
    let start = 0;
    for (let end = buffer.indexOf("\n"); end !== -1; end = buffer.indexOf("\n", start)) {
      if (end > start) this.#takeLine(buffer, start, end);
      else if (this.#data !== undefined) {
        complete.push(this.#data);
        this.#data = undefined;
      }
      start = end + 1;
    }
    this.#rest = buffer.slice(start);
    if (this.#rest.length + (this.#data?.length ?? 0) > MAX_EVENT_CHARS) {
      throw new ModelStreamError("malformed_stream");
    }
    return complete;
  }

  #takeLine(buffer: string, start: number, end: number): void {
    if (!buffer.startsWith("data:", start)) return;
    const value = buffer.slice(start + (buffer[start + 5] === " " ? 6 : 5), end);
    this.#data = this.#data === undefined ? value : `${this.#data}\n${value}`;
  }

  /** Makes CRLF and lone CR a line feed, also when a chunk ends between the two. */
  #unifyLineEnds(text: string): string {
    if (text === "") return text;
    const rest = this.#endedOnCr && text.startsWith("\n") ? text.slice(1) : text;
    this.#endedOnCr = text.endsWith("\r");
    return rest.includes("\r") ? rest.replace(/\r\n?/g, "\n") : rest;
  }
}
