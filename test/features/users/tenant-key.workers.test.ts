import { env } from "cloudflare:workers";
import { eq, sql } from "drizzle-orm";
import { expect, test } from "vitest";
import { allow } from "../../../src/features/auth/policy.ts";
import { tenantDataKey } from "../../../src/features/users/service.ts";
import { tenantKeys } from "../../../src/features/users/tables.ts";
import { readEnv } from "../../../src/platform/env.ts";
import { Keyring } from "../../../src/platform/keyring.ts";
import { connectAs } from "../../support/database.ts";
import { rawSql } from "../../support/raw-sql.ts";
import { newUser, type TestUser, userCtx } from "../../support/users.ts";

const admin = () => connectAs(env, "postgres");

async function storedFor({ tenantId }: TestUser) {
  const [row] = await admin().select().from(tenantKeys).where(eq(tenantKeys.tenantId, tenantId));
  if (!row) throw new Error("the tenant has no key");
  return row;
}

test("a tenant's key is made with the first write, by one of those who write at once, and read after that", async () => {
  const user = await newUser(env);
  const ask = (permission: "create" | "read") =>
    tenantDataKey(userCtx(env, user), allow("collections", permission));
  await expect(ask("read")).rejects.toMatchObject({ code: "not_found" });
  const made = await Promise.all([ask("create"), ask("create"), ask("create")]);
  expect(new Set(made.map(({ id }) => id)).size).toBe(1);
  expect((await ask("read")).id).toBe(made[0]?.id);
});

test("a tenant's key is wrapped anew on the side of a write, and stays the same key", async () => {
  const user = await newUser(env);
  const ownerId = user.tenantId;
  const [retired, fresh] = [new Uint8Array(32).fill(5), new Uint8Array(32).fill(6)];
  const before = new Keyring("retired", new Map([["retired", retired]]));
  const dataKey = before.newDataKey();
  const wrapped = before.wrap(dataKey, { ownerId });
  await admin().insert(tenantKeys).values({ tenantId: ownerId, wrapped, masterKeyId: "retired" });
  const both = new Map([
    ["retired", retired],
    ["fresh", fresh],
  ]);
  const work: Promise<unknown>[] = [];
  const ctx = {
    ...userCtx(env, user),
    keyring: new Keyring("fresh", both),
    waitUntil: (task: Promise<unknown>) => void work.push(task),
  };
  expect((await tenantDataKey(ctx, allow("collections", "create"))).id).toBe(dataKey.id);
  await Promise.all(work);
  const stored = await storedFor(user);
  expect(stored.masterKeyId).toBe("fresh");
  const only = new Keyring("fresh", new Map([["fresh", fresh]]));
  expect(only.unwrap(stored.wrapped, { ownerId }).id).toBe(dataKey.id);
});

test("no statement of a member changes or deletes their tenant's key, nor makes a second one", async () => {
  const user = await newUser(env);
  await tenantDataKey(userCtx(env, user), allow("collections", "create"));
  const before = await storedFor(user);
  const attempts = [
    sql`update tenant_keys set wrapped = '\\x00'`,
    sql`update tenant_keys set master_key_id = 'other'`,
    sql`delete from tenant_keys`,
    sql`insert into tenant_keys (wrapped, master_key_id) values ('\\x00', 'k1')
      on conflict (tenant_id) do update set wrapped = excluded.wrapped`,
  ];
  for (const attempt of attempts) expect(await rawSql(user, attempt)).toMatchObject({ code: "42501" });
  const second = sql`insert into tenant_keys (wrapped, master_key_id) values ('\\x00', 'k1')`;
  expect(await rawSql(user, second)).toMatchObject({ code: "23505" });
  expect(await storedFor(user)).toEqual(before);
  expect(readEnv(env).keyring.unwrap(before.wrapped, { ownerId: user.tenantId })).toBeDefined();
});
