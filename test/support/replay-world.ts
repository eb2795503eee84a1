/**
 * An agent with two sub-agents over a world that outlives its process: the journal's durable part, and a device that keeps
 * effects with their results under the ids of the calls. A process can be killed at each of the points where it touches
 * something outside of itself.
 */
import { z } from "zod";
import { TurnBudget } from "../../src/features/agent/budget.ts";
import { type AgentEnd, type AgentRun, type LoopPorts, runAgent } from "../../src/features/agent/loop.ts";
import type { Tool, ToolContext, ToolOutput } from "../../src/features/tools/types.ts";
import { derivedId } from "../../src/lib/ids.ts";
import { Semaphore } from "../../src/lib/semaphore.ts";
import type { ModelRequest, ModelResponse } from "../../src/platform/model-port.ts";
import { MemoryJournal } from "./memory-journal.ts";
import { eventsOf, responds, ScriptedModel, says, uses } from "./scripted-model.ts";

export interface WorldOptions {
  /** A model that is asked the same again answers differently. */
  drifts: boolean;
  /** Decides in which order what runs side by side goes on. */
  pause?(): Promise<void>;
}

interface Effect {
  tool: string;
  position: string;
  input: unknown;
}

class Killed extends Error {
  override readonly name = "Killed";
}

export class World {
  readonly options: WorldOptions;
  readonly journal = new MemoryJournal();
  /** Changes on the device, by the id of the call. */
  readonly effects = new Map<string, Effect>();
  /** Steps the model was asked for, as `path step`, over all processes. */
  readonly asked: string[] = [];
  /** Steps it was asked for though their response was durable. */
  readonly askedAgain: string[] = [];

  constructor(options: WorldOptions) {
    this.options = options;
  }

  /** Runs the agent once; killed at its `killAt`th touch of the world it leaves only what is durable. */
  async process(killAt?: number): Promise<Process> {
    const process = new Process(this, killAt);
    await process.run();
    return process;
  }
}

const Input = z.looseObject({ title: z.string().optional() });

export class Process {
  readonly world: World;
  /** Points where the world was touched. */
  touches = 0;
  isDead = false;
  end: AgentEnd | undefined;
  failure: unknown;
  readonly budget = new TurnBudget(1_000_000);
  /** Where tools ran and with what, in the order of their beginnings. */
  readonly ran: string[] = [];
  readonly #killAt: number | undefined;
  readonly #abort = new AbortController();
  readonly #model = new ScriptedModel((request) => this.#answer(request));

  constructor(world: World, killAt: number | undefined) {
    this.world = world;
    this.#killAt = killAt;
  }

  async run(): Promise<void> {
    try {
      const tools = new Map(
        [this.#add, this.#look, this.#wipe, this.#delegate].map((tool) => [tool.name, tool]),
      );
      const end = await runAgent(this.#agent("", "top", tools), this.#ports());
      this.#touch();
      this.end = end;
    } catch (error) {
      this.failure = error;
      if (!this.isDead) throw error;
    }
  }

  /** Nothing of a killed process reaches the world any more. */
  #touch(): void {
    if (!this.isDead && ++this.touches === this.#killAt) {
      this.isDead = true;
      this.world.journal.crash();
    }
    if (this.isDead) throw new Killed();
  }

  #agent(path: string, name: string, tools: ReadonlyMap<string, Tool>): AgentRun {
    const messages = [{ role: "user" as const, content: name }];
    return { path, role: "worker", system: [], tools, messages, stepLimit: 5, maxTokens: 100 };
  }

  #ports(): LoopPorts {
    return {
      model: this.#model,
      modelSlots: new Semaphore(2),
      journal: {
        find: (path, step) => {
          this.#touch();
          return this.world.journal.find(path, step);
        },
        record: (path, step, response, options) => {
          this.#touch();
          const recorded = this.world.journal.record(path, step, response, options);
          this.#touch();
          return recorded;
        },
      },
      budget: this.budget,
      signal: this.#abort.signal,
      toolContext: (position) => this.#context(position),
      approve: async () => {
        this.#touch();
        await this.#pause();
        this.#touch();
        return { kind: "approved" };
      },
      progress: () => this.#touch(),
      report: () => {},
      autoApprove: false,
    };
  }

  async #pause(): Promise<void> {
    await this.world.options.pause?.();
  }

  async #answer(request: ModelRequest) {
    this.#touch();
    const name = String(request.messages[0]?.content);
    const step = `${name} ${(request.messages.length + 1) / 2}`;
    const { journal, asked, askedAgain, options } = this.world;
    if (journal.committed.some((each) => `${nameOf(each.path)} ${each.step}` === step)) askedAgain.push(step);
    asked.push(step);
    const times = asked.filter((each) => each === step).length;
    await this.#pause();
    this.#touch();
    const events = eventsOf(SCRIPT[step]!(options.drifts ? `#${times}` : ""));
    this.#touch();
    return events;
  }

  #context(position: string): ToolContext {
    return {
      position,
      timezone: "UTC",
      now: 0,
      signal: this.#abort.signal,
      embed: async () => [],
      keep: (make) => make(),
      used: () => undefined,
      device: async (call) => {
        this.#touch();
        await this.#pause();
        this.#touch();
        const id = derivedId("turn", position, 0, 1);
        const { tool, input } = call.data as { tool: string; input: unknown };
        if (call.action !== "select" && !this.world.effects.has(id)) {
          this.world.effects.set(id, { tool, position, input });
        }
        await this.#pause();
        this.#touch();
        return { kind: "row", row: { id } };
      },
    };
  }

  readonly #add = this.#tool("add", { readOnly: false }, "insert");
  readonly #look = this.#tool("look", { readOnly: true }, "select");
  readonly #wipe = this.#tool("wipe", { readOnly: false, destructive: true }, "delete");
  readonly #delegate: Tool = {
    ...this.#add,
    name: "delegate",
    readOnly: true,
    run: (input, ctx) => this.#ask(input, ctx),
  };

  #tool(name: string, hints: Partial<Tool>, action: "insert" | "select" | "delete"): Tool {
    return {
      name,
      description: name,
      input: Input,
      readOnly: true,
      idempotent: false,
      destructive: false,
      label: name,
      ...hints,
      run: async (input, ctx): Promise<ToolOutput> => {
        this.#touch();
        this.ran.push(`${name} at ${ctx.position} with ${JSON.stringify(input)}`);
        const outcome = await ctx.device({ action, table: "tasks", data: { tool: name, input } });
        return { text: `${name} gave ${JSON.stringify(outcome)}` };
      },
    };
  }

  async #ask(input: unknown, ctx: ToolContext): Promise<ToolOutput> {
    this.ran.push(`delegate at ${ctx.position} with ${JSON.stringify(input)}`);
    const tools = new Map([this.#add, this.#look].map((tool) => [tool.name, tool]));
    const end = await runAgent(this.#agent(ctx.position, nameOf(ctx.position), tools), this.#ports());
    return { text: end.kind === "answer" ? end.text : end.kind };
  }
}

function nameOf(path: string): string {
  return path === "" ? "top" : path;
}

/** What the model says at each step; `mark` tells one answer to the same question from another. */
const SCRIPT: Record<string, (mark: string) => ModelResponse> = {
  "top 1": (mark) =>
    uses(
      ["add", { title: `a${mark}` }],
      ["delegate", { to: `x${mark}` }],
      ["look"],
      ["delegate", { to: `y${mark}` }],
    ),
  "top 2": (mark) =>
    responds(
      [{ type: "text", text: `Half way.${mark}` }, ...uses(["add", { title: `b${mark}` }], ["wipe"]).content],
      "tool_use",
    ),
  "top 3": (mark) => says(`All is done.${mark}`),
  "1.1/ 1": (mark) => uses(["add", { title: `x1${mark}` }], ["look"]),
  "1.1/ 2": (mark) => uses(["add", { title: `x2${mark}` }]),
  "1.1/ 3": (mark) => says(`X is done.${mark}`),
  "1.3/ 1": (mark) => uses(["add", { title: `y1${mark}` }]),
  "1.3/ 2": (mark) => says(`Y is done.${mark}`),
};
