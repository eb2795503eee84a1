/** The rules by which the stand-in answers: who is speaking shows in the tools on offer. */
import { memoryToolOf } from "../purpose.ts";
import { type Reply, say } from "../reply.ts";
import type { MessagesRequest } from "../wire.ts";
import { readConversation } from "./conversation.ts";
import { learn } from "./memory.ts";
import { CHOOSE_TOOL, chooseAgent, ROWS_TOOL, submitRows } from "./own-agents.ts";
import { useOwnTools } from "./own-tools.ts";
import { answerFrom, holdsSources, ORDER_TOOL, orderSources } from "./sources.ts";
import { supervise } from "./supervisor.ts";
import { domainOf, speakFor, workOn } from "./worker.ts";
import { writeUp } from "./write-up.ts";

export function answerByRule(request: MessagesRequest): Reply {
  const conversation = readConversation(request);
  const memoryTool = memoryToolOf(request);
  if (memoryTool) return learn(conversation, memoryTool);
  const described = new Set((request.tools ?? []).map((tool) => tool.name));
  const reply = choose(request, conversation, described);
  const isAllowed = reply.content.every(
    (part) => part.type !== "tool_use" || conversation.tools.has(part.name),
  );
  return isAllowed ? reply : say("I could not finish this with the steps and tools I have.");
}

function choose(
  request: MessagesRequest,
  conversation: ReturnType<typeof readConversation>,
  described: ReadonlySet<string>,
): Reply {
  if (described.has(CHOOSE_TOOL)) return chooseAgent(request, conversation.text);
  if (described.has(ROWS_TOOL)) return submitRows(request, conversation.text);
  if (described.has("task")) return supervise(conversation);
  if (described.has(ORDER_TOOL)) return orderSources(conversation.text);
  if (described.size === 0 && holdsSources(conversation.text)) return answerFrom(conversation.text);
  const domain = domainOf(described);
  const own = domain ? undefined : useOwnTools(conversation);
  if (own) return own;
  if (!domain) return writeUp(conversation);
  return described.has("hand_over") ? speakFor(conversation, domain) : workOn(conversation, domain);
}
