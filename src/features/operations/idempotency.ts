/** `Idempotency-Key`: a request that is repeated has its effect once and gets the first answer again, for 24 hours. */
import { createHmac } from "node:crypto";
import { and, eq, isNull, lt, sql } from "drizzle-orm";
import * as z from "zod";
import { AppError } from "../../lib/errors.ts";
import { derivedId } from "../../lib/ids.ts";
import type { OnceRequest } from "../../lib/routes.ts";
import { type Ctx, userIdOf } from "../../platform/context.ts";
import type { DataKey } from "../../platform/keyring.ts";
import { allow } from "../auth/policy.ts";
import { userDataKey } from "../users/service.ts";
import { idempotencyKeys } from "./tables.ts";

const KEPT_MS = 24 * 3600_000;
/** Longer than any request takes: a turn has five minutes. */
const LOCK_MS = 6 * 60_000;
const RETRY_AFTER_S = 2;
/** Printable ASCII, as the header's draft has it. */
const KEY = /^[\x21-\x7e]{1,255}$/;

const StoredAnswer = z.object({
  status: z.int(),
  headers: z.record(z.string(), z.string()),
  text: z.string(),
});
type StoredAnswer = z.infer<typeof StoredAnswer>;

/**
 * Runs `run` unless the key was used before. Throws `idempotency_mismatch` when it was used with another request, and
 * `conflict` while that request still runs (a resumable one runs again beside it). Failures of the server's are not
 * kept, so that a repetition tries again; the id given to `run` is the same each time, so even then nothing is made twice.
 */
export async function answerOnce(
  ctx: Ctx,
  request: OnceRequest,
  run: (newId: string) => Promise<Response>,
): Promise<Response> {
  if (!KEY.test(request.key)) {
    throw new AppError("bad_request", {
      detail: "An Idempotency-Key is 1 to 255 printable ASCII characters.",
    });
  }
  const userId = userIdOf(ctx);
  const id = derivedId("idempotency", ctx.tenantId, userId, request.key);
  const dataKey = await userDataKey(ctx);
  const fingerprint = fingerprintOf(dataKey, request);
  const claimed = await claim(ctx, id, fingerprint, request.resumable);
  if ("answer" in claimed) {
    return replay(dataKey.openJson(claimed.answer, envelopeOf(id, userId), StoredAnswer.parse));
  }
  // A key that is used anew after a day must not make what it made before.
  const newId = derivedId("made by", id, claimed.since.getTime());
  return runAndKeep(ctx, { id, userId, dataKey }, () => run(newId));
}

async function runAndKeep(
  ctx: Ctx,
  { id, userId, dataKey }: { id: string; userId: string; dataKey: DataKey },
  run: () => Promise<Response>,
): Promise<Response> {
  const response = await run().catch(async (error: unknown) => {
    await release(ctx, id);
    throw error;
  });
  if (response.headers.get("content-type")?.startsWith("text/event-stream")) return response;
  const stored = await storedForm(response);
  const sealed = dataKey.sealJson(stored, envelopeOf(id, userId));
  await ctx.db.run(allow("requests", "repeat"), (queries) => [
    queries.update(idempotencyKeys).set({ answer: sealed }).where(eq(idempotencyKeys.id, id)),
  ]);
  return replay(stored);
}

/**
 * Takes the key for this request, in one round trip: a new row, or one whose holder died, is ours. Returns the sealed
 * answer when there is one, else since when the key stands for this request, which should run.
 */
async function claim(
  ctx: Ctx,
  id: string,
  fingerprint: Uint8Array,
  resumable: boolean,
): Promise<{ answer: Uint8Array } | { since: Date }> {
  const now = ctx.clock.now();
  const lockedUntil = new Date(now + LOCK_MS);
  const [, [mine], [row]] = await ctx.db.run(allow("requests", "repeat"), (queries) => [
    queries
      .delete(idempotencyKeys)
      .where(and(eq(idempotencyKeys.id, id), lt(idempotencyKeys.createdAt, new Date(now - KEPT_MS)))),
    queries
      .insert(idempotencyKeys)
      .values({ id, userId: userIdOf(ctx), fingerprint, lockedUntil, createdAt: new Date(now) })
      .onConflictDoUpdate({
        target: idempotencyKeys.id,
        set: { lockedUntil },
        setWhere: sql`${isNull(idempotencyKeys.answer)} and ${eq(idempotencyKeys.fingerprint, fingerprint)}
          and (${resumable}::boolean or ${lt(idempotencyKeys.lockedUntil, new Date(now))})`,
      })
      .returning({ since: idempotencyKeys.createdAt }),
    queries
      .select({ fingerprint: idempotencyKeys.fingerprint, answer: idempotencyKeys.answer })
      .from(idempotencyKeys)
      .where(eq(idempotencyKeys.id, id)),
  ]);
  if (mine) return mine;
  if (!row || !Buffer.from(row.fingerprint).equals(fingerprint)) throw new AppError("idempotency_mismatch");
  if (row.answer) return { answer: row.answer };
  const detail = "A request with this Idempotency-Key is still running.";
  throw new AppError("conflict", { detail, retryAfterS: RETRY_AFTER_S });
}

/** Lets the next repetition run. Its own failure is no news beside the one that led here: the lock ends by itself. */
async function release(ctx: Ctx, id: string): Promise<void> {
  const query = ctx.db.run(allow("requests", "repeat"), (queries) => [
    queries
      .update(idempotencyKeys)
      .set({ lockedUntil: new Date(0) })
      .where(and(eq(idempotencyKeys.id, id), isNull(idempotencyKeys.answer))),
  ]);
  await query.catch((cause: unknown) => ctx.log.warn({ event: "idempotency_key.release_failed" }, cause));
}

/** Keyed, because a plain hash of a short message could be found by trying messages. */
function fingerprintOf(dataKey: DataKey, { operation, body }: OnceRequest): Uint8Array {
  const key = dataKey.derive("idempotency fingerprint");
  return new Uint8Array(createHmac("sha256", key).update(`${operation}\n`).update(body).digest());
}

function envelopeOf(id: string, ownerId: string) {
  return { table: "idempotency_keys", column: "answer", rowId: id, ownerId };
}

async function storedForm(response: Response): Promise<StoredAnswer> {
  const headers = Object.fromEntries(response.headers);
  return { status: response.status, headers, text: await response.text() };
}

function replay({ status, headers, text }: StoredAnswer): Response {
  return new Response(text === "" ? null : text, { status, headers });
}
