/** A request as the rules see it: what was asked, what the tools answered since, and what was said before. */
import { blocksOf, type MessagesRequest, type WireMessage } from "../wire.ts";

/** One tool use with its answer. */
export interface Step {
  name: string;
  input: Record<string, unknown>;
  result: string;
  isError: boolean;
}

export interface Conversation {
  /** The last text of the user. */
  text: string;
  /** The tool rounds since; each holds the tool uses of one response. */
  rounds: Step[][];
  /** Earlier texts, oldest first. */
  history: { role: "user" | "assistant"; text: string }[];
  system: string;
  /** Names of the tools that may be used. */
  tools: ReadonlySet<string>;
}

export function readConversation(request: MessagesRequest): Conversation {
  const { messages, tools = [], tool_choice: choice } = request;
  const asked = messages.findLastIndex((message) => message.role === "user" && !hasToolResult(message));
  const system =
    typeof request.system === "string" ? [request.system] : (request.system ?? []).map(({ text }) => text);
  return {
    text: asked === -1 ? "" : textOf(messages[asked]!),
    rounds: readRounds(messages.slice(asked + 1)),
    history: messages.slice(0, Math.max(asked, 0)).flatMap((message) => {
      const text = textOf(message);
      return text === "" ? [] : [{ role: message.role, text }];
    }),
    system: system.join("\n\n"),
    tools: new Set(choice?.type === "none" ? [] : tools.map((tool) => tool.name)),
  };
}

function readRounds(messages: WireMessage[]): Step[][] {
  const rounds: Step[][] = [];
  for (const [index, message] of messages.entries()) {
    if (message.role !== "assistant") continue;
    const answers = messages[index + 1] ? blocksOf(messages[index + 1]!) : [];
    const steps = blocksOf(message).flatMap((block) => {
      if (block.type !== "tool_use") return [];
      const answer = answers.find((other) => other.type === "tool_result" && other.tool_use_id === block.id);
      if (answer?.type !== "tool_result") return [];
      const { content = "", is_error: isError = false } = answer;
      const result = typeof content === "string" ? content : content.map(({ text }) => text).join("\n");
      return [{ name: block.name, input: block.input, result, isError }];
    });
    if (steps.length > 0) rounds.push(steps);
  }
  return rounds;
}

function hasToolResult(message: WireMessage): boolean {
  return blocksOf(message).some((block) => block.type === "tool_result");
}

function textOf(message: WireMessage): string {
  return blocksOf(message)
    .flatMap((block) => (block.type === "text" ? [block.text] : []))
    .join("\n")
    .trim();
}
