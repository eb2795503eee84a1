import { BlindIndex } from "../../platform/blind-index.ts";
import { type Ctx, userIdOf } from "../../platform/context.ts";
import type { Bytes, DataKey } from "../../platform/keyring.ts";
import { userDataKey } from "../users/service.ts";
import { type Chat, ExecutionPayload, type Message } from "./schema.ts";
import type { chats, messages } from "./tables.ts";

type ChatRow = typeof chats.$inferSelect;
type MessageRow = typeof messages.$inferSelect;

const INDEX_KEY_PURPOSE = "chat index";

/** Seals and opens what one user's chats hold: each envelope opens in its own row only. */
export class ChatVault {
  readonly #key: DataKey;
  readonly #ownerId: string;
  #index: BlindIndex | undefined;

  constructor(key: DataKey, ownerId: string) {
    this.#key = key;
    this.#ownerId = ownerId;
  }

  /** The words of titles and messages alike. */
  get index(): BlindIndex {
    this.#index ??= new BlindIndex(this.#key.derive(INDEX_KEY_PURPOSE));
    return this.#index;
  }

  sealTitle(chatId: string, title: string): Bytes {
    return this.#key.seal(title, { table: "chats", column: "title", rowId: chatId, ownerId: this.#ownerId });
  }

  sealContent(messageId: string, content: string): Bytes {
    return this.#key.seal(content, this.#contentOf(messageId));
  }

  openContent(row: Pick<MessageRow, "id" | "content">): string {
    return this.#key.openText(row.content, this.#contentOf(row.id));
  }

  openChat(row: ChatRow): Chat {
    const where = { table: "chats", column: "title", rowId: row.id, ownerId: this.#ownerId };
    return {
      id: row.id,
      title: this.#key.openText(row.title, where),
      agent: row.agent,
      version: row.version,
      created_at: row.createdAt.toISOString(),
      updated_at: row.updatedAt.toISOString(),
      deleted_at: row.deletedAt?.toISOString() ?? null,
    };
  }

  openMessage(row: MessageRow): Message {
    return {
      id: row.id,
      chat_id: row.chatId,
      role: row.role,
      content: this.openContent(row),
      request_id: row.requestId,
      status: row.status,
      usage: usageOf(row),
      version: row.version,
      created_at: row.createdAt.toISOString(),
      updated_at: row.updatedAt.toISOString(),
    };
  }

  sealPayload(executionId: string, payload: ExecutionPayload): Bytes {
    return this.#key.sealJson(payload, this.#payloadOf(executionId));
  }

  openPayload(executionId: string, payload: Uint8Array): ExecutionPayload {
    return this.#key.openJson(payload, this.#payloadOf(executionId), ExecutionPayload.parse);
  }

  #payloadOf(executionId: string) {
    return { table: "tool_executions", column: "payload", rowId: executionId, ownerId: this.#ownerId };
  }

  #contentOf(messageId: string) {
    return { table: "messages", column: "content", rowId: messageId, ownerId: this.#ownerId };
  }
}

/** The user's vault. Needs no round trip after a query of this request, or while the isolate remembers the key. */
export async function openVault(ctx: Ctx): Promise<ChatVault> {
  return new ChatVault(await userDataKey(ctx), userIdOf(ctx));
}

function usageOf(row: MessageRow): Message["usage"] {
  if (row.inputTokens === null) return null;
  return {
    input_tokens: row.inputTokens,
    output_tokens: row.outputTokens ?? 0,
    cache_read_tokens: row.cacheReadTokens ?? 0,
    model_calls: row.modelCalls ?? 0,
    tool_calls: row.toolCalls ?? 0,
    ...(row.webSearches === null ? {} : { web_searches: row.webSearches }),
    ...(row.codeRuns === null ? {} : { code_runs: row.codeRuns }),
  };
}
