import { sql } from "drizzle-orm";
import type { SchedulerDatabase } from "../../platform/scheduler-db.ts";
import { sessions } from "../auth/tables.ts";
import { chats, messages, toolExecutions } from "../chat/tables.ts";
import { customAgents } from "../custom-agents/tables.ts";
import { knowledgeQueries } from "../knowledge/tables.ts";
import { idempotencyKeys } from "./tables.ts";

/**
 * What is erased for good when it is due: messages, chats and agents 30 days after they were deleted, tool calls and
 * questions to documents 30 days after they were made, idempotency keys after a day, and expired sessions with their
 * refresh tokens. `rows` is what one batch erases at most; a chat takes its messages along, an agent its versions.
 */
export const ERASURES = [
  { kind: "messages", table: messages, rows: 5_000 },
  { kind: "chats", table: chats, rows: 200 },
  { kind: "custom_agents", table: customAgents, rows: 200 },
  { kind: "tool_executions", table: toolExecutions, rows: 5_000 },
  { kind: "knowledge_queries", table: knowledgeQueries, rows: 5_000 },
  { kind: "idempotency_keys", table: idempotencyKeys, rows: 5_000 },
  { kind: "sessions", table: sessions, rows: 1_000 },
] as const;
export type Erasure = (typeof ERASURES)[number];

/**
 * Erases one batch and answers how many rows it was: fewer than `rows` when no more are due. Safe to repeat. The scheduler's
 * role sees no other rows than those that are due, so the query needs no condition.
 */
export async function eraseBatch(database: SchedulerDatabase, { table, rows }: Erasure): Promise<number> {
  const [{ rowCount }] = await database.run((queries) => [
    queries.execute(sql`delete from ${table} where id in (select id from ${table} limit ${rows}::integer)`),
  ]);
  return rowCount;
}
