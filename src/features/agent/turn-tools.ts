import { ToolRegistry } from "../tools/service.ts";
import type { Tool, ToolContext, ToolOutput } from "../tools/types.ts";
import { WORKSPACE_TOOLS } from "../workspace/tools.ts";
import type { AgentDefinition, DelegableAgent } from "./agents.ts";
import { handOverTool, type TaskInput, type TodosInput, taskToolWith, todosTool } from "./delegate.ts";
import {
  type ForgetInput,
  forgetTool,
  LEARNT_AFTERWARDS,
  type RecallInput,
  recalled,
  recallTool,
  type TurnMemory,
  type UpdateCoreInput,
  updateCoreTool,
} from "./memory.ts";
import type { TurnWords } from "./turn-words.ts";

export interface TurnToolsPorts {
  extraTools: readonly Tool[];
  extraAgents: readonly DelegableAgent[];
  memory: TurnMemory | undefined;
  words: Pick<TurnWords, "own" | "hasOthers">;
  delegate(input: TaskInput, ctx: ToolContext): Promise<ToolOutput>;
  showPlan(input: TodosInput): ToolOutput;
}

const workspace = new ToolRegistry(WORKSPACE_TOOLS);
const HARMLESS = { readOnly: true, idempotent: true, destructive: false } as const;
/** Only who answers the person passes work on. */
const OF_TOP_AGENTS: ReadonlySet<string> = new Set(["task", handOverTool.name]);

/** The tools of one turn: its own, those of the workspace, and those handed in, in this order where names are the same. */
export class TurnTools {
  readonly #own: ReadonlyMap<string, Tool>;
  readonly #extra: ReadonlyMap<string, Tool>;

  constructor(ports: TurnToolsPorts) {
    this.#own = byName([
      {
        ...taskToolWith(ports.extraAgents),
        ...HARMLESS,
        run: (input, ctx) => ports.delegate(input as TaskInput, ctx),
      },
      { ...todosTool, ...HARMLESS, run: async (input) => ports.showPlan(input as TodosInput) },
      { ...handOverTool, ...HARMLESS, run: async () => ({ text: "" }) },
      ...memoryTools(ports),
    ]);
    this.#extra = byName(ports.extraTools);
  }

  /** Those that the agent names and the turn has, in the order of the names: the order the provider caches. */
  of(agent: AgentDefinition, options: { isDelegated: boolean }): ReadonlyMap<string, Tool> {
    const tools = new Map<string, Tool>();
    for (const name of agent.tools) {
      if (options.isDelegated && OF_TOP_AGENTS.has(name)) continue;
      const tool = this.#own.get(name) ?? workspace.find(name) ?? this.#extra.get(name);
      if (tool) tools.set(name, tool);
    }
    return tools;
  }
}

function memoryTools({ memory, words }: TurnToolsPorts): Tool[] {
  if (!memory) return [];
  return [
    {
      ...updateCoreTool,
      ...HARMLESS,
      run: async (input, { position }) =>
        words.hasOthers ? LEARNT_AFTERWARDS : memory.learn(position, input as UpdateCoreInput, words.own),
    },
    {
      ...forgetTool,
      ...HARMLESS,
      // A replay finds nothing left to forget.
      run: async (input, { keep }) =>
        (await keep(() => memory.forget((input as ForgetInput).what))) as ToolOutput,
    },
    {
      ...recallTool,
      ...HARMLESS,
      run: async (input) => recalled(await memory.recall((input as RecallInput).query)),
    },
  ];
}

function byName(tools: readonly Tool[]): ReadonlyMap<string, Tool> {
  return new Map(tools.map((tool) => [tool.name, tool]));
}
