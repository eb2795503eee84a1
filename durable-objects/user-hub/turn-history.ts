import { chatHistory } from "../../src/features/chat/service.ts";
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
  { chats, storage, clock }: HubParts,
  createCtx: () => Ctx,
  input: TurnInput,
  limits: { before: number; charsMax: number },
): Promise<HistoryMessage[]> {
  const { chatId } = input;
  if (chatId === undefined) return input.history;
  if (!chats.holds(chatId)) {
    const messages = await chatHistory(createCtx(), { chatId, limit: MESSAGES_MAX });
    if (!messages) throw new AppError("not_found", { detail: "There is no such chat." });
    storage.commit(() => {
      chats.touch(chatId, clock.now());
      chats.keepLoaded(chatId, messages);
    });
  }
  return input.history.length > 0 ? input.history : chats.history(chatId, limits.before, limits.charsMax);
}
