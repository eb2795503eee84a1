import type {
  ModelClient,
  ModelEvent,
  ModelRequest,
  ModelResponse,
  ResponseBlock,
  StopReason,
} from "../../src/platform/model-port.ts";

/** A tool by its name, and what it is given. */
export type ToolUse = [name: string, input?: Record<string, unknown>];

/** A whole response, or what happens instead of one. */
export type ScriptedAnswer = ModelResponse | Error | ModelEvent[];

const DELTA_CHARS = 4;
const USAGE = { inputTokens: 100, outputTokens: 10, cacheReadTokens: 50, cacheWriteTokens: 0 };

/** A model that answers as the test says: `script` gets the request and how many were made, this one included. */
export class ScriptedModel implements ModelClient {
  readonly requests: ModelRequest[] = [];
  readonly #script: (request: ModelRequest, count: number) => ScriptedAnswer | Promise<ScriptedAnswer>;

  constructor(script: (request: ModelRequest, count: number) => ScriptedAnswer | Promise<ScriptedAnswer>) {
    this.#script = script;
  }

  /** Gives these answers one after the other; a request too many fails. */
  static inOrder(...answers: ScriptedAnswer[]): ScriptedModel {
    return new ScriptedModel((_request, count) => {
      const answer = answers[count - 1];
      if (answer === undefined) throw new Error(`no answer is left for request ${count}`);
      return answer;
    });
  }

  answer(request: ModelRequest): ScriptedAnswer | Promise<ScriptedAnswer> {
    return this.#script(request, this.requests.length);
  }

  async *stream(request: ModelRequest, { signal }: { signal: AbortSignal }): AsyncIterable<ModelEvent> {
    signal.throwIfAborted();
    this.requests.push(structuredClone(request));
    const answer = await this.answer(request);
    signal.throwIfAborted();
    if (answer instanceof Error) throw answer;
    yield* Array.isArray(answer) ? answer : eventsOf(answer);
  }
}

/** The deltas of a response's text, a few characters each, and the response. */
export function eventsOf(response: ModelResponse): ModelEvent[] {
  const events: ModelEvent[] = [];
  for (const block of response.content) {
    if (block.type !== "text") continue;
    for (let at = 0; at < block.text.length; at += DELTA_CHARS) {
      events.push({ type: "text", text: block.text.slice(at, at + DELTA_CHARS) });
    }
  }
  return [...events, { type: "response", response }];
}

/** An answer in words alone. */
export function says(text: string, stopReason: StopReason = "end_turn"): ModelResponse {
  return responds([{ type: "text", text }], stopReason);
}

/** An answer that uses tools, one after the other in the response: their ids are u0, u1 and so on. */
export function uses(...tools: ToolUse[]): ModelResponse {
  const blocks = tools.map(
    ([name, input = {}], index): ResponseBlock => ({ type: "tool_use", id: `u${index}`, name, input }),
  );
  return responds(blocks, "tool_use");
}

/** A response that gives each of these specialists something to do. */
export function delegates(...agents: string[]): ModelResponse {
  const tasks = agents.map((agent): ToolUse => ["task", { agent, instruction: `Ask ${agent}.` }]);
  return uses(...tasks);
}

export function responds(content: ResponseBlock[], stopReason: StopReason): ModelResponse {
  return { content, stopReason, usage: { ...USAGE }, model: "scripted" };
}
