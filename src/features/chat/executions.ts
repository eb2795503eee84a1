/** What turns asked of devices: the record a person can look into afterwards. */
import { and, desc, eq, getTableColumns, type SQL, sql } from "drizzle-orm";
import * as z from "zod";
import { isUuid } from "../../lib/ids.ts";
import { cutPage, decodeCursor } from "../../lib/pagination.ts";
import { type Ctx, userIdOf } from "../../platform/context.ts";
import type { Queries } from "../../platform/db.ts";
import type { DataKey } from "../../platform/keyring.ts";
import { allow } from "../auth/policy.ts";
import type { ToolAction } from "../hub/protocol.ts";
import type { DeviceCall, DeviceOutcome } from "../tools/types.ts";
import { executionPayload } from "./execution-payload.ts";
import { instant, TimeMs } from "./position.ts";
import type {
  ExecutionPayload,
  ExecutionStatus,
  ListExecutions,
  ToolExecution,
  ToolExecutionPage,
} from "./schema.ts";
import { toolExecutions } from "./tables.ts";
import { ChatVault, openVault } from "./vault.ts";

export interface Execution {
  callId: string;
  requestId: string;
  chatId: string | null;
  deviceId: string | null;
  action: ToolAction;
  table: string | null;
  status: ExecutionStatus;
  payload: ExecutionPayload;
  /** Unix ms. */
  startedAt: number;
  durationMs: number;
}

/**
 * Stores what turns asked of devices, all of it or nothing, in one round trip. Safe to repeat: a call is stored once.
 *
 * @param key Saves a round trip when the caller holds the user's data key.
 */
export async function saveExecutions(ctx: Ctx, list: readonly Execution[], key?: DataKey): Promise<void> {
  const permission = allow("tool_executions", "record");
  const userId = userIdOf(ctx);
  const vault = key ? new ChatVault(key, userId) : await openVault(ctx);
  const rows = list.map((execution) => toRow(vault, execution));
  await ctx.db.run(permission, (queries) => (rows.length === 0 ? [] : [insert(queries, userId, rows)]));
}

/** One parameter for all rows: a hub brings a hundred at a time, and a parameter for each column would cost it more than the rest. */
function insert(queries: Queries, userId: string, rows: readonly IncomingRow[]) {
  return queries.execute(sql`
    insert into ${toolExecutions}
      (id, user_id, request_id, chat_id, device_id, action, table_name, status, payload, started_at, duration_ms)
    select id, ${userId}::uuid, request_id, chat_id, device_id, action, table_name, status,
      decode(payload, 'base64'), started_at, duration_ms
    from json_to_recordset(${JSON.stringify(rows)}::json) as incoming (
      id text, request_id text, chat_id uuid, device_id text, action text, table_name text, status text, payload text,
      started_at timestamptz, duration_ms integer)
    on conflict do nothing`);
}

type IncomingRow = ReturnType<typeof toRow>;

function toRow(vault: ChatVault, execution: Execution) {
  const { callId, chatId, payload } = execution;
  return {
    id: callId,
    request_id: execution.requestId,
    // A client may name a chat as it likes; only ours have UUIDs.
    chat_id: chatId !== null && isUuid(chatId) ? chatId : null,
    device_id: execution.deviceId,
    action: execution.action,
    table_name: execution.table,
    status: execution.status,
    payload: Buffer.from(vault.sealPayload(callId, payload).buffer).toString("base64"),
    started_at: new Date(execution.startedAt),
    duration_ms: Math.max(0, Math.round(execution.durationMs)),
  };
}

/** What is kept of a call and its outcome. */
export function describeCall(
  call: DeviceCall,
  outcome: DeviceOutcome,
): Pick<Execution, "action" | "table" | "status" | "payload"> {
  return {
    action: call.action,
    table: call.table ?? null,
    status: statusOf(outcome),
    payload: executionPayload(call, outcome),
  };
}

function statusOf({ kind }: DeviceOutcome): ExecutionStatus {
  return kind === "error" || kind === "offline" || kind === "unknown" ? kind : "ok";
}

/** The actor's own, the newest first. */
export async function listExecutions(
  ctx: Ctx,
  { limit, cursor, chat_id, request_id, include }: ListExecutions,
): Promise<ToolExecutionPage> {
  const permission = allow("tool_executions", "read");
  const { payload, ...metadata } = getTableColumns(toolExecutions);
  const withPayloads = include === "payloads";
  const [rows] = await ctx.db.run(permission, (queries) => [
    queries
      .select({ ...metadata, payload: withPayloads ? payload : sql<null>`null` })
      .from(toolExecutions)
      .where(
        and(
          eq(toolExecutions.userId, userIdOf(ctx)),
          chat_id === undefined ? undefined : eq(toolExecutions.chatId, chat_id),
          request_id === undefined ? undefined : eq(toolExecutions.requestId, request_id),
          before(cursor),
        ),
      )
      .orderBy(desc(toolExecutions.startedAt), desc(toolExecutions.id))
      .limit(limit + 1),
  ]);
  const vault = withPayloads ? await openVault(ctx) : null;
  const page = cutPage(rows, limit, (row) => [row.startedAt.getTime(), row.id]);
  return { ...page, data: page.data.map((row) => toExecution(row, vault)) };
}

type ExecutionRow = Omit<typeof toolExecutions.$inferSelect, "payload"> & { payload: Uint8Array | null };

function toExecution(row: ExecutionRow, vault: ChatVault | null): ToolExecution {
  return {
    id: row.id,
    request_id: row.requestId,
    chat_id: row.chatId,
    device_id: row.deviceId,
    action: row.action,
    table: row.table,
    status: row.status,
    started_at: row.startedAt.toISOString(),
    duration_ms: row.durationMs,
    ...(vault && row.payload ? { payload: vault.openPayload(row.id, row.payload) } : {}),
  };
}

const CALL_ID_CHARS_MAX = 400;
const Position = z.tuple([TimeMs, z.string().max(CALL_ID_CHARS_MAX)]);

function before(cursor: string | undefined): SQL | undefined {
  if (cursor === undefined) return undefined;
  const [timeMs, id] = decodeCursor(cursor, Position);
  return sql`(${toolExecutions.startedAt}, ${toolExecutions.id}) < (${instant(timeMs)}, ${id}::text)`;
}
