import type { HistoryMessage } from "../hub/protocol.ts";
import type { Tool } from "../tools/types.ts";
import { todosTool } from "./delegate.ts";
import { updateCoreTool } from "./memory.ts";

/** Their results hold nothing but words of ours. */
const OWN_RESULTS: ReadonlySet<string> = new Set([updateCoreTool.name, todosTool.name]);

/** Whose words a turn has read: the person's own, and since when others' too. */
export class TurnWords {
  #own: readonly string[] = [];
  #hasOthers = false;

  /** What the person said in this turn and, where it was kept and not merely claimed, in its chat before. */
  get own(): readonly string[] {
    return this.#own;
  }

  /** Something else than the person's words may speak through the agents now. */
  get hasOthers(): boolean {
    return this.#hasOthers;
  }

  begin(message: string, history: readonly HistoryMessage[]): void {
    this.#own = [message, ...history.filter(({ role }) => role === "user").map(({ content }) => content)];
  }

  noteOthers(): void {
    this.#hasOthers = true;
  }

  /** The same tools, whose results are noted as others' words. */
  watching(tools: ReadonlyMap<string, Tool>): ReadonlyMap<string, Tool> {
    return new Map([...tools].map(([name, tool]) => [name, this.#watched(tool)]));
  }

  #watched(tool: Tool): Tool {
    if (OWN_RESULTS.has(tool.name)) return tool;
    const run: Tool["run"] = async (input, ctx) => {
      try {
        return await tool.run(input, ctx);
      } finally {
        this.#hasOthers = true;
      }
    };
    return { ...tool, run };
  }
}
