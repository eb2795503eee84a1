import type { ModelUsage } from "../../platform/model-port.ts";
import type { QueryUsage } from "./query-schema.ts";

export const NO_USAGE: QueryUsage = {
  input_tokens: 0,
  output_tokens: 0,
  cache_read_tokens: 0,
  model_calls: 0,
};

export function withUsage(sum: QueryUsage, usage: ModelUsage): QueryUsage {
  return {
    input_tokens: sum.input_tokens + usage.inputTokens,
    output_tokens: sum.output_tokens + usage.outputTokens,
    cache_read_tokens: sum.cache_read_tokens + usage.cacheReadTokens,
    model_calls: sum.model_calls + 1,
  };
}
