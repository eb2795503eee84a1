/** What an ended turn owes to Postgres. Each is part of the commit that ends it. */
import type { TurnResult } from "../../src/features/agent/types.ts";
import type { HubParts } from "./parts.ts";
import type { TurnInput, TurnRow } from "./turn-record.ts";

/** Saved at once as a rule; the alarm sees to it when that fails together with the hub. */
const SAVED_BY_MS = 30_000;

export function oweExchange(parts: HubParts, row: TurnRow, input: TurnInput, result: TurnResult): void {
  const { chatId, message } = input;
  if (chatId === undefined) return;
  const endedAt = parts.clock.now();
  parts.chats.touch(chatId, endedAt);
  parts.armAt(endedAt + SAVED_BY_MS);
  parts.chats.add({
    chatId,
    requestId: row.requestId,
    messages: [
      { role: "user", content: message },
      ...(result.text === "" ? [] : [{ role: "assistant" as const, content: result.text }]),
    ],
    createdAt: row.createdAt,
    endedAt,
    status: result.status,
    usage: result.usage,
  });
}

/** The device calls are in the journal already; the alarm brings them to Postgres. */
export function oweExecutions(parts: HubParts, row: TurnRow, input: TurnInput): void {
  const dueAt = parts.clock.now() + SAVED_BY_MS;
  parts.executions.owe(row.requestId, input.chatId ?? null, dueAt);
  parts.armAt(dueAt);
}
