import { afterAll, afterEach, beforeAll, describe, expect, it } from "vitest";
import { type ModelServer, startModelServer } from "../../dev/model/server.ts";
import { AppError } from "../../src/lib/errors.ts";
import { createModelClient, type ModelClientOptions } from "../../src/platform/model.ts";
import type { ModelEvent, ModelMessage, ModelRequest, ModelResponse } from "../../src/platform/model-port.ts";

const MODELS = { supervisor: "stand-in-supervisor", worker: "stand-in-worker", small: "stand-in-small" };

let server: ModelServer;
beforeAll(async () => {
  server = await startModelServer();
});
afterEach(() => server.reset());
afterAll(() => server.close());

function client(options: Partial<ModelClientOptions> = {}) {
  return createModelClient({ baseUrl: server.url, models: MODELS, random: () => 0, ...options });
}

function request(part: Partial<ModelRequest> = {}): ModelRequest {
  return {
    role: "worker",
    system: [{ text: "You help." }],
    tools: [],
    messages: [{ role: "user", content: "Hello there" }],
    maxTokens: 500,
    ...part,
  };
}

async function collect(
  call: ModelRequest = request(),
  options: Partial<ModelClientOptions> = {},
): Promise<{ events: ModelEvent[]; text: string; retries: ModelEvent[]; response: ModelResponse }> {
  const events: ModelEvent[] = [];
  for await (const event of client(options).stream(call, { signal: new AbortController().signal }))
    events.push(event);
  const last = events.at(-1);
  if (last?.type !== "response") throw new Error("the response is not the last event");
  const lastRetry = events.findLastIndex((event) => event.type === "retry");
  const text = events.slice(lastRetry + 1).flatMap((event) => (event.type === "text" ? [event.text] : []));
  const retries = events.filter((event) => event.type === "retry");
  return { events, text: text.join(""), retries, response: last.response };
}

async function failureOf(call: Promise<unknown>): Promise<AppError> {
  const error = await call.then(
    () => undefined,
    (reason: unknown) => reason,
  );
  if (!(error instanceof AppError)) throw new Error(`expected an AppError, got ${String(error)}`);
  return error;
}

function reply(...chunks: string[]): void {
  server.loadScript({ exchanges: [{ reply: { content: [{ type: "text", chunks }] } }] });
}

const TOOL = {
  name: "create_task",
  description: "Creates a task.",
  inputSchema: { type: "object", properties: {} },
};

describe("a model call over HTTP", () => {
  it("streams the text and ends with the response", async () => {
    reply("Good ", "mor", "ning, ", "Zoë 👋");
    const { text, response, retries } = await collect();
    expect(text).toBe("Good morning, Zoë 👋");
    expect(retries).toEqual([]);
    expect(response).toMatchObject({
      content: [{ type: "text", text: "Good morning, Zoë 👋" }],
      stopReason: "end_turn",
      model: "stand-in-worker",
    });
    expect(response.usage.inputTokens).toBeGreaterThan(0);
    expect(response.usage.outputTokens).toBeGreaterThan(0);
  });

  it("gives the first text before the last has been written", async () => {
    server.loadScript({
      exchanges: [{ reply: { content: [{ type: "text", chunks: ["one ", "two"] }], deltaDelayMs: 100 } }],
    });
    const { events } = await collect();
    expect(events.filter((event) => event.type === "text")).toEqual([
      { type: "text", text: "one " },
      { type: "text", text: "two" },
    ]);
  });

  it("sends the configured model, the key, and the whole conversation in the API's form", async () => {
    reply("ok");
    const messages: ModelMessage[] = [
      { role: "user", content: "Add milk" },
      {
        role: "assistant",
        content: [
          { type: "text", text: "" },
          { type: "tool_use", id: "toolu_1", name: "create_task", input: { title: "Milk" } },
        ],
      },
      {
        role: "user",
        content: [{ type: "tool_result", tool_use_id: "toolu_1", content: "No.", is_error: true }],
      },
    ];
    await collect(request({ role: "supervisor", messages, tools: [TOOL], toolChoice: "none" }));
    expect(server.requests()[0]?.request).toEqual({
      model: "stand-in-supervisor",
      max_tokens: 500,
      stream: true,
      system: [{ type: "text", text: "You help." }],
      tools: [
        {
          name: "create_task",
          description: "Creates a task.",
          input_schema: { type: "object", properties: {} },
          cache_control: { type: "ephemeral" },
        },
      ],
      tool_choice: { type: "none" },
      messages: [
        { role: "user", content: "Add milk" },
        {
          role: "assistant",
          content: [{ type: "tool_use", id: "toolu_1", name: "create_task", input: { title: "Milk" } }],
        },
        {
          role: "user",
          content: [{ type: "tool_result", tool_use_id: "toolu_1", content: "No.", is_error: true }],
        },
      ],
    });
  });

  it("marks the stable prefix for the provider's cache, which then serves the second call", async () => {
    reply("one", "");
    reply("two");
    const call = request({
      system: [{ text: "Stable.", cache: true }, { text: "Today is Friday." }],
      tools: [TOOL],
    });
    const first = await collect(call);
    const second = await collect({ ...call, messages: [{ role: "user", content: "Something else" }] });
    expect(first.response.usage).toMatchObject({ cacheReadTokens: 0 });
    expect(first.response.usage.cacheWriteTokens).toBeGreaterThan(0);
    expect(second.response.usage).toMatchObject({
      cacheReadTokens: first.response.usage.cacheWriteTokens,
      cacheWriteTokens: 0,
    });
  });

  it("never asks for more cache marks than the API takes", async () => {
    reply("ok");
    const system = Array.from({ length: 6 }, (_, index) => ({ text: `Part ${index}`, cache: true }));
    await collect(request({ system, tools: [TOOL] }));
    expect(server.requests()[0]?.rawBody.match(/cache_control/g)).toHaveLength(4);
  });

  it("uses a connection again once its response has run out", async () => {
    const shared = client();
    for (let turn = 0; turn < 10; turn++) {
      reply("ok");
      for await (const _ of shared.stream(request(), { signal: new AbortController().signal }));
    }
    await expect.poll(() => server.requests().every((entry) => entry.outcome === "answered")).toBe(true);
    expect(new Set(server.requests().map((entry) => entry.connection)).size).toBeLessThan(10);
  });
});

describe("a model that uses tools", () => {
  it("gives the tool uses of one response", async () => {
    server.loadScript({
      exchanges: [
        {
          reply: {
            content: [
              { type: "text", text: "I'll do both." },
              { type: "tool_use", name: "create_task", input: { title: "Ä", tags: ["x"] } },
              { type: "tool_use", name: "list_tasks" },
            ],
          },
        },
      ],
    });
    const { response } = await collect(request({ tools: [TOOL] }));
    expect(response.stopReason).toBe("tool_use");
    expect(response.content).toMatchObject([
      { type: "text", text: "I'll do both." },
      { type: "tool_use", name: "create_task", input: { title: "Ä", tags: ["x"] } },
      { type: "tool_use", name: "list_tasks", input: {} },
    ]);
  });

  it("hands over tool input that is no JSON as it is", async () => {
    const toolUse = { type: "tool_use" as const, name: "create_task", input: { title: "Milk" } };
    server.loadScript({ exchanges: [{ reply: { content: [toolUse] } }] });
    server.addFaults({ kind: "bad_tool_json" });
    const { response } = await collect(request({ tools: [TOOL] }));
    expect(response.content).toMatchObject([
      { name: "create_task", input: {}, invalidJson: '{"title": "Buy mi' },
    ]);
  });

  it("takes reasoning back unchanged with the results, and goes on without it when the chain is broken", async () => {
    const models = { ...MODELS, worker: "stand-in-thinking" };
    const toolUse = { type: "tool_use" as const, name: "create_task", input: { title: "Milk" } };
    server.loadScript({ exchanges: [{ reply: { content: [toolUse] } }] });
    const call = request({ tools: [TOOL] });
    const { response } = await collect(call, { models });
    expect(response.content[0]).toMatchObject({ type: "reasoning", raw: { type: "thinking" } });
    const id = response.content.flatMap((block) => (block.type === "tool_use" ? [block.id] : []))[0]!;
    const messages: ModelMessage[] = [
      ...call.messages,
      { role: "assistant", content: response.content },
      { role: "user", content: [{ type: "tool_result", tool_use_id: id, content: "Created." }] },
    ];

    reply("Done.");
    expect((await collect({ ...call, messages }, { models })).text).toBe("Done.");
    expect(server.requests().at(-1)).toMatchObject({ status: 200, isReasoningMissing: false });

    reply("Done again.");
    const edited = { ...call, messages, system: [{ text: "You help otherwise." }] };
    const { text, retries } = await collect(edited, { models });
    expect(text).toBe("Done again.");
    expect(retries).toEqual([]);
    expect(server.requests().slice(-2)).toMatchObject([
      { status: 400 },
      { status: 200, isReasoningMissing: true },
    ]);
  });
});

describe("answers that are no errors", () => {
  it("gives a refusal as a response", async () => {
    server.addFaults({ kind: "refusal" });
    const { response } = await collect();
    expect(response).toMatchObject({ stopReason: "refusal", content: [] });
  });

  it("gives an answer that was cut at the token limit as a response", async () => {
    reply("A long answer ", "that never ", "ends");
    server.addFaults({ kind: "max_tokens", afterChars: 6 });
    const { response } = await collect();
    expect(response).toMatchObject({ stopReason: "max_tokens", content: [{ type: "text", text: "A long" }] });
  });
});

describe("a model call that breaks", () => {
  it.each([
    [{ kind: "rate_limit" }, "rate_limited"],
    [{ kind: "overloaded" }, "overloaded"],
    [{ kind: "server_error" }, "server_error"],
    [{ kind: "disconnect" }, "connection"],
    [{ kind: "cut", afterChars: 5 }, "cut_stream"],
    [{ kind: "cut", afterChars: 0 }, "cut_stream"],
    [{ kind: "stream_error", afterChars: 5 }, "overloaded"],
  ] as const)("is repeated after %j, and says whether text was given before", async (fault, reason) => {
    reply("Hello ", "again ", "friend");
    server.addFaults(fault);
    const { events, retries, text } = await collect();
    const partial = events[0]?.type === "text";
    expect(retries).toEqual([{ type: "retry", attempt: 1, delayMs: 0, partial, reason }]);
    expect(text).toBe("Hello again friend");
    expect(server.requests()).toHaveLength(2);
  });

  it("says that text was given when the stream is cut after some", async () => {
    reply("Hello ", "again ", "friend");
    server.addFaults({ kind: "cut", afterChars: 5 });
    expect((await collect()).retries).toMatchObject([{ partial: true }]);
  });

  it("is repeated three times and no more", async () => {
    server.addFaults({ kind: "overloaded", times: 10 });
    const failure = await failureOf(collect());
    expect(failure).toMatchObject({ code: "model_unavailable", detail: expect.stringContaining("busy") });
    expect(server.requests()).toHaveLength(4);
  });

  it("waits as long as the provider asks", async () => {
    reply("ok");
    server.addFaults({ kind: "rate_limit", retryAfterMs: 30 });
    const { retries } = await collect();
    expect(retries).toMatchObject([{ delayMs: 30 }]);
  });

  it("ends at once when the provider asks for a longer wait than a turn should take, and says how long", async () => {
    server.addFaults({ kind: "rate_limit", retryAfter: "300" });
    const failure = await failureOf(collect());
    expect(failure).toMatchObject({ code: "model_unavailable", retryAfterS: 300 });
    expect(server.requests()).toHaveLength(1);
  });

  it("is repeated when no first byte comes in time", async () => {
    reply("ok");
    server.addFaults({ kind: "hang" });
    const { retries, text } = await collect(request(), { timeouts: { firstByteMs: 60 } });
    expect(retries).toMatchObject([{ reason: "timeout", partial: false }]);
    expect(text).toBe("ok");
  });

  it("is repeated when the stream falls silent", async () => {
    reply("Hello ", "again ", "friend");
    server.addFaults({ kind: "stall", afterChars: 5 });
    const { retries, text } = await collect(request(), { timeouts: { idleMs: 60 } });
    expect(retries).toMatchObject([{ reason: "timeout", partial: true }]);
    expect(text).toBe("Hello again friend");
  });

  it("is not repeated when the stream is only slow", async () => {
    reply("a", "b", "c", "d");
    server.addFaults({ kind: "slow", deltaDelayMs: 30 });
    const { retries, text } = await collect(request(), { timeouts: { firstByteMs: 5_000, idleMs: 5_000 } });
    expect(retries).toEqual([]);
    expect(text).toBe("abcd");
  });

  it.each([
    [400, "invalid_request_error", "does not accept"],
    [401, "authentication_error", "credentials"],
    [403, "permission_error", "credentials"],
    [404, "not_found_error", "does not exist"],
    [413, "request_too_large", "too large"],
  ])("ends after status %i, without the provider's words", async (status, type, words) => {
    server.addFaults({ kind: "status", status, type, message: "the user wrote: my secret diary" });
    const failure = await failureOf(collect());
    expect(failure).toMatchObject({ code: "model_unavailable", detail: expect.stringContaining(words) });
    expect(failure.cause).toMatchObject({
      message: expect.stringContaining(`status ${status}, type ${type}`),
    });
    expect(JSON.stringify([failure.message, failure.detail, String(failure.cause)])).not.toContain("diary");
    expect(server.requests()).toHaveLength(1);
  });

  it("says so when there is no server", async () => {
    const closed = await startModelServer();
    await closed.close();
    const failure = await failureOf(collect(request(), { baseUrl: closed.url }));
    expect(failure).toMatchObject({
      code: "model_unavailable",
      detail: expect.stringContaining("cannot be reached"),
    });
  });
});

describe("a model call that is no longer wanted", () => {
  it("ends with the signal's reason and closes the connection", async () => {
    server.loadScript({
      exchanges: [{ reply: { content: [{ type: "text", text: "word ".repeat(500) }], deltaDelayMs: 5 } }],
    });
    const controller = new AbortController();
    const reason = new Error("the person cancelled");
    const reading = (async () => {
      for await (const event of client().stream(request(), { signal: controller.signal })) {
        if (event.type === "text") controller.abort(reason);
      }
    })();
    await expect(reading).rejects.toBe(reason);
    await expect.poll(() => server.requests()[0]?.outcome).toBe("aborted");
  });

  it("closes the connection when its reader stops reading", async () => {
    server.loadScript({
      exchanges: [{ reply: { content: [{ type: "text", text: "word ".repeat(500) }], deltaDelayMs: 5 } }],
    });
    for await (const _ of client().stream(request(), { signal: new AbortController().signal })) break;
    await expect.poll(() => server.requests()[0]?.outcome).toBe("aborted");
  });

  it("is never sent when the signal was aborted before", async () => {
    const reason = new Error("too late");
    const stream = client().stream(request(), { signal: AbortSignal.abort(reason) });
    await expect(stream[Symbol.asyncIterator]().next()).rejects.toBe(reason);
    expect(server.requests()).toEqual([]);
  });

  it("does not wait out a retry", async () => {
    server.addFaults({ kind: "rate_limit", retryAfter: "50" });
    const controller = new AbortController();
    const reading = (async () => {
      for await (const event of client().stream(request(), { signal: controller.signal })) {
        if (event.type === "retry") queueMicrotask(() => controller.abort());
      }
    })();
    await expect(reading).rejects.toMatchObject({ name: "AbortError" });
    expect(server.requests()).toHaveLength(1);
  });
});

describe("configuring the model", () => {
  it("wants a key for the provider's own API", () => {
    expect(() => createModelClient({ models: MODELS })).toThrow(AppError);
    expect(() => createModelClient({ models: MODELS, apiKey: "k" })).not.toThrow();
  });
});
