import { chatHistory } from "../../src/features/chat/service.ts";
import type { AgentToRun } from "../../src/features/custom-agents/schema.ts";
import { loadRunnable } from "../../src/features/custom-agents/service.ts";
import type { HistoryMessage } from "../../src/features/hub/protocol.ts";
import { AppError } from "../../src/lib/errors.ts";
import type { Ctx } from "../../src/platform/context.ts";
import type { HubParts } from "./parts.ts";
import type { TurnInput } from "./turn-record.ts";

const MESSAGES_MAX = 60;

/**
 * What was said before a turn: the client's own history, or the chat's, from the replica or (a chat this hub does not hold)
 * with one database round trip. Throws `not_found` for a chat that is not this user's.
 */
export async function turnHistory(
  parts: HubParts,
  createCtx: () => Ctx,
  input: TurnInput,
  limits: { before: number; charsMax: number },
): Promise<HistoryMessage[]> {
  const { chatId } = input;
  if (chatId === undefined) return input.history;
  if (!parts.chats.holds(chatId) && !(await loadChat(parts, createCtx, chatId))) {
    throw new AppError("not_found", { detail: "There is no such chat." });
  }
  return input.history.length > 0
    ? input.history
    : parts.chats.history(chatId, limits.before, limits.charsMax);
}

/**
 * The person's own agent that is to answer in a chat; undefined where the assistant does, at once for a chat that is held. What
 * the agent is has to be asked of the database. Throws `not_found` when the agent is gone.
 */
export function agentOfChat(
  parts: HubParts,
  createCtx: () => Ctx,
  chatId: string,
): Promise<AgentToRun | undefined> | undefined {
  const { chats } = parts;
  if (chats.holds(chatId)) return loadAgent(createCtx, chats.agentOf(chatId));
  return loadChat(parts, createCtx, chatId).then(() => loadAgent(createCtx, chats.agentOf(chatId)));
}

function loadAgent(createCtx: () => Ctx, agentId: string | undefined): Promise<AgentToRun> | undefined {
  return agentId === undefined ? undefined : loadRunnable(createCtx(), agentId);
}

/** False for a chat that is not this user's. */
async function loadChat(
  { chats, storage, clock }: HubParts,
  createCtx: () => Ctx,
  chatId: string,
): Promise<boolean> {
  const history = await chatHistory(createCtx(), { chatId, limit: MESSAGES_MAX });
  if (!history) return false;
  storage.commit(() => {
    chats.touch(chatId, clock.now());
    chats.keepLoaded(chatId, history);
  });
  return true;
}
