import { and, eq } from "drizzle-orm";
import { AppError } from "../../lib/errors.ts";
import type { Ctx, JobCtx } from "../../platform/context.ts";
import type { Permission, Queries } from "../../platform/db.ts";
import type { DataKey } from "../../platform/keyring.ts";
import { tenantKeys } from "./tables.ts";

const CACHED_KEYS_MAX = 1000;
const CACHED_KEY_MS = 10 * 60_000;

/** In order of use, the oldest first. */
const cache = new Map<string, { key: DataKey; untilMs: number }>();

/**
 * The data key of the tenant, for what its members may share. Made when something is first written; asked to read before
 * that, there is nothing to read and it throws `not_found`. A key under an old master key is wrapped anew on the side when it
 * is next read to write, as the identity role: the application's own can make a key and change none.
 */
export async function tenantDataKey(ctx: JobCtx | Ctx, permission: Permission): Promise<DataKey> {
  const { tenantId, keyring } = ctx;
  const cached = cache.get(tenantId);
  if (cached && cached.untilMs > ctx.clock.now()) {
    remember(tenantId, cached);
    return cached.key;
  }
  const wrapped = permission.readOnly ? await find(ctx, permission) : await findOrMake(ctx, permission);
  if (!wrapped) throw new AppError("not_found");
  const key = keyring.unwrap(wrapped, { ownerId: tenantId });
  if (!permission.readOnly && "identity" in ctx && keyring.needsRewrap(wrapped))
    ctx.waitUntil(rewrap(ctx, wrapped));
  remember(tenantId, { key, untilMs: ctx.clock.now() + CACHED_KEY_MS });
  return key;
}

function select(queries: Queries, { tenantId }: JobCtx) {
  return queries
    .select({ wrapped: tenantKeys.wrapped })
    .from(tenantKeys)
    .where(eq(tenantKeys.tenantId, tenantId));
}

async function find(ctx: JobCtx, permission: Permission): Promise<Uint8Array | undefined> {
  const [[row]] = await ctx.db.run(permission, (queries) => [select(queries, ctx)]);
  return row?.wrapped;
}

/** Of two that make it at once, the first one's stays. */
async function findOrMake(ctx: JobCtx, permission: Permission): Promise<Uint8Array | undefined> {
  const { tenantId, keyring } = ctx;
  const wrapped = keyring.wrap(keyring.newDataKey(), { ownerId: tenantId });
  const [, [row]] = await ctx.db.run(permission, (queries) => [
    queries.insert(tenantKeys).values({ wrapped, masterKeyId: keyring.currentId }).onConflictDoNothing(),
    select(queries, ctx),
  ]);
  return row?.wrapped;
}

/** Of two isolates that rewrap at once, the first one wins: both wrap the same key. */
async function rewrap({ identity, tenantId, keyring, clock }: Ctx, wrapped: Uint8Array): Promise<void> {
  const rewrapped = keyring.rewrap(wrapped, { ownerId: tenantId });
  await identity.run((queries) => [
    queries
      .update(tenantKeys)
      .set({ wrapped: rewrapped, masterKeyId: keyring.currentId, updatedAt: new Date(clock.now()) })
      .where(and(eq(tenantKeys.tenantId, tenantId), eq(tenantKeys.wrapped, wrapped))),
  ]);
}

function remember(tenantId: string, entry: { key: DataKey; untilMs: number }): void {
  cache.delete(tenantId);
  cache.set(tenantId, entry);
  if (cache.size <= CACHED_KEYS_MAX) return;
  const oldest = cache.keys().next();
  if (!oldest.done) cache.delete(oldest.value);
}
