/** What programs of agents work with, made of what a turn has. */
import { AppError } from "../../lib/errors.ts";
import type { ModelResponse } from "../../platform/model-port.ts";
import type { Citation, HistoryMessage } from "../hub/protocol.ts";
import type { Tool } from "../tools/types.ts";
import type { AgentDefinition } from "./agents.ts";
import { fitHistory } from "./history.ts";
import { type AgentEnd, type AgentRun, type Speaker, textOf } from "./loop.ts";
import { composePrompt, type PromptContext } from "./prompts/compose.ts";
import type { RunMeter as Meter } from "./run-meter.ts";
import { RunMeter } from "./run-meter.ts";
import type { TurnSpeaker } from "./speaker.ts";
import type {
  AgentStage,
  AnsweringAgent,
  RunLimits,
  StageAnswer,
  StagePart,
  TextReader,
  TurnJournal,
  TurnResult,
} from "./types.ts";

export interface StagePorts {
  run(run: AgentRun, around: { meter: Meter | undefined; signal: AbortSignal }): Promise<AgentEnd>;
  toolsOf(agent: AgentDefinition): ReadonlyMap<string, Tool>;
  prompt(): Promise<PromptContext>;
  journal: Pick<TurnJournal, "keep">;
  speaker: TurnSpeaker;
  /** Adds to what the turn comes to. */
  add(parts: Pick<TurnResult, "citations" | "answeredBy">): void;
  responseTokensMax: number;
  historyTokensMax: number;
}

export interface StagePlace {
  path: string;
  message: string;
  history: readonly HistoryMessage[];
  isTop: boolean;
  signal: AbortSignal;
}

export class Stage implements AgentStage {
  readonly #ports: StagePorts;
  readonly #place: StagePlace;
  readonly #meter: Meter | undefined;

  constructor(ports: StagePorts, place: StagePlace, meter?: Meter) {
    this.#ports = ports;
    this.#place = place;
    this.#meter = meter;
  }

  get message(): string {
    return this.#place.message;
  }

  get isTop(): boolean {
    return this.#place.isTop;
  }

  get signal(): AbortSignal {
    return this.#place.signal;
  }

  async run(part: StagePart): Promise<StageAnswer> {
    const { agent, endsOn } = part;
    const { speaker, prompt, historyTokensMax: tokensMax, responseTokensMax } = this.#ports;
    const { signal } = this.#place;
    const tools = this.#toolsOf(part);
    const speaks = this.isTop ? part.speaksThrough : undefined;
    if (speaks) speaker.speakFor(agent, tools);
    const end = await this.#ports.run(
      {
        path: this.#place.path + part.path,
        role: agent.role,
        system: composePrompt(agent, await prompt()),
        tools,
        messages: fitHistory(part.withHistory ? this.#place.history : [], part.message ?? this.message, {
          tokensMax,
        }),
        stepLimit: agent.stepLimit,
        maxTokens: responseTokensMax,
        // The tool that ends a part is its answer, and no call.
        ...(this.#meter && endsOn === undefined ? { allowance: this.#meter.allowance } : {}),
        ...(speaks ? { speaker: readThrough(speaker, speaks) } : {}),
        ...(endsOn === undefined ? {} : { endsOn }),
      },
      { meter: this.#meter, signal },
    );
    return this.#answerOf(end, speaks !== undefined);
  }

  async within<Result>(
    path: string,
    limits: RunLimits,
    work: (stage: AgentStage) => Promise<Result>,
  ): Promise<Result> {
    const meter = new RunMeter(limits, this.#meter);
    return meter.during(this.#place.signal, (signal) =>
      work(new Stage(this.#ports, { ...this.#place, path: this.#place.path + path, signal }, meter)),
    );
  }

  keep(place: string, make: () => Promise<unknown>): Promise<unknown> {
    return this.#ports.journal.keep(this.#place.path + place, make);
  }

  say(text: string): void {
    if (this.isTop) this.#ports.speaker.recite(text);
  }

  cite(citations: readonly Citation[]): void {
    if (this.isTop) this.#ports.add({ citations });
  }

  answeredBy(agent: AnsweringAgent): void {
    if (this.isTop) this.#ports.add({ answeredBy: agent });
  }

  progress(label: string): void {
    this.#ports.speaker.progress("thinking", label);
  }

  #toolsOf({ agent, tools = [] }: StagePart): ReadonlyMap<string, Tool> {
    return new Map([...this.#ports.toolsOf(agent), ...tools.map((tool) => [tool.name, tool] as const)]);
  }

  #answerOf(end: AgentEnd, spoke: boolean): StageAnswer {
    if (end.kind === "out_of_tokens") throw this.#meter?.tokenLimit ?? new AppError("turn_too_large");
    if (end.kind === "ended_by_tool") return end;
    if (end.stopReason === "refusal") throw new AppError("model_refused");
    if (end.stopReason === "max_tokens" && spoke) this.#ports.speaker.remark(CUT);
    return { kind: "answer", text: end.text };
  }
}

export const CUT = "(The answer was cut here: it reached its length limit.)";

/** What a reader makes of each response is said in place of it. */
function readThrough(speaker: Speaker, newReader: () => TextReader): Speaker {
  let reader = newReader();
  return {
    begin: () => {
      reader = newReader();
      speaker.begin();
    },
    text: (delta) => speaker.text(reader.push(delta)),
    retract: () => {
      reader = newReader();
      speaker.retract();
    },
    end: (response) => {
      speaker.text(reader.end());
      speaker.end(readWhole(response, newReader()));
    },
    replayed: (response) => speaker.replayed(readWhole(response, newReader())),
  };
}

function readWhole(response: ModelResponse, reader: TextReader): ModelResponse {
  const rest = response.content.filter(({ type }) => type !== "text");
  const text = reader.push(textOf(response)) + reader.end();
  return { ...response, content: text === "" ? rest : [{ type: "text", text }, ...rest] };
}

/** For what needs no change. */
export const plainReader = (): TextReader => ({ push: (delta) => delta, end: () => "" });
