/** A person's own changes to what is remembered of them. Their hub makes each, so that all copies agree before the answer. */
import { and, eq, inArray, isNull, type SQL, sql } from "drizzle-orm";
import { AppError } from "../../lib/errors.ts";
import type { Ctx } from "../../platform/context.ts";
import { allow } from "../auth/policy.ts";
import { audit, recordOf } from "../users/service.ts";
import { answersOf } from "./answers.ts";
import { mine } from "./conditions.ts";
import { CORE_BYTES_MAX } from "./core-facts.ts";
import {
  type CoreEntry,
  type CoreKey,
  type Memory,
  type MemoryCommand,
  type MemoryItem,
  MemoryOutcome,
  type MemoryTier,
  STATEMENT_CHARS_MAX,
  SUMMARY_CHARS_MAX,
} from "./schema.ts";
import { memories } from "./tables.ts";
import { openVault } from "./vault.ts";

/** Versions the caller accepts; undefined when it does not mind. */
type IfMatch = readonly number[] | undefined;

/**
 * Writes a fact, in place of what was known by this key. The person says so themselves: nothing is asked back. Throws
 * `conflict` when there is no room for it.
 */
export async function putCore(ctx: Ctx, entry: CoreEntry, ifMatch: IfMatch) {
  const known = ifMatch && and(await liveFact(ctx, entry), versionIn(ifMatch));
  await permit(ctx, "update", { event: "memory.written", known });
  return answered(ctx, await ask(ctx, { kind: "put_core", entry, ...matching(ifMatch) }));
}

/** Throws `not_found` when nothing is known by this key. */
export async function deleteCore(ctx: Ctx, key: CoreKey, ifMatch: IfMatch): Promise<void> {
  await permit(ctx, "delete");
  settled(await ask(ctx, { kind: "delete_core", key, ...matching(ifMatch) }));
}

/**
 * Gives an item other words. Throws `precondition_failed` when its version is not one of `ifMatch`, and `conflict` when there
 * is no room for a longer fact.
 */
export async function editMemory(
  ctx: Ctx,
  { tier, id }: { tier: MemoryTier; id: string },
  { text }: { text: string },
  ifMatch: IfMatch,
): Promise<Memory> {
  const charsMax = tier === "episodic" ? SUMMARY_CHARS_MAX : STATEMENT_CHARS_MAX;
  if (text.length > charsMax) {
    const message = `At most ${charsMax} characters`;
    throw new AppError("validation_failed", { errors: [{ path: "body.text", message }] });
  }
  await permit(ctx, "update", { event: "memory.edited", id, known: meant(tier, id, ifMatch) });
  return answered(ctx, await ask(ctx, { kind: "edit", tier, id, text, ...matching(ifMatch) }));
}

/** Forgets an item: when this returns it is in no store any more. */
export async function deleteMemory(
  ctx: Ctx,
  { tier, id }: { tier: MemoryTier; id: string },
  ifMatch: IfMatch,
): Promise<void> {
  await permit(ctx, "delete");
  settled(await ask(ctx, { kind: "delete", tier, id, ...matching(ifMatch) }));
}

/** Forgets everything, history included. */
export async function deleteAllMemory(ctx: Ctx): Promise<void> {
  await permit(ctx, "delete");
  settled(await ask(ctx, { kind: "delete_all" }));
}

/** Never suggests this pattern again. */
export async function dismissPattern(ctx: Ctx, id: string): Promise<Memory> {
  await permit(ctx, "update", {
    event: "memory.dismissed",
    id,
    known: and(meant("proactive", id, undefined), isNull(memories.dismissedAt)),
  });
  return answered(ctx, await ask(ctx, { kind: "dismiss", id }));
}

/**
 * Asks for the permission, and records what is about to be done, unless `known` finds no item to do it to. The hub's storage
 * has no part in this transaction: recorded first, a change never goes unrecorded. Erasures are recorded with themselves.
 */
async function permit(
  ctx: Ctx,
  action: "update" | "delete",
  change?: { event: string; id?: string; known?: SQL | undefined },
): Promise<void> {
  await ctx.db.run(allow("memory", action), (queries) => {
    if (!change) return [];
    const { event, id, known } = change;
    const entry = { event, ...(id === undefined ? {} : { subjectId: id }) };
    if (!known) return [audit(queries, ctx, entry)];
    const found = sql`select id from ${memories} where ${and(mine(ctx), known)}`;
    const record = recordOf(ctx, entry, sql`known`);
    return [queries.execute(sql`with known as (${found}), recorded as (${record}) select id from known`)];
  });
}

async function liveFact(ctx: Ctx, entry: CoreEntry): Promise<SQL | undefined> {
  const keyHash = (await openVault(ctx)).keyHash({ tier: "core", ...entry });
  return keyHash ? and(eq(memories.keyHash, keyHash), isNull(memories.validTo)) : undefined;
}

/** The item as the caller means it: of this tier, in a version they accept. */
function meant(tier: MemoryTier, id: string, ifMatch: IfMatch): SQL | undefined {
  return and(eq(memories.tier, tier), eq(memories.id, id), versionIn(ifMatch));
}

function versionIn(ifMatch: IfMatch): SQL | undefined {
  return ifMatch && inArray(memories.version, [...ifMatch]);
}

async function ask(ctx: Ctx, command: MemoryCommand): Promise<MemoryOutcome> {
  const { principal } = ctx.db;
  if (ctx.actor.kind !== "user" || !principal?.role || !principal.wrappedDataKey)
    throw new AppError("forbidden", { detail: "Only a session can change what is remembered." });
  const { tenantId, role, tier, wrappedDataKey } = principal;
  const { userId, sessionId } = ctx.actor;
  const caller = { tenantId, userId, sessionId, role, tier, wrappedDataKey };
  return MemoryOutcome.parse(await ctx.ports.changeMemory(caller, command));
}

function settled(outcome: MemoryOutcome): MemoryItem | null {
  switch (outcome.kind) {
    case "done":
      return outcome.item;
    case "not_found":
      throw new AppError("not_found");
    case "stale":
      throw new AppError("precondition_failed");
    case "full":
      throw new AppError("conflict", {
        detail: `All facts go into each turn: there is room for ${CORE_BYTES_MAX} bytes of them. Delete some, or make them shorter.`,
      });
    case "session_ended":
      throw new AppError("session_revoked");
    case "postponed":
      throw new AppError("database_unavailable", {
        detail: "The change is made and will be stored as soon as the database can be reached.",
      });
  }
}

async function answered(ctx: Ctx, outcome: MemoryOutcome): Promise<Memory> {
  const item = settled(outcome);
  const [memory] = item ? await answersOf(ctx, [item]) : [];
  if (!memory) throw new AppError("internal", { detail: "The hub did not say what the item is now." });
  return memory;
}

function matching(ifMatch: IfMatch): { ifMatch?: number[] } {
  return ifMatch ? { ifMatch: [...ifMatch] } : {};
}
