import { z } from "zod";
import { TurnBudget } from "../../src/features/agent/budget.ts";
import { type AgentRun, type LoopPorts, runAgent } from "../../src/features/agent/loop.ts";
import type { Tool, ToolOutput } from "../../src/features/tools/types.ts";
import { Semaphore } from "../../src/lib/semaphore.ts";
import type { ModelRequest } from "../../src/platform/model-port.ts";
import { MemoryJournal } from "./memory-journal.ts";
import type { ScriptedModel } from "./scripted-model.ts";
import { recordingContext } from "./tool-context.ts";

export type Approval = { position: string; tool: string; input: unknown };

/** Everything a run is given, with what it did with it. */
export class LoopBench {
  readonly journal = new MemoryJournal();
  readonly abort = new AbortController();
  readonly tools = new Map<string, Tool>();
  /** Where each tool ran, in the order of their beginnings. */
  readonly ran: { tool: string; position: string; input: unknown }[] = [];
  readonly asked: Approval[] = [];
  readonly progress: string[] = [];
  readonly reported: string[] = [];
  /** What the speaker heard and the journal took, in order. */
  readonly events: string[] = [];
  budget = new TurnBudget(1_000_000);
  modelSlots = new Semaphore(1);
  autoApprove = false;
  decide: (ask: Approval) => ReturnType<LoopPorts["approve"]> = async () => ({ kind: "approved" });

  /** Adds a tool; `run` gets its input. */
  tool(
    name: string,
    options: Partial<Omit<Tool, "run">> = {},
    run?: (input: unknown) => Promise<ToolOutput>,
  ): this {
    this.tools.set(name, {
      name,
      description: `Does ${name}.`,
      input: z.looseObject({ wrong: z.never().optional() }),
      readOnly: true,
      idempotent: true,
      destructive: false,
      label: `Doing ${name}`,
      ...options,
      run: (input, { position }) => {
        this.ran.push({ tool: name, position, input });
        this.events.push(`run ${name}`);
        return run?.(input) ?? Promise.resolve({ text: `${name} is done` });
      },
    });
    return this;
  }

  run(model: ScriptedModel, run: Partial<AgentRun> = {}) {
    return runAgent(
      {
        path: "",
        role: "worker",
        system: [{ text: "stable", cache: true }],
        tools: this.tools,
        messages: [{ role: "user", content: "the request" }],
        stepLimit: 5,
        maxTokens: 777,
        ...run,
      },
      this.ports(model),
    );
  }

  ports(model: ScriptedModel): LoopPorts {
    return {
      model,
      modelSlots: this.modelSlots,
      journal: {
        find: (path, step) => this.journal.find(path, step),
        record: (path, step, response, options) => {
          this.events.push(`record ${path}${step}`);
          return this.journal.record(path, step, response, options);
        },
      },
      budget: this.budget,
      signal: this.abort.signal,
      toolContext: (position) => recordingContext([], { position, signal: this.abort.signal }).ctx,
      approve: ({ position, tool, input }) => {
        this.asked.push({ position, tool: tool.name, input });
        return this.decide({ position, tool: tool.name, input });
      },
      progress: (phase, label) => this.progress.push(`${phase}: ${label}`),
      report: (failure) => this.reported.push(failure.code),
      autoApprove: this.autoApprove,
    };
  }

  speaker() {
    const note = (event: string) => () => void this.events.push(event);
    return {
      begin: note("begin"),
      text: (delta: string) => void this.events.push(`text ${delta}`),
      retract: note("retract"),
      end: note("end"),
      replayed: note("replayed"),
    };
  }
}

export const CHANGE = { readOnly: false } as const;
export const DELETION = { readOnly: false, destructive: true } as const;

/** What the model reads of its tool uses: the last message of a request. */
export function resultsOf(request: ModelRequest | undefined) {
  const content = request?.messages.at(-1)?.content;
  if (!Array.isArray(content)) throw new Error("the last message holds no results");
  return content;
}

/** Promises that resolve when the test says so. */
export function gate<Value>() {
  return Promise.withResolvers<Value>();
}

/** Resolves when everything that can go on without the test has done so. */
export const settled = () => new Promise<void>((resolve) => setImmediate(resolve));
