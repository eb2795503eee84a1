import type { Ctx } from "../../platform/context.ts";
import type { Queries, Query, Tier } from "../../platform/db.ts";
import { allow } from "../auth/policy.ts";
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
