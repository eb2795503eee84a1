import { AppError } from "../../lib/errors.ts";
import type { ModelResponse } from "../../platform/model-port.ts";
import { type Budget, TurnBudget } from "./budget.ts";
import type { ToolAllowance } from "./loop.ts";
import type { RunLimits } from "./types.ts";

/** What one run of an agent uses up of its own limits; those around it count too. */
export class RunMeter implements Budget {
  readonly #limits: RunLimits;
  readonly #outer: RunMeter | undefined;
  readonly #budget: TurnBudget;
  readonly #time = new AbortController();
  #toolCallsLeft: number;

  constructor(limits: RunLimits, outer?: RunMeter) {
    this.#limits = limits;
    this.#outer = outer;
    this.#budget = new TurnBudget(limits.tokensMax);
    this.#toolCallsLeft = limits.toolCallsMax;
  }

  /** Runs `work` with a signal that ends when the time is over, or with `signal`. */
  async during<Result>(signal: AbortSignal, work: (signal: AbortSignal) => Promise<Result>): Promise<Result> {
    const { timeMs } = this.#limits;
    const isOver = () => this.#time.abort(limitReached(`${timeMs / 1000} seconds`));
    const timer = setTimeout(isOver, timeMs);
    try {
      return await work(AbortSignal.any([signal, this.#time.signal]));
    } finally {
      clearTimeout(timer);
    }
  }

  add(response: ModelResponse): void {
    this.#budget.add(response);
    this.#outer?.add(response);
  }

  addToolCall(): void {
    this.#budget.addToolCall();
    this.#outer?.addToolCall();
  }

  isSpent(): boolean {
    return this.#budget.isSpent() || this.#outer?.isSpent() === true;
  }

  /** Tokens that are left of the nearest limit. */
  get tokensLeft(): number {
    return Math.min(this.#budget.tokensLeft, this.#outer?.tokensLeft ?? Number.POSITIVE_INFINITY);
  }

  /** Of tool calls. */
  get allowance(): ToolAllowance {
    const hasNone = () => this.toolCallsLeft <= 0;
    return {
      get isSpent() {
        return hasNone();
      },
      take: () => this.#takeToolCall(),
    };
  }

  get toolCallsLeft(): number {
    return Math.min(this.#toolCallsLeft, this.#outer?.toolCallsLeft ?? Number.POSITIVE_INFINITY);
  }

  #takeToolCall(): boolean {
    if (this.toolCallsLeft <= 0) return false;
    this.#toolCallsLeft--;
    this.#outer?.allowance.take();
    return true;
  }

  /** Why no further model call is made; undefined when no limit of an agent is the reason. */
  get tokenLimit(): AppError | undefined {
    if (this.#budget.isSpent()) return limitReached(`${this.#limits.tokensMax} tokens`);
    return this.#outer?.tokenLimit;
  }
}

function limitReached(limit: string): AppError {
  return new AppError("agent_limit_reached", { detail: `The agent stopped at its limit of ${limit}.` });
}
