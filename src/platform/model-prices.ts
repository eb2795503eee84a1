/**
 * What a model call costs, for usage records. Public list prices of the Claude API (platform.claude.com, Pricing;
 * November 2026); a model that is not listed has no price rather than a guessed one.
 */
import type { ModelUsage } from "./model-port.ts";

/** Micro-cents (10⁻⁸ USD) a token: 100 is one dollar a million tokens. Cache writes are the five-minute kind. */
export interface TokenPrices {
  input: number;
  output: number;
  cacheRead: number;
  cacheWrite: number;
}

interface Family {
  prices: TokenPrices;
  /** Prompts above this many tokens, cached ones included, cost `factor` times as much. */
  longPrompt?: { aboveTokens: number; factor: number };
}

/** Dollars a million tokens, as price lists write them. A five-minute cache write costs 1.25 times the input. */
function perMillion(input: number, output: number, cacheRead: number): TokenPrices {
  return { input: input * 100, output: output * 100, cacheRead: cacheRead * 100, cacheWrite: input * 125 };
}

const OPUS_4_5_TO_5 = { prices: perMillion(5, 25, 0.5) };
const SONNET_4 = { prices: perMillion(3, 15, 0.3) };
const FABLE_5 = { prices: perMillion(10, 50, 1) };
const FABLE_5_1 = { prices: perMillion(10, 50, 0.25) };

const FAMILIES: ReadonlyMap<string, Family> = new Map(
  Object.entries({
    "claude-fable-5-1": FABLE_5_1,
    "claude-mythos-5-1": FABLE_5_1,
    "claude-fable-5": FABLE_5,
    "claude-mythos-5": FABLE_5,
    "claude-opus-5-5": { prices: perMillion(4, 20, 0.2) },
    "claude-opus-5": OPUS_4_5_TO_5,
    "claude-opus-4-8": OPUS_4_5_TO_5,
    "claude-opus-4-7": OPUS_4_5_TO_5,
    "claude-opus-4-6": OPUS_4_5_TO_5,
    "claude-opus-4-5": OPUS_4_5_TO_5,
    "claude-sonnet-5-5": { prices: perMillion(2, 10, 0.1) },
    "claude-sonnet-5": { prices: perMillion(2, 10, 0.2) },
    "claude-sonnet-4-6": SONNET_4,
    "claude-sonnet-4-5": SONNET_4,
    "claude-haiku-5-5": {
      prices: perMillion(0.1, 0.5, 0.01),
      longPrompt: { aboveTokens: 100_000, factor: 5 },
    },
    "claude-haiku-4-5": { prices: perMillion(1, 5, 0.1) },
  }),
);

/**
 * The price of one call in whole micro-cents, or null when the model's price is not known. Dated ids
 * (`claude-haiku-4-5-20251001`) and gateway prefixes (`anthropic/claude-…`) count as their family.
 */
export function priceMicroCents(model: string, usage: ModelUsage): number | null {
  const family = FAMILIES.get(familyOf(model));
  if (!family) return null;
  const { prices, longPrompt } = family;
  const promptTokens = usage.inputTokens + usage.cacheReadTokens + usage.cacheWriteTokens;
  const factor = longPrompt && promptTokens > longPrompt.aboveTokens ? longPrompt.factor : 1;
  const price =
    usage.inputTokens * prices.input +
    usage.outputTokens * prices.output +
    usage.cacheReadTokens * prices.cacheRead +
    usage.cacheWriteTokens * prices.cacheWrite;
  return Math.round(price * factor);
}

/** `anthropic/claude-haiku-4-5-20251001` → `claude-haiku-4-5`. */
function familyOf(model: string): string {
  return model.replace(/^.*(?=claude-)/, "").replace(/[-@]\d{8}$/, "");
}
