import { env } from "cloudflare:workers";
import { type SQL, sql } from "drizzle-orm";
import { z } from "zod";
import { connectAs } from "./database.ts";
import type { TestUser } from "./users.ts";

const Refusal = z.object({ code: z.string() });

/** One statement as the application's role for this person, with no verb in between; what it touched, or why it was refused. */
export async function rawSql(
  { tenantId, userId }: Pick<TestUser, "tenantId" | "userId">,
  query: SQL,
): Promise<{ rows: Record<string, unknown>[]; code?: string }> {
  const connection = connectAs(env, "adjutant_app");
  try {
    const [, { rows }] = await connection.batch([
      connection.execute(
        sql`select set_config('app.tenant_id', ${tenantId}, true), set_config('app.user_id', ${userId}, true)`,
      ),
      connection.execute(query),
    ]);
    return { rows };
  } catch (error) {
    return { rows: [], ...Refusal.parse(error) };
  }
}
