/** Episodes of turns, told as the sessions they were part of. */
import type { MemoryItem } from "../../src/features/memory/schema.ts";

const EPISODES_OF_SESSION = 3;
const SESSION_CHARS_MAX = 600;

export interface Session {
  /** Of its last turn, Unix ms. */
  at: number;
  items: MemoryItem[];
  /** Its last turns in their order. */
  text: string;
}

/** @param newestFirst Of the episodic tier. A chat is a session; a turn without one is a session itself. */
export function sessionsOf(
  newestFirst: readonly MemoryItem[],
  { exceptChat, limit }: { exceptChat: string | undefined; limit: number },
): Session[] {
  const chats = new Map<string, MemoryItem[]>();
  for (const item of newestFirst) {
    if (item.body.tier !== "episodic") continue;
    const chat = item.body.chatId ?? item.id;
    if (chat === exceptChat) continue;
    const items = chats.get(chat);
    if (items) items.push(item);
    else if (chats.size < limit) chats.set(chat, [item]);
  }
  return [...chats.values()].map((items) => {
    const last = items.slice(0, EPISODES_OF_SESSION);
    return { at: last[0]!.validFrom, items: last, text: told(last) };
  });
}

function told(newestFirst: readonly MemoryItem[]): string {
  const summaries = newestFirst.flatMap(({ body }) => (body.tier === "episodic" ? [body.summary] : []));
  const text = summaries.toReversed().join(" ");
  return text.length <= SESSION_CHARS_MAX ? text : `${text.slice(0, SESSION_CHARS_MAX - 1).toWellFormed()}…`;
}
