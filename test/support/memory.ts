/** Looks at what is remembered of a test's person, in all places where it could be. */
import { env } from "cloudflare:workers";
import { vi } from "vitest";
import type { ScriptInput } from "../../dev/model/scripts.ts";
import type { UserHub } from "../../durable-objects/user-hub/index.ts";
import { type HubCaller, hubOf } from "../../src/features/hub/client.ts";
import type { MemoryCommand, MemoryItem, MemoryTier } from "../../src/features/memory/schema.ts";
import { loadMemory, saveMemories } from "../../src/features/memory/service.ts";
import { textOf } from "../../src/features/memory/text.ts";
import { readEnv } from "../../src/platform/env.ts";
import { inHub } from "./hub.ts";
import { modelRequests } from "./model.ts";
import { type TestUser, userCtx } from "./users.ts";

type ModelReply = ScriptInput["exchanges"][number]["reply"];

export function outboxCtx(user: TestUser) {
  return userCtx(env, user, { actor: { kind: "system", job: "outbox", userId: user.userId } });
}

/** Puts items into the database, as a hub that is gone left them. */
export async function leaveBehind(user: TestUser, ...items: MemoryItem[]): Promise<void> {
  await saveMemories(
    outboxCtx(user),
    items.map((item) => ({ kind: "insert", item })),
  );
}

/** Everything that Postgres has. */
export async function inPostgres(user: TestUser): Promise<MemoryItem[]> {
  return (await loadMemory(outboxCtx(user), { limit: 500 })).memories.map(({ item }) => item);
}

/** Texts of what is current in Postgres, of one tier or of all. */
export async function current(user: TestUser, tier?: MemoryTier): Promise<string[]> {
  const items = await inPostgres(user);
  return items
    .filter(({ body, validTo }) => validTo === null && (tier === undefined || body.tier === tier))
    .map(({ body }) => (body.tier === "core" ? `${body.key}: ${body.value}` : textOf(body)))
    .toSorted();
}

/** Rows of the hub's own tables of the memory. */
export function inHubTables(user: TestUser): Promise<Record<string, number>> {
  return inHub(user, ({ storage }) => {
    const count = (table: string) =>
      storage.sql.exec<{ count: number }>(`SELECT count(*) AS count FROM ${table}`).one().count;
    const tables = ["memories", "memory_vectors", "owed_memories", "memory_jobs", "memory_questions"];
    return Object.fromEntries(tables.map((table) => [table, count(table)]));
  });
}

/** Waits until nothing is to be learnt and nothing is owed any more. */
export async function settled(user: TestUser): Promise<void> {
  const isSettled = async () => {
    const { owed_memories, memory_jobs } = await inHubTables(user);
    return owed_memories === 0 && memory_jobs === 0;
  };
  await vi.waitUntil(isSettled, { timeout: 10_000, interval: 20 });
}

/** What the newest of this word's model requests was told beside its messages. */
export async function promptOf(word: string): Promise<string> {
  const system = (await modelRequests(word)).at(-1)?.request?.system ?? "";
  return typeof system === "string" ? system : system.map(({ text }) => text).join("\n\n");
}

/** What the memory remembers of a message when a model says so. */
export function notes(extraction: {
  facts?: { key: string; value: string; quote: string }[];
  statements?: { statement: string; quote: string; replaces?: number }[];
  ended?: { key?: string; statement?: number; quote: string }[];
  summary?: string | null;
}): ModelReply {
  const input = { facts: [], statements: [], summary: null, ...extraction };
  return { content: [{ type: "tool_use", name: "remember", input }] };
}

/** A person's own change, asked of their hub as REST does. */
export async function command(user: TestUser, command: MemoryCommand) {
  const ctx = userCtx(env, user);
  const { role, tier, wrappedDataKey } = await ctx.db.identify();
  if (!role || !wrappedDataKey) throw new Error("the user is nobody");
  const { tenantId, userId, sessionId } = user;
  const caller: HubCaller = { tenantId, userId, sessionId, role, tier, wrappedDataKey };
  return hubOf(readEnv<UserHub>(env), user).changeMemory(caller, command);
}
