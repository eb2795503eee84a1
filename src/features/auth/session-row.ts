import { and, eq, sql } from "drizzle-orm";
import { AppError } from "../../lib/errors.ts";
import { newId } from "../../lib/ids.ts";
import type { DataKey } from "../../platform/keyring.ts";
import { auditRow } from "../users/service.ts";
import { auditLogs, dataKeys, members, tenants, users } from "../users/tables.ts";
import type { Conversation, IdentityTransaction } from "./conversation.ts";

const DAY_MS = 86_400_000;
/** A user agent is sent by the client: what is kept of it is bounded. */
const USER_AGENT_CHARS_MAX = 400;

/**
 * What the library does not know of a session: its tenant, and who signed in, enveloped. Records the sign-in.
 * Throws `account_disabled`.
 */
export async function describeSession(conversation: Conversation, userId: string) {
  const { ctx, transaction } = conversation;
  const home = await findHome(transaction, userId);
  if (!home || home.isDisabled) throw new AppError("account_disabled");
  const { tenantId } = home;
  const nowMs = ctx.clock.now();
  const id = newId(nowMs);
  const expiresAt = nowMs + ctx.config.auth.sessionDays * DAY_MS;
  conversation.session = { id, userId, tenantId, expiresAt };
  await transaction
    .insert(auditLogs)
    .values(
      auditRow(
        { ...ctx, tenantId, actor: { kind: "user", userId, sessionId: id } },
        { event: "session.created", subjectId: id },
      ),
    );
  const now = new Date(nowMs);
  return {
    id,
    tenantId,
    expiresAt: new Date(expiresAt),
    createdAt: now,
    updatedAt: now,
    lastUsedAt: now,
    ...sealClient(ctx.keyring.unwrap(home.wrapped, { ownerId: userId }), conversation, id, userId),
  };
}

/** The tenant a person signs in to: their personal one. */
async function findHome(transaction: IdentityTransaction, userId: string) {
  const [home] = await transaction
    .select({
      tenantId: tenants.id,
      isDisabled: sql<boolean>`${users.disabledAt} is not null or ${tenants.disabledAt} is not null`,
      wrapped: dataKeys.wrapped,
    })
    .from(members)
    .innerJoin(tenants, eq(tenants.id, members.tenantId))
    .innerJoin(users, eq(users.id, members.userId))
    .innerJoin(dataKeys, eq(dataKeys.userId, members.userId))
    .where(and(eq(members.userId, userId), eq(tenants.kind, "personal")))
    .limit(1);
  return home;
}

type ClientColumn = "ip_address" | "user_agent";

function sealClient(key: DataKey, { ctx }: Conversation, sessionId: string, userId: string) {
  const seal = (column: ClientColumn, text: string) =>
    Buffer.from(key.seal(text, clientContext(column, sessionId, userId))).toString("base64");
  return {
    ipAddress: ctx.client ? seal("ip_address", ctx.client.ip) : null,
    userAgent: ctx.client ? seal("user_agent", ctx.client.userAgent.slice(0, USER_AGENT_CHARS_MAX)) : null,
  };
}

/** Opens what `describeSession` sealed. */
export function openClient(
  key: DataKey,
  column: ClientColumn,
  sealed: string | null,
  { sessionId, userId }: { sessionId: string; userId: string },
): string | null {
  if (sealed === null) return null;
  return key.openText(Buffer.from(sealed, "base64"), clientContext(column, sessionId, userId));
}

function clientContext(column: ClientColumn, sessionId: string, userId: string) {
  return { table: "sessions", column, rowId: sessionId, ownerId: userId };
}
