import { describe, expect, it } from "vitest";
import { priceMicroCents } from "../../src/platform/model-prices.ts";

const DOLLAR = 100_000_000;
const none = { inputTokens: 0, outputTokens: 0, cacheReadTokens: 0, cacheWriteTokens: 0 };
const million = (part: Partial<typeof none>) => ({ ...none, ...part });

describe("the price of a model call", () => {
  it("adds each kind of token at its own price", () => {
    expect(priceMicroCents("claude-sonnet-5-5", million({ inputTokens: 1e6 }))).toBe(2 * DOLLAR);
    expect(priceMicroCents("claude-sonnet-5-5", million({ outputTokens: 1e6 }))).toBe(10 * DOLLAR);
    expect(priceMicroCents("claude-sonnet-5-5", million({ cacheReadTokens: 1e6 }))).toBe(0.1 * DOLLAR);
    expect(priceMicroCents("claude-sonnet-5-5", million({ cacheWriteTokens: 1e6 }))).toBe(2.5 * DOLLAR);
    const usage = { inputTokens: 100, outputTokens: 10, cacheReadTokens: 1000, cacheWriteTokens: 40 };
    expect(priceMicroCents("claude-opus-4-8", usage)).toBe(100 * 500 + 10 * 2500 + 1000 * 50 + 40 * 625);
  });

  it("counts dated ids and gateway prefixes as their family", () => {
    const usage = million({ inputTokens: 1e6 });
    expect(priceMicroCents("claude-haiku-4-5-20251001", usage)).toBe(DOLLAR);
    expect(priceMicroCents("anthropic/claude-haiku-4-5@20251001", usage)).toBe(DOLLAR);
  });

  it("charges long prompts more where the list does", () => {
    const short = { ...none, inputTokens: 60_000, cacheReadTokens: 40_000 };
    const long = { ...short, cacheReadTokens: 40_001 };
    expect(priceMicroCents("claude-haiku-5-5", short)).toBe(60_000 * 10 + 40_000);
    expect(priceMicroCents("claude-haiku-5-5", long)).toBe((60_000 * 10 + 40_001) * 5);
  });

  it.each(["stand-in", "claude-opus-5-6", "claude-opus-55", "claude-haiku-9", "constructor", ""])(
    "knows no price for %j",
    (model) => {
      expect(priceMicroCents(model, million({ inputTokens: 1 }))).toBeNull();
    },
  );
});
