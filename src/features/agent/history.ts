import type { ModelMessage } from "../../platform/model-port.ts";
import type { HistoryMessage } from "../hub/protocol.ts";

const CHARS_PER_TOKEN = 4;

/** A rough count that needs no tokenizer; English has about four characters a token. */
export function estimateTokens(text: string): number {
  return Math.ceil(text.length / CHARS_PER_TOKEN);
}

/** Characters of a history that a turn is given to choose from. */
const NEWEST_CHARS_MAX = 64_000;

/** The newest messages of what a client sent along: all that can fit into a turn, so that no more is held and journaled. */
export function newestOf(history: readonly HistoryMessage[]): HistoryMessage[] {
  let chars = 0;
  const tooOld = history.findLastIndex(({ content }) => {
    chars += content.length;
    return chars > NEWEST_CHARS_MAX;
  });
  return history.slice(tooOld + 1);
}

/**
 * The messages for a turn: as many of the newest whole exchanges as fit into `tokensMax`, then the person's message, which
 * always goes along. Roles alternate, beginning and ending with the user, as the Messages API wants it: neighbours of one
 * role become one message, empty ones are dropped, and so is an answer without its question. A last question that was never
 * answered joins the message.
 */
export function fitHistory(
  history: readonly HistoryMessage[],
  message: string,
  { tokensMax }: { tokensMax: number },
): ModelMessage[] {
  const earlier = alternating(history);
  const unanswered = earlier.at(-1)?.role === "user" ? earlier.pop() : undefined;
  let tokens = unanswered ? estimateTokens(unanswered.content) : 0;
  if (tokens > tokensMax) return [{ role: "user", content: message }];
  let first = earlier.length;
  while (first > 0) {
    const exchange = earlier.slice(first - 2, first);
    tokens += exchange.reduce((sum, { content }) => sum + estimateTokens(content), 0);
    if (tokens > tokensMax) break;
    first -= 2;
  }
  const question = unanswered ? joined(unanswered.content, message) : message;
  return [...earlier.slice(first), { role: "user", content: question }];
}

function alternating(messages: readonly HistoryMessage[]): HistoryMessage[] {
  const merged: HistoryMessage[] = [];
  for (const { role, content } of messages) {
    if (content.trim() === "") continue;
    const before = merged.at(-1);
    if (before?.role === role) merged[merged.length - 1] = { role, content: joined(before.content, content) };
    else if (before || role === "user") merged.push({ role, content });
  }
  return merged;
}

function joined(first: string, second: string): string {
  return `${first}\n\n${second}`;
}
