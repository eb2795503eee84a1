import { and, eq } from "drizzle-orm";
import { AppError } from "../../lib/errors.ts";
import { type Ctx, userIdOf } from "../../platform/context.ts";
import type { DataKey, Keyring } from "../../platform/keyring.ts";
import { dataKeys } from "./tables.ts";

/** Keys an isolate holds at most: a few hundred bytes each. */
const CACHED_KEYS_MAX = 1000;
/** How long an isolate goes on with a key without asking the database. */
const CACHED_KEY_MS = 10 * 60_000;

interface CachedKey {
  key: DataKey;
  untilMs: number;
}

/** In order of use, the oldest first. */
const cache = new Map<string, CachedKey>();

/**
 * The data key of the person the actor acts for. From the isolate's cache, else from what `ctx.db` already learnt, else
 * by one round trip. A key under an old master key is wrapped anew on the side.
 */
export async function userDataKey(ctx: Ctx): Promise<DataKey> {
  const userId = userIdOf(ctx);
  const nowMs = ctx.clock.now();
  const cached = cache.get(userId);
  if (cached && cached.untilMs > nowMs) {
    remember(userId, cached);
    return cached.key;
  }
  const { wrappedDataKey } = await ctx.db.identify();
  if (!wrappedDataKey) throw new AppError("internal", { detail: "The account has no data key." });
  const key = ctx.keyring.unwrap(wrappedDataKey, { ownerId: userId });
  if (ctx.keyring.needsRewrap(wrappedDataKey)) ctx.waitUntil(rewrap(ctx, userId, wrappedDataKey));
  remember(userId, { key, untilMs: nowMs + CACHED_KEY_MS });
  return key;
}

/** A fresh data key and its row, for the transaction that makes the user. */
export function newUserDataKey(keyring: Keyring, userId: string) {
  const key = keyring.newDataKey();
  const row: typeof dataKeys.$inferInsert = {
    userId,
    wrapped: keyring.wrap(key, { ownerId: userId }),
    masterKeyId: keyring.currentId,
  };
  return { key, row };
}

function remember(userId: string, entry: CachedKey): void {
  cache.delete(userId);
  cache.set(userId, entry);
  if (cache.size <= CACHED_KEYS_MAX) return;
  const oldest = cache.keys().next();
  if (!oldest.done) cache.delete(oldest.value);
}

/** Of two isolates that rewrap at once, the first one wins: both wrap the same key. */
async function rewrap({ identity, keyring, clock }: Ctx, userId: string, wrapped: Uint8Array): Promise<void> {
  const rewrapped = keyring.rewrap(wrapped, { ownerId: userId });
  await identity.run((queries) => [
    queries
      .update(dataKeys)
      .set({ wrapped: rewrapped, masterKeyId: keyring.currentId, updatedAt: new Date(clock.now()) })
      .where(and(eq(dataKeys.userId, userId), eq(dataKeys.wrapped, wrapped))),
  ]);
}
