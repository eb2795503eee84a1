import { env } from "cloudflare:workers";
import { eq } from "drizzle-orm";
import { expect, test } from "vitest";
import { allow } from "../../../src/features/auth/policy.ts";
import { userDataKey } from "../../../src/features/users/service.ts";
import { dataKeys } from "../../../src/features/users/tables.ts";
import { readEnv } from "../../../src/platform/env.ts";
import { Keyring } from "../../../src/platform/keyring.ts";
import { connectAs } from "../../support/database.ts";
import { newUser, userCtx } from "../../support/users.ts";

test("a data key costs one round trip for an isolate that never saw it, then none", async () => {
  const user = await newUser(env);
  const cold = userCtx(env, user);
  const key = await userDataKey(cold);
  expect(cold.db.roundTrips).toBe(1);
  const warm = userCtx(env, user);
  expect((await userDataKey(warm)).id).toBe(key.id);
  expect(warm.db.roundTrips).toBe(0);
});

test("a data key comes with whatever was asked before", async () => {
  const ctx = userCtx(env, await newUser(env));
  await ctx.db.run(allow("chats", "read"), () => []);
  await userDataKey(ctx);
  expect(ctx.db.roundTrips).toBe(1);
});

test("a cached key is asked for again after a while", async () => {
  const user = await newUser(env);
  await userDataKey(userCtx(env, user));
  const later = userCtx(env, user, { nowMs: Date.now() + 11 * 60_000 });
  await userDataKey(later);
  expect(later.db.roundTrips).toBe(1);
});

test("a key under an old master key is wrapped anew, and stays the same key", async () => {
  const user = await newUser(env);
  const admin = connectAs(env, "postgres");
  const ownerId = user.userId;
  const current = readEnv(env).keyring;
  const retired = new Uint8Array(32).fill(5);
  const before = new Keyring("retired", new Map([["retired", retired]]));
  const [original] = await admin.select().from(dataKeys).where(eq(dataKeys.userId, ownerId));
  if (!original) throw new Error("the user has no key");
  const dataKey = current.unwrap(original.wrapped, { ownerId });
  await admin
    .update(dataKeys)
    .set({ wrapped: before.wrap(dataKey, { ownerId }), masterKeyId: "retired" })
    .where(eq(dataKeys.userId, ownerId));

  const work: Promise<unknown>[] = [];
  const fresh = new Uint8Array(32).fill(6);
  const rotated = new Keyring(
    "fresh",
    new Map([
      ["retired", retired],
      ["fresh", fresh],
    ]),
  );
  const ctx = {
    ...userCtx(env, user),
    keyring: rotated,
    waitUntil: (task: Promise<unknown>) => void work.push(task),
  };
  expect((await userDataKey(ctx)).id).toBe(dataKey.id);
  await Promise.all(work);

  const [rewrapped] = await admin.select().from(dataKeys).where(eq(dataKeys.userId, ownerId));
  expect(rewrapped?.masterKeyId).toBe("fresh");
  const only = new Keyring("fresh", new Map([["fresh", fresh]]));
  expect(only.unwrap(rewrapped?.wrapped ?? new Uint8Array(), { ownerId }).id).toBe(dataKey.id);
});

test("work that concerns nobody has no data key", async () => {
  const user = await newUser(env);
  await expect(userDataKey(userCtx(env, user, { actor: { kind: "system", job: "prune" } }))).rejects.toThrow(
    TypeError,
  );
});
