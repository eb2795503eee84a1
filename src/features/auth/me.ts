import { boolean, pgView, text, uuid } from "drizzle-orm/pg-core";
import { AppError } from "../../lib/errors.ts";
import { moment } from "../../platform/columns.ts";
import type { Ctx } from "../../platform/context.ts";
import { allow } from "./policy.ts";
import type { Account } from "./schema.ts";

/** What the application role sees of `users`: the person who asks. */
const ownAccount = pgView("own_account", {
  id: uuid("id").notNull(),
  email: text("email").notNull(),
  emailVerified: boolean("email_verified").notNull(),
  createdAt: moment("created_at").notNull(),
}).existing();

/** The person's account, with their role and tier in this tenant. */
export async function me(ctx: Ctx): Promise<Account> {
  const [[account]] = await ctx.db.run(allow("account", "read"), (queries) => [
    queries.select().from(ownAccount),
  ]);
  const { principal } = ctx.db;
  if (!account || !principal?.role) throw new AppError("not_found");
  return {
    id: account.id,
    email: account.email,
    email_verified: account.emailVerified,
    tenant_id: ctx.tenantId,
    role: principal.role,
    tier: principal.tier,
    created_at: account.createdAt.toISOString(),
  };
}
