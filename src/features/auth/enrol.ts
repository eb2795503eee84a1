import { newId } from "../../lib/ids.ts";
import { auditRow, newUserDataKey } from "../users/service.ts";
import { auditLogs, dataKeys, members, tenants } from "../users/tables.ts";
import type { Conversation } from "./conversation.ts";

/** Gives a new user a personal tenant and a data key, in the transaction that makes the user. */
export async function enrol({ ctx, transaction }: Conversation, userId: string): Promise<void> {
  const tenantId = newId(ctx.clock.now());
  const dataKey = newUserDataKey(ctx.keyring, userId);
  const registered = auditRow(
    { ...ctx, tenantId, actor: { kind: "system", job: "register", userId } },
    { event: "user.registered", subjectId: userId },
  );
  await transaction.insert(tenants).values({ id: tenantId, kind: "personal" });
  await transaction.insert(members).values({ tenantId, userId, role: "owner" });
  await transaction.insert(dataKeys).values(dataKey.row);
  await transaction.insert(auditLogs).values(registered);
}
