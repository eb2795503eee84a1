import type { SystemBlock } from "../../../platform/model-port.ts";
import { type AgentDefinition, SUB_AGENTS } from "../agents.ts";
import type { PromptContext } from "./volatile.ts";

export type { MemoryContext, PromptContext } from "./volatile.ts";

/** The system prompt: a stable block that the provider caches, then one that holds what belongs to this turn. */
export function composePrompt(agent: AgentDefinition, context: PromptContext): SystemBlock[] {
  const stable = agent.prompt.stable.map((fragment) => fragment.text).join("\n\n");
  const parts = agent.prompt.volatile.map((fragment) => fragment(context)).filter((part) => part !== null);
  const { own = "" } = agent.prompt;
  const blocks: SystemBlock[] = [{ text: own === "" ? stable : `${stable}\n\n${own}`, cache: true }];
  if (parts.length > 0) blocks.push({ text: parts.join("\n\n") });
  return blocks;
}

/** Prompt texts that must not reach a client when this agent speaks: its own, and those of agents whose reports it reads. */
export function secretTexts(agent: AgentDefinition): string[] {
  const fragments = [agent, ...agent.delegates.map((domain) => SUB_AGENTS[domain])].flatMap(
    ({ prompt }) => prompt.stable,
  );
  return [...new Set(fragments.filter((fragment) => fragment.secret).map((fragment) => fragment.text))];
}
