import { describe, expect, it } from "vitest";
import { TurnBudget } from "../../../src/features/agent/budget.ts";
import type { ModelResponse, ResponseBlock } from "../../../src/platform/model-port.ts";

const toolUse: ResponseBlock = { type: "tool_use", id: "u", name: "list_tasks", input: {} };
const words: ResponseBlock = { type: "text", text: "words" };

function response(inputTokens: number, outputTokens: number, content: ResponseBlock[] = []): ModelResponse {
  const usage = { inputTokens, outputTokens, cacheReadTokens: 7, cacheWriteTokens: 1000 };
  return { content, stopReason: "end_turn", usage, model: "any" };
}

describe("a turn's budget", () => {
  it("begins with nothing used", () => {
    expect(new TurnBudget(10).usage).toEqual({
      input_tokens: 0,
      output_tokens: 0,
      cache_read_tokens: 0,
      model_calls: 0,
      tool_calls: 0,
    });
  });

  it("adds up the tokens and the model calls of all responses, and of the tool calls those that ran", () => {
    const budget = new TurnBudget(1000);
    budget.add(response(10, 3, [words, toolUse, toolUse, toolUse]));
    budget.addToolCall();
    budget.addToolCall();
    budget.add(response(20, 4, [words]));
    expect(budget.usage).toEqual({
      input_tokens: 30,
      output_tokens: 7,
      cache_read_tokens: 14,
      model_calls: 2,
      tool_calls: 2,
    });
  });

  it("is spent once input and output together reach the limit, whatever came from the cache", () => {
    const budget = new TurnBudget(100);
    budget.add(response(60, 39));
    expect(budget.isSpent()).toBe(false);
    budget.add(response(0, 1));
    expect(budget.isSpent()).toBe(true);
  });

  it("of nothing is spent from the beginning", () => {
    expect(new TurnBudget(0).isSpent()).toBe(true);
  });
});
