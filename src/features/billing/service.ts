import { type SQL, sql } from "drizzle-orm";
import type { Ctx } from "../../platform/context.ts";
import type { Queries, Query, Tier } from "../../platform/db.ts";
import { allow } from "../auth/policy.ts";
import { tenants } from "../users/tables.ts";
import type { Quota, Usage } from "./schema.ts";

/** What one feature counts: put into the one round trip of all. */
export interface Meter {
  select(queries: Queries, ctx: Ctx): Query;
  /** @param answer Of the query. */
  read(answer: unknown, ctx: Ctx, tier: Tier): Quota[];
}

/** What the person's tier allows, and how much of it they use. */
export async function usageOf(ctx: Ctx, meters: readonly Meter[]): Promise<Usage> {
  const answers: readonly unknown[] = await ctx.db.run(allow("usage", "read"), (queries) =>
    meters.map((meter) => meter.select(queries, ctx)),
  );
  const { tier } = await ctx.db.identify();
  return { tier, quotas: meters.flatMap((meter, index) => meter.read(answers[index], ctx, tier)) };
}

/** The limit of the tenant's tier, as the statement finds it. */
export function limitOfTier(limits: Readonly<Record<Tier, number>>): SQL {
  const cases = Object.entries(limits).map(([tier, limit]) => sql`when ${tier} then ${limit}::integer`);
  return sql`(select case tier ${sql.join(cases, sql` `)} end from ${tenants} where id = app.tenant_id())`;
}

/** For who is told of it: "50 collections in the tier free". */
export async function describeLimit(
  ctx: Ctx,
  limits: Readonly<Record<Tier, number>>,
  what: string,
): Promise<string> {
  const { tier } = await ctx.db.identify();
  return `${limits[tier].toLocaleString("en")} ${what} in the tier ${tier}`;
}
