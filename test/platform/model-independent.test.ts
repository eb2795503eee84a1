/** The adapter against a server of the same API that somebody else wrote (aimock). */
import { LLMock } from "@copilotkit/aimock";
import { afterAll, beforeAll, beforeEach, expect, it } from "vitest";
import { createModelClient } from "../../src/platform/model.ts";
import type { ModelEvent, ModelMessage, ModelResponse } from "../../src/platform/model-port.ts";

const mock = new LLMock({ port: 0 });
beforeAll(async () => void (await mock.start()));
beforeEach(() => mock.reset());
afterAll(() => mock.stop());

async function call(
  messages: ModelMessage[],
): Promise<{ events: ModelEvent[]; text: string; response: ModelResponse }> {
  const model = "claude-sonnet-5-5";
  const client = createModelClient({
    baseUrl: mock.url,
    apiKey: "key",
    models: { supervisor: model, worker: model, small: model },
    random: () => 0,
  });
  const events: ModelEvent[] = [];
  const request = {
    role: "worker" as const,
    system: [{ text: "Be brief." }],
    tools: [],
    messages,
    maxTokens: 100,
  };
  for await (const event of client.stream(request, { signal: new AbortController().signal }))
    events.push(event);
  const last = events.at(-1);
  if (last?.type !== "response") throw new Error("no response");
  const text = events.flatMap((event) => (event.type === "text" ? [event.text] : [])).join("");
  return { events, text, response: last.response };
}

it("reads its streamed text and reasoning", async () => {
  const content = "Grüße, 世界! ".repeat(40);
  mock.onMessage("hello", { content, reasoning: "Let me think." }, { chunkSize: 3 });
  const { text, response } = await call([{ role: "user", content: "hello" }]);
  expect(text).toBe(content);
  expect(response.stopReason).toBe("end_turn");
  expect(response.content).toEqual([
    { type: "reasoning", raw: expect.objectContaining({ type: "thinking", thinking: "Let me think." }) },
    { type: "text", text: content },
  ]);
});

it("reads its tool uses and is understood when it sends the results", async () => {
  mock.on(
    { userMessage: "add milk", hasToolResult: false },
    {
      toolCalls: [{ name: "create_task", arguments: JSON.stringify({ title: "Milch 🥛", tags: [1, null] }) }],
    },
  );
  mock.on({ userMessage: "add milk", hasToolResult: true }, { content: "Added." });
  const question: ModelMessage = { role: "user", content: "add milk" };
  const { response } = await call([question]);
  const [use] = response.content;
  expect(use).toMatchObject({
    type: "tool_use",
    name: "create_task",
    input: { title: "Milch 🥛", tags: [1, null] },
  });
  expect(response.stopReason).toBe("tool_use");
  const id = use?.type === "tool_use" ? use.id : "";
  const results: ModelMessage = {
    role: "user",
    content: [{ type: "tool_result", tool_use_id: id, content: "Created." }],
  };
  expect((await call([question, { role: "assistant", content: response.content }, results])).text).toBe(
    "Added.",
  );
});

it("repeats a call that it rate-limits", async () => {
  mock.onMessage("again", { content: "Here." });
  mock.nextRequestError(429, { message: "slow down", type: "rate_limit_error" });
  const { events, text } = await call([{ role: "user", content: "again" }]);
  expect(events[0]).toMatchObject({ type: "retry", attempt: 1, reason: "rate_limited" });
  expect(text).toBe("Here.");
});
