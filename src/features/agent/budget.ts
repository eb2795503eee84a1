import type { ModelResponse } from "../../platform/model-port.ts";
import type { TurnUsage } from "../hub/protocol.ts";
import type { UsedUnit } from "../tools/types.ts";

/** Hears of each response and each tool call that runs, and says when there may be no further response. */
export interface Budget {
  readonly tokensLeft: number;
  add(response: ModelResponse): void;
  addToolCall(): void;
  isSpent(): boolean;
}

/** Counts what a turn uses, over all its agents, and says when its tokens are spent. */
export class TurnBudget implements Budget {
  readonly #tokensMax: number;
  #usage: TurnUsage = {
    input_tokens: 0,
    output_tokens: 0,
    cache_read_tokens: 0,
    model_calls: 0,
    tool_calls: 0,
  };

  /** `tokensMax`: input and output tokens of all responses together. */
  constructor(tokensMax: number) {
    this.#tokensMax = tokensMax;
  }

  add(response: ModelResponse): void {
    const usage = this.#usage;
    this.#usage = {
      ...usage,
      input_tokens: usage.input_tokens + response.usage.inputTokens,
      output_tokens: usage.output_tokens + response.usage.outputTokens,
      cache_read_tokens: usage.cache_read_tokens + response.usage.cacheReadTokens,
      model_calls: usage.model_calls + 1,
    };
  }

  addToolCall(): void {
    this.#usage = { ...this.#usage, tool_calls: this.#usage.tool_calls + 1 };
  }

  /** One more of what a tool uses up besides tokens. */
  use(unit: UsedUnit): void {
    this.#usage = { ...this.#usage, [unit]: (this.#usage[unit] ?? 0) + 1 };
  }

  isSpent(): boolean {
    return this.tokensLeft <= 0;
  }

  get tokensLeft(): number {
    return this.#tokensMax - this.#usage.input_tokens - this.#usage.output_tokens;
  }

  get usage(): TurnUsage {
    return this.#usage;
  }
}

/** Spends from both, and is spent when one of them is. */
export function jointBudget(turn: Budget, own: Budget): Budget {
  return {
    get tokensLeft() {
      return Math.min(turn.tokensLeft, own.tokensLeft);
    },
    add: (response) => {
      turn.add(response);
      own.add(response);
    },
    addToolCall: () => {
      turn.addToolCall();
      own.addToolCall();
    },
    isSpent: () => turn.isSpent() || own.isSpent(),
  };
}
