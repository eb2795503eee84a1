/** Scripted exchanges: replies written by a test or a recording, given word for word. */
import { z } from "zod";
import { encodeEvent, toEvents } from "./events.ts";
import { type Purpose, purposeOfBody } from "./purpose.ts";
import { Reply } from "./reply.ts";

const Exchange = z.object({
  /** All that is given must be contained, whatever the case: in the last text of the user, the last tool results, the body. */
  when: z
    .object({
      userText: z.string().optional(),
      toolResult: z.string().optional(),
      body: z.string().optional(),
      /** What the memory asks after a turn is answered by rule, also beside a strict script, unless an exchange is for it. */
      purpose: z.enum(["turn", "memory"]).default("turn"),
    })
    .optional(),
  reply: Reply,
  /** Once when the exchange has no condition, always when it has one, unless given. */
  times: z.int().positive().optional(),
});
type Exchange = z.infer<typeof Exchange>;

export const Script = z.object({
  /** Only for requests whose body contains this. */
  match: z.string().optional(),
  exchanges: z.array(Exchange).min(1),
  /** When none of its exchanges fits, a request it matches fails instead of being answered by rule. */
  strict: z.boolean().default(false),
  /**
   * For benchmarks: conditions look at the body only, which is neither checked nor logged, and replies without pauses
   * are encoded once.
   */
  fast: z.boolean().default(false),
});
export type Script = z.infer<typeof Script>;
export type ScriptInput = z.input<typeof Script>;

/** What a condition is compared with. */
export interface ScriptRequest {
  rawBody: string;
  userText: string;
  toolResult: string;
  purpose: Purpose;
}

interface Loaded {
  script: Script;
  left: number[];
  /** The encoded stream of each exchange of a fast script. */
  encoded: Buffer[];
}

export interface Pick {
  reply: Reply;
  encoded: Buffer | undefined;
  /** The reply did not arrive: the exchange is still to come. */
  putBack(): void;
}

const NO_USAGE = {
  input_tokens: 1,
  cache_creation_input_tokens: 0,
  cache_read_input_tokens: 0,
  output_tokens: 1,
};

export class Scripts {
  #loaded: Loaded[] = [];

  load(script: Script): void {
    const left = script.exchanges.map(({ when, times }) => times ?? (when ? Number.POSITIVE_INFINITY : 1));
    const encode = ({ reply }: Exchange) =>
      Buffer.from(toEvents(reply, "scripted", NO_USAGE).map(encodeEvent).join(""));
    this.#loaded.push({ script, left, encoded: script.fast ? script.exchanges.map(encode) : [] });
  }

  /** A fast script's answer, found in the raw body alone. */
  takeFast(rawBody: string): Pick | undefined {
    return this.#take({ rawBody, userText: "", toolResult: "", purpose: purposeOfBody(rawBody) }, true);
  }

  /** The first exchange that fits, `undefined` where the rules should answer. Throws when a strict script has none. */
  take(request: ScriptRequest): Pick | undefined {
    return this.#take(request, false);
  }

  clear(match?: string): void {
    this.#loaded = match === undefined ? [] : this.#loaded.filter(({ script }) => script.match !== match);
  }

  #take(request: ScriptRequest, fast: boolean): Pick | undefined {
    for (const { script, left, encoded } of this.#loaded) {
      if (script.fast !== fast || !contains(request.rawBody, script.match)) continue;
      const index = script.exchanges.findIndex(
        (exchange, place) => left[place]! > 0 && fits(exchange, request),
      );
      const exchange = script.exchanges[index];
      if (exchange) {
        left[index]!--;
        return { reply: exchange.reply, encoded: encoded[index], putBack: () => void left[index]!++ };
      }
      if (script.strict && request.purpose === "turn")
        throw new Error("the script has no exchange for this request");
    }
    return undefined;
  }
}

function fits({ when }: Exchange, request: ScriptRequest): boolean {
  if ((when?.purpose ?? "turn") !== request.purpose) return false;
  if (!when) return true;
  return (
    contains(request.userText, when.userText) &&
    contains(request.toolResult, when.toolResult) &&
    contains(request.rawBody, when.body)
  );
}

function contains(text: string, part: string | undefined): boolean {
  return part === undefined || text.toLowerCase().includes(part.toLowerCase());
}
