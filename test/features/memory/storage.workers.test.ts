/** What the database keeps of a memory: what a hub owes it, in what order it may come, and who can read it. */
import { env } from "cloudflare:workers";
import { eq, sql } from "drizzle-orm";
import { expect, test } from "vitest";
import type { MemoryItem, OwedMemory } from "../../../src/features/memory/schema.ts";
import {
  dueMemories,
  eraseMemories,
  exportMemory,
  listMemory,
  loadMemory,
  markConsolidated,
  nearestMemories,
  saveMemories,
} from "../../../src/features/memory/service.ts";
import { memories, memoryOwners } from "../../../src/features/memory/tables.ts";
import { auditLogs } from "../../../src/features/users/tables.ts";
import type { Ctx } from "../../../src/platform/context.ts";
import { readEnv } from "../../../src/platform/env.ts";
import { openSchedulerDatabase } from "../../../src/platform/scheduler-db.ts";
import { connectAs } from "../../support/database.ts";
import { newUser, type TestUser, userCtx } from "../../support/users.ts";
import { episode, fact, pattern, START_MS, statement } from "./items.ts";

/** As the hub's outbox calls: a system actor, for the user. */
function outbox(user: TestUser): Ctx {
  return userCtx(env, user, { actor: { kind: "system", job: "outbox", userId: user.userId } });
}

function insert(item: MemoryItem, vector?: number[]): OwedMemory {
  return { kind: "insert", item, ...(vector ? { embedding: { embedder: "test", vector } } : {}) };
}

async function loadAll(user: TestUser) {
  return (await loadMemory(outbox(user), { limit: 100 })).memories;
}

test("what was saved is loaded as it was, vectors included, a page at a time", async () => {
  const user = await newUser(env);
  const items = [
    fact("timezone", "Europe/Berlin"),
    statement("Anna leads the move", {
      body: {
        tier: "associative",
        statement: "Anna leads the move",
        entity: { type: "person", name: "Anna" },
      },
    }),
    episode("We planned the move.", { lastUsedAt: START_MS + 5 }),
    pattern("Reviews tasks on Mondays", { dismissedAt: START_MS + 9 }),
  ].toSorted((one, other) => (one.id < other.id ? -1 : 1));
  const vector = [0.5, -0.25, 1];
  await saveMemories(
    outbox(user),
    items.map((item) => insert(item, item.body.tier === "associative" ? vector : undefined)),
  );
  const first = await loadMemory(outbox(user), { limit: 3 });
  expect(first.next).toBe(items[2]?.id);
  const second = await loadMemory(outbox(user), { after: first.next ?? "", limit: 3 });
  expect(second.next).toBeNull();
  const loaded = [...first.memories, ...second.memories];
  expect(loaded.map(({ item }) => item)).toEqual(items);
  expect(
    loaded.flatMap(({ embedding }) =>
      embedding ? [{ ...embedding, vector: Array.from(embedding.vector) }] : [],
    ),
  ).toEqual([{ embedder: "test", vector }]);
});

test("a whole batch takes one round trip, repeats change nothing, and older forms never win", async () => {
  const user = await newUser(env);
  const one = statement("Likes tea");
  const two = { ...one, strength: 0.75, version: 2 };
  const ctx = outbox(user);
  await loadAll(user);
  await saveMemories(ctx, [
    insert(one, [1, 0]),
    insert(fact("name", "Ada")),
    { kind: "strengthen", item: two },
  ]);
  expect(ctx.db.roundTrips).toBeLessThanOrEqual(1);
  await saveMemories(outbox(user), [insert(one, [0, 1])]);
  const stored = (await loadAll(user)).find(({ item }) => item.id === one.id);
  expect(stored?.item).toEqual(two);
  expect(Array.from(stored?.embedding?.vector ?? [])).toEqual([1, 0]);
});

test("a vector leaves with the words it was made of", async () => {
  const user = await newUser(env);
  const item = statement("Likes tea");
  await saveMemories(outbox(user), [insert(item, [1, 0])]);
  const edited = { ...statement("Likes coffee"), id: item.id, version: 2 };
  await saveMemories(outbox(user), [{ kind: "edit", item: edited }]);
  expect(await loadAll(user)).toEqual([{ item: edited, embedding: null }]);
});

test("a fact is replaced within one batch, and one that the hub had not known is ended", async () => {
  const user = await newUser(env);
  const old = fact("city", "Kiel");
  const forgotten = fact("team", "Blue");
  await saveMemories(outbox(user), [insert(old), insert(forgotten)]);
  const ended = { ...old, validTo: START_MS + 1, version: 2 };
  const next = fact("city", "Lund", { validFrom: START_MS + 1 });
  const unaware = fact("team", "Red", { validFrom: START_MS + 2 });
  await saveMemories(outbox(user), [insert(next), { kind: "supersede", item: ended }, insert(unaware)]);
  await saveMemories(outbox(user), [insert(old)]);
  const live = (await loadAll(user)).filter(({ item }) => item.validTo === null);
  expect(live.map(({ item }) => item.id).toSorted()).toEqual([next.id, unaware.id].toSorted());
});

test("what is listed is current; the export also has what was superseded or dismissed, with its source", async () => {
  const user = await newUser(env);
  const [current, past, dismissed] = [
    statement("Lives in Lund"),
    statement("Lives in Kiel", { validTo: START_MS }),
    pattern("Works late", { dismissedAt: START_MS }),
  ];
  await saveMemories(outbox(user), [insert(current), insert(past), insert(dismissed)]);
  const listed = await listMemory(userCtx(env, user), { limit: 20 });
  expect(listed.data.map(({ id }) => id)).toEqual([current.id]);
  const exported = await exportMemory(userCtx(env, user), {});
  expect(exported.data.map(({ id }) => id).toSorted()).toEqual(
    [current.id, past.id, dismissed.id].toSorted(),
  );
  expect(exported.data.find(({ id }) => id === current.id)?.provenance).toEqual({
    source: "turn",
    request_id: `turn of ${current.id}`,
    chat_id: null,
    quote: "my own words",
    turns: [],
  });
});

test("lists go on page by page and hold to a tier", async () => {
  const user = await newUser(env);
  await saveMemories(outbox(user), [insert(fact("a", "1")), insert(fact("b", "2")), insert(statement("c"))]);
  const first = await listMemory(userCtx(env, user), { tier: "core", limit: 1 });
  const second = await listMemory(userCtx(env, user), {
    tier: "core",
    limit: 1,
    cursor: first.next_cursor ?? "",
  });
  expect([...first.data, ...second.data].map(({ key }) => key).toSorted()).toEqual(["a", "b"]);
  expect(second.next_cursor).toBeNull();
});

test("a search finds facts by key and statements by their words, and nothing for words that nobody said", async () => {
  const user = await newUser(env);
  await saveMemories(outbox(user), [
    insert(fact("favourite_drink", "green tea")),
    insert(statement("The landlord is called Olsson")),
    insert(statement("Runs on Sundays")),
  ]);
  const search = async (q: string) =>
    (await listMemory(userCtx(env, user), { q, limit: 5 })).data.map(({ text }) => text);
  expect(await search("who is my landlord")).toEqual(["The landlord is called Olsson"]);
  expect(await search("drink")).toEqual(["green tea"]);
  expect(await search("submarine")).toEqual([]);
});

test("the nearest of one vector space are found, the superseded left out", async () => {
  const user = await newUser(env);
  const [near, far, past] = [statement("near"), statement("far"), statement("past", { validTo: START_MS })];
  await saveMemories(outbox(user), [
    insert(near, [1, 0.1]),
    insert(far, [0, 1]),
    insert(past, [1, 0]),
    { ...insert(statement("another space")), embedding: { embedder: "other", vector: [1, 0, 0] } },
  ]);
  const embedding = { embedder: "test", vector: [1, 0] };
  const found = await nearestMemories(outbox(user), { embedding, limit: 5 });
  expect(found.map(({ item }) => item.id)).toEqual([near.id, far.id]);
  expect(found[1]?.score).toBeCloseTo(0);
});

test("erasing takes the rows away, one or all, and is recorded with their number", async () => {
  const user = await newUser(env);
  const [one, two, three] = [statement("one"), statement("two"), fact("three", "3")];
  await saveMemories(outbox(user), [insert(one), insert(two), insert(three)]);
  expect(await eraseMemories(userCtx(env, user), [one.id])).toBe(1);
  expect(await eraseMemories(userCtx(env, user), [one.id])).toBe(0);
  expect(await eraseMemories(userCtx(env, user), "all")).toBe(2);
  expect(await loadAll(user)).toEqual([]);
  const records = await connectAs(env, "postgres")
    .select()
    .from(auditLogs)
    .where(sql`${auditLogs.tenantId} = ${user.tenantId} and ${auditLogs.event} = 'memory.erased'`);
  expect(records.map(({ details, actorKind }) => [details["count"], actorKind]).toSorted()).toEqual([
    [1, "user"],
    [2, "user"],
  ]);
});

test("nobody else reads or erases it, not even with its ids", async () => {
  const [user, stranger] = [await newUser(env), await newUser(env)];
  const item = statement("mine alone");
  await saveMemories(outbox(user), [insert(item)]);
  expect(await loadAll(stranger)).toEqual([]);
  expect(await eraseMemories(userCtx(env, stranger), [item.id])).toBe(0);
  await expect(saveMemories(outbox(stranger), [insert({ ...item, version: 9 })])).rejects.toBeDefined();
  expect((await loadAll(user)).map(({ item: { version } }) => version)).toEqual([1]);
});

test("no word of it rests in the clear", async () => {
  const user = await newUser(env);
  await saveMemories(outbox(user), [
    insert(
      fact("canary_key", "canary-value", {
        provenance: { source: "user", requestId: null, quote: "canary-quote" },
      }),
    ),
  ]);
  const rows = await connectAs(env, "postgres")
    .select()
    .from(memories)
    .where(eq(memories.userId, user.userId));
  const text = rows
    .map((row) => JSON.stringify({ ...row, body: Buffer.from(row.body).toString("latin1") }))
    .join();
  expect(rows).toHaveLength(1);
  expect(text).not.toContain("canary");
});

test("an owner is due for consolidation a day after the last, and nobody else is seen", async () => {
  const user = await newUser(env);
  await saveMemories(outbox(user), [insert(statement("one"))]);
  const owners = () =>
    connectAs(env, "postgres").select().from(memoryOwners).where(eq(memoryOwners.userId, user.userId));
  expect(await owners()).toHaveLength(1);
  const due = async () =>
    (await dueMemories(openSchedulerDatabase(readEnv(env).config.database))).map(({ userId }) => userId);
  expect(await due()).not.toContain(user.userId);
  await markConsolidated(userCtx(env, user, { nowMs: START_MS }));
  expect(await due()).toContain(user.userId);
  await markConsolidated(userCtx(env, user));
  expect(await due()).not.toContain(user.userId);
});
