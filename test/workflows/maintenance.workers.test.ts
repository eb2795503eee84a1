import { introspectWorkflow } from "cloudflare:test";
import { env } from "cloudflare:workers";
import { eq, inArray } from "drizzle-orm";
import { afterEach, beforeEach, expect, test, vi } from "vitest";
import { runCron } from "../../src/crons.ts";
import { chats, messages, toolExecutions } from "../../src/features/chat/tables.ts";
import { knowledgeQueries } from "../../src/features/knowledge/tables.ts";
import { idempotencyKeys } from "../../src/features/operations/tables.ts";
import { newId } from "../../src/lib/ids.ts";
import { readEnv } from "../../src/platform/env.ts";
import { connectAs } from "../support/database.ts";
import { newUser, type TestUser } from "../support/users.ts";

const CRON = "*/5 * * * *";
const DAY_MS = 86_400_000;
const PERIOD_MS = 300_000;
/** A period of its own for each test. */
let period = Math.floor(Date.now() / PERIOD_MS) * PERIOD_MS;
let lines: string[];

beforeEach(() => {
  period += PERIOD_MS;
  lines = [];
  for (const level of ["log", "warn", "error"] as const) {
    vi.spyOn(console, level).mockImplementation((line) => void lines.push(String(line)));
  }
});
afterEach(() => void vi.restoreAllMocks());

const admin = connectAs(env, "postgres");
const daysAgo = (days: number) => new Date(Date.now() - days * DAY_MS);

function logged(event: string): Record<string, unknown>[] {
  return lines.map((line) => JSON.parse(line)).filter((line) => line.event === event);
}

/** Watches the runs that begin from now on. Failed steps are repeated at once. */
async function watchRuns() {
  const runs = await introspectWorkflow(readEnv(env).maintenance);
  await runs.modifyAll((modifier) => modifier.disableRetryDelays());
  return runs;
}

async function newChat({ userId, tenantId }: TestUser, deletedAt: Date | null): Promise<string> {
  const id = newId();
  const common = { userId, tenantId };
  await admin.insert(chats).values({ ...common, id, title: new Uint8Array(1), deletedAt });
  await admin
    .insert(messages)
    .values({ ...common, id: newId(), chatId: id, seq: 1, role: "user", content: new Uint8Array(1) });
  return id;
}

async function chatsLeft(ids: string[]): Promise<string[]> {
  const rows = await admin.select({ id: chats.id }).from(chats).where(inArray(chats.id, ids));
  return rows.map(({ id }) => id).sort();
}

test("the schedule erases what is due and leaves the rest", async () => {
  const user = await newUser(env);
  const { userId, tenantId } = user;
  const [live, recent, due] = [
    await newChat(user, null),
    await newChat(user, daysAgo(29)),
    await newChat(user, daysAgo(31)),
  ];
  const key = { userId, tenantId, fingerprint: new Uint8Array(1), lockedUntil: new Date() };
  const freshKey = newId();
  await admin.insert(idempotencyKeys).values([
    { ...key, id: freshKey },
    { ...key, id: newId(), createdAt: daysAgo(1.1) },
  ]);
  const execution = {
    userId,
    tenantId,
    requestId: newId(),
    action: "get" as const,
    status: "ok" as const,
    payload: new Uint8Array(1),
    durationMs: 1,
  };
  await admin.insert(toolExecutions).values([
    { ...execution, id: "fresh", startedAt: daysAgo(29) },
    { ...execution, id: "due", startedAt: daysAgo(31) },
  ]);
  const question = { userId, tenantId, body: new Uint8Array(1), outcome: "answered" as const };
  const recentQuestion = newId();
  await admin.insert(knowledgeQueries).values([
    { ...question, id: recentQuestion, createdAt: daysAgo(29) },
    { ...question, id: newId(), createdAt: daysAgo(31) },
  ]);

  await using runs = await watchRuns();
  await runCron(CRON, env, period);
  const [run] = await runs.get();
  await run?.waitForStatus("complete");

  expect(await chatsLeft([live, recent, due])).toEqual([live, recent].sort());
  const mine = <Row extends { userId: string }>(rows: Row[]) => rows.filter((row) => row.userId === userId);
  const leftMessages = mine(await admin.select().from(messages));
  expect(leftMessages.map(({ chatId }) => chatId).sort()).toEqual([live, recent].sort());
  const leftKeys = mine(await admin.select().from(idempotencyKeys));
  expect(leftKeys.map(({ id }) => id)).toEqual([freshKey]);
  const leftExecutions = await admin
    .select({ id: toolExecutions.id })
    .from(toolExecutions)
    .where(eq(toolExecutions.userId, userId));
  expect(leftExecutions).toEqual([{ id: "fresh" }]);
  const leftQuestions = mine(await admin.select().from(knowledgeQueries));
  expect(leftQuestions.map(({ id }) => id)).toEqual([recentQuestion]);
  const output = (await run?.getOutput()) as Record<string, number>;
  expect(output["chats"]).toBeGreaterThanOrEqual(1);
  expect(logged("due_rows.erased")).toEqual([expect.objectContaining(output)]);
});

test("a cron that fires twice in one period begins one run, and the next period's begins another", async () => {
  await using runs = await watchRuns();
  await runCron(CRON, env, period + 1_000);
  const [run] = await runs.get();
  await run?.waitForStatus("complete");
  await runCron(CRON, env, period + 2_000);
  await runCron(CRON, env, period + PERIOD_MS);
  const instances = await runs.get();
  await instances.at(-1)?.waitForStatus("complete");
  expect(logged("due_rows.erased").map(({ run: id }) => id)).toEqual([period, period + PERIOD_MS].map(runId));
});

test("a step that fails is repeated, and the run ends well", async () => {
  await using runs = await watchRuns();
  await runs.modifyAll((modifier) =>
    modifier.mockStepError({ name: "erase messages 1" }, new Error("the database is away"), 2),
  );
  await runCron(CRON, env, period);
  const [run] = await runs.get();
  await run?.waitForStatus("complete");
  expect(await run?.waitForStepResult({ name: "erase messages 1" })).toEqual(expect.any(Number));
  expect(logged("erasure.failed")).toEqual([]);
});

test("batches follow each other until one is not full", async () => {
  await using runs = await watchRuns();
  await runs.modifyAll(async (modifier) => {
    await modifier.mockStepResult({ name: "erase chats 1" }, 200);
    await modifier.mockStepResult({ name: "erase chats 2" }, 200);
    await modifier.mockStepResult({ name: "erase chats 3" }, 7);
  });
  await runCron(CRON, env, period);
  const [run] = await runs.get();
  await run?.waitForStatus("complete");
  expect(await run?.getOutput()).toMatchObject({ chats: 407 });
});

test("a kind that cannot be erased keeps no other from it, and the log and the run's state say so", async () => {
  const user = await newUser(env);
  const due = await newChat(user, daysAgo(31));
  await admin.execute("revoke delete on messages from adjutant_scheduler");
  try {
    await using runs = await watchRuns();
    await runCron(CRON, env, period);
    const [run] = await runs.get();
    await run?.waitForStatus("errored");
    expect((await run?.getError())?.message).toBe("What is due could not be erased: messages.");
    expect(logged("erasure.postponed").map(({ kind, attempt }) => [kind, attempt])).toEqual(
      [1, 2, 3, 4, 5].map((attempt) => ["messages", attempt]),
    );
    expect(logged("erasure.failed")).toEqual([
      expect.objectContaining({ level: "error", kind: "messages", run: runId(period) }),
    ]);
    expect(await chatsLeft([due])).toEqual([]);
  } finally {
    await admin.execute("grant delete on messages to adjutant_scheduler");
  }
});

function runId(periodStart: number): string {
  return `due-${new Date(periodStart).toISOString().slice(0, 16).replace(":", "-")}`;
}
