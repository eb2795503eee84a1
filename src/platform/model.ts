/**
 * The adapter to the Messages API. Address, headers, request types and errors are the SDK's; its retries, its stream reader
 * and its building of each request are not used: retries are ours so that they can tell the turn, the rest for CPU (spec 8).
 */
import { APIConnectionError, APIError } from "@anthropic-ai/sdk/core/error";
import type {
  ContentBlockParam,
  MessageCreateParamsStreaming,
  MessageParam,
  TextBlockParam,
  Tool,
} from "@anthropic-ai/sdk/resources/messages/messages";
import { AppError } from "../lib/errors.ts";
import { type Clock, sleep, systemClock } from "../lib/time.ts";
import { requestBody } from "./model-body.ts";
import { CutStream, ModelConnection, type ModelTimeouts } from "./model-connection.ts";
import type {
  ModelClient,
  ModelEvent,
  ModelMessage,
  ModelRequest,
  ModelRole,
  ResponseBlock,
  SystemBlock,
  ToolResultBlock,
  ToolSpec,
} from "./model-port.ts";
import {
  type AttemptFailure,
  failureOfErrorType,
  failureOfStatus,
  failureOfTransport,
  plainWord,
  planRetry,
  readRetryAfterMs,
} from "./model-retry.ts";
import { ModelStreamError } from "./model-stream.ts";
import { type ModelServer, type ModelTarget, modelTarget } from "./model-target.ts";

/** The API takes four cache breakpoints in a request; one is the tools'. */
const SYSTEM_BREAKPOINTS_MAX = 3;
const CACHE = { cache_control: { type: "ephemeral" } } as const;

export interface ModelClientOptions extends ModelServer {
  models: Record<ModelRole, string>;
  clock?: Clock;
  /** Uniform in [0, 1), for the jitter of retries. */
  random?: () => number;
  timeouts?: Partial<ModelTimeouts>;
}

/** Throws `misconfigured` without a key for Anthropic's own API. */
export function createModelClient(options: ModelClientOptions): ModelClient {
  if (!options.apiKey && !options.baseUrl) {
    throw new AppError("misconfigured", {
      detail: "No model is configured: set ANTHROPIC_API_KEY or MODEL_BASE_URL.",
    });
  }
  return new MessagesClient(options);
}

class MessagesClient implements ModelClient {
  readonly #server: ModelServer;
  #target: Promise<ModelTarget> | undefined;
  readonly #models: Record<ModelRole, string>;
  readonly #clock: Clock;
  readonly #random: () => number;
  readonly #timeouts: ModelTimeouts;

  constructor({ apiKey, baseUrl, models, clock, random, timeouts }: ModelClientOptions) {
    this.#server = { apiKey, baseUrl };
    this.#models = models;
    this.#clock = clock ?? systemClock;
    this.#random = random ?? Math.random;
    this.#timeouts = { firstByteMs: 60_000, idleMs: 45_000, ...timeouts };
  }

  async *stream(request: ModelRequest, { signal }: { signal: AbortSignal }): AsyncGenerator<ModelEvent> {
    let params = toParams(request, this.#models[request.role]);
    for (let attempt = 1; ; ) {
      let partial = false;
      let failure: AttemptFailure;
      const connection = this.#connect(params, signal);
      try {
        for (;;) {
          const events = await connection.next();
          const text = joinText(events);
          if (text !== "") {
            partial = true;
            yield { type: "text", text };
          }
          const last = events.at(-1);
          if (last?.type !== "response") continue;
          connection.finish();
          yield last;
          return;
        }
      } catch (error) {
        signal.throwIfAborted();
        if (blamesReasoning(error) && hasReasoning(params)) {
          params = { ...params, messages: withoutReasoning(params.messages) };
          continue;
        }
        failure = connection.timedOut ? failureOfTransport("timeout") : this.#classify(error);
      } finally {
        connection.close();
      }
      const delayMs = planRetry(failure, attempt, this.#random);
      if (delayMs === null) throw modelUnavailable(failure);
      yield { type: "retry", attempt, delayMs, partial, reason: failure.reason };
      await sleep(delayMs, signal);
      attempt++;
    }
  }

  #connect(params: MessageCreateParamsStreaming, signal: AbortSignal): ModelConnection {
    const open = (stop: AbortSignal) => this.#post(requestBody(params), stop);
    return new ModelConnection(open, { signal, clock: this.#clock, timeouts: this.#timeouts });
  }

  async #post(body: string, signal: AbortSignal): Promise<Response> {
    this.#target ??= modelTarget(this.#server, "post", "/v1/messages");
    const { url, headers } = await this.#target;
    const response = await fetch(url, { method: "POST", headers, body, signal }).catch((cause: unknown) => {
      throw new APIConnectionError({ cause: cause instanceof Error ? cause : new Error("fetch failed") });
    });
    if (response.ok) return response;
    const problem: unknown = await response.json().catch(() => undefined);
    const detail = typeof problem === "object" && problem !== null ? problem : undefined;
    throw APIError.generate(response.status, detail, undefined, response.headers);
  }

  #classify(error: unknown): AttemptFailure {
    if (error instanceof ModelStreamError) return failureOfErrorType(error.type);
    if (error instanceof CutStream) return failureOfTransport("cut_stream");
    if (error instanceof APIConnectionError) return failureOfTransport("connection");
    if (!(error instanceof APIError) || error.status === undefined) throw error;
    const { status, type, requestID, headers } = error;
    return failureOfStatus(status, {
      retryAfterMs: headers && readRetryAfterMs(headers, this.#clock.now()),
      shouldRetry: headers?.get("x-should-retry") ?? null,
      trace: `status ${status}, type ${plainWord(type)}, request ${plainWord(requestID)}`,
    });
  }
}

/** The text of all deltas of a chunk at once: each event costs the turn a step through its iterators. */
function joinText(events: ModelEvent[]): string {
  let text = "";
  for (const event of events) if (event.type === "text") text += event.text;
  return text;
}

function modelUnavailable(failure: AttemptFailure): AppError {
  return new AppError("model_unavailable", {
    detail: failure.detail,
    cause: new Error(failure.trace),
    ...(failure.retryAfterMs !== undefined && { retryAfterS: Math.ceil(failure.retryAfterMs / 1000) }),
  });
}

function toParams(request: ModelRequest, model: string): MessageCreateParamsStreaming {
  const { system, tools, toolChoice, messages, maxTokens } = request;
  return {
    model,
    max_tokens: maxTokens,
    stream: true,
    ...(system.length > 0 && { system: toSystem(system) }),
    ...(tools.length > 0 && { tools: toTools(tools) }),
    ...(tools.length > 0 && toolChoice && { tool_choice: { type: toolChoice } }),
    messages: messages.map(toMessage).filter((message) => message.content.length > 0),
  };
}

/** Breakpoints beyond what the API takes are dropped from the front: a later one covers the earlier ones. */
function toSystem(blocks: SystemBlock[]): TextBlockParam[] {
  const marked = blocks.filter((block) => block.cache).slice(-SYSTEM_BREAKPOINTS_MAX);
  return blocks.map((block) => ({ type: "text", text: block.text, ...(marked.includes(block) && CACHE) }));
}

const toolLists = new WeakMap<ToolSpec[], Tool[]>();

/** The same list for the same tools, so that it is serialised once. The last one marks the cache. */
function toTools(tools: ToolSpec[]): Tool[] {
  let list = toolLists.get(tools);
  if (!list) {
    list = tools.map(({ name, description, inputSchema }, index) => ({
      name,
      description,
      input_schema: { ...inputSchema, type: "object" },
      ...(index === tools.length - 1 && CACHE),
    }));
    toolLists.set(tools, list);
  }
  return list;
}

function toMessage({ role, content }: ModelMessage): MessageParam {
  if (typeof content === "string") return { role, content };
  return { role, content: content.flatMap(toBlock) };
}

/** The API takes no empty text. */
function toBlock(block: ResponseBlock | ToolResultBlock): ContentBlockParam[] {
  switch (block.type) {
    case "text":
      return block.text === "" ? [] : [{ type: "text", text: block.text }];
    case "tool_use":
      return [{ type: "tool_use", id: block.id, name: block.name, input: block.input }];
    case "tool_result":
      return [block];
    case "reasoning":
      return toReasoning(block.raw);
  }
}

function toReasoning(raw: Record<string, unknown>): ContentBlockParam[] {
  const { type, thinking, signature, data } = raw;
  if (type === "redacted_thinking" && typeof data === "string") return [{ ...raw, type, data }];
  if (type !== "thinking" || typeof thinking !== "string" || typeof signature !== "string") return [];
  return [{ ...raw, type, thinking, signature }];
}

/**
 * Reasoning is bound to the model and to all that came before it. When the provider finds the chain broken, after a
 * change of model in the middle of a turn for example, the documented way out is to repeat without it.
 */
function blamesReasoning(error: unknown): boolean {
  return error instanceof APIError && error.status === 400 && /thinking/i.test(error.apiMessage ?? "");
}

function isReasoning(block: ContentBlockParam): boolean {
  return block.type === "thinking" || block.type === "redacted_thinking";
}

function hasReasoning({ messages }: MessageCreateParamsStreaming): boolean {
  return messages.some(({ content }) => typeof content !== "string" && content.some(isReasoning));
}

function withoutReasoning(messages: MessageParam[]): MessageParam[] {
  return messages.map((message) => {
    if (message.role !== "assistant" || typeof message.content === "string") return message;
    return { ...message, content: message.content.filter((block) => !isReasoning(block)) };
  });
}
