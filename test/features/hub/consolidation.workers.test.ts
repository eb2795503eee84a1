/** The daily consolidation, from the scheduler to the hub and back to the database. */
import { env } from "cloudflare:workers";
import { expect, test } from "vitest";
import { consolidateDue } from "../../../src/features/hub/service.ts";
import { Memory } from "../../../src/features/memory/schema.ts";
import {
  dueMemories,
  loadMemory,
  markConsolidated,
  saveMemories,
} from "../../../src/features/memory/service.ts";
import { createLogger } from "../../../src/lib/logger.ts";
import { readEnv } from "../../../src/platform/env.ts";
import { openSchedulerDatabase } from "../../../src/platform/scheduler-db.ts";
import { callFor } from "../../support/api.ts";
import { newUser, type TestUser, userCtx } from "../../support/users.ts";
import { statement } from "../memory/items.ts";

const DAY_MS = 86_400_000;
const scheduler = () => openSchedulerDatabase(readEnv(env).config.database);

function outbox(user: TestUser, nowMs = Date.now()) {
  return userCtx(env, user, { nowMs, actor: { kind: "system", job: "outbox", userId: user.userId } });
}

/** Two statements that say the same, last consolidated days ago. */
async function rememberTwice(user: TestUser): Promise<void> {
  const items = [statement("Likes green tea"), statement("likes green teas")];
  await saveMemories(
    outbox(user),
    items.map((item) => ({ kind: "insert", item })),
  );
  await markConsolidated(outbox(user, Date.now() - 2 * DAY_MS));
}

async function isDue({ userId }: TestUser): Promise<boolean> {
  return (await dueMemories(scheduler())).some((owner) => owner.userId === userId);
}

test("the hub of a person who is due consolidates, and is due again in a day", async () => {
  const user = await newUser(env);
  await rememberTwice(user);
  // The person's own request makes their hub known.
  await callFor(Memory, "PUT", "/memory/core/name", { as: user, body: { value: "Ada" } });
  expect(await isDue(user)).toBe(true);
  await consolidateDue(
    scheduler(),
    readEnv(env),
    createLogger({}, () => {}),
  );
  expect(await isDue(user)).toBe(false);
  const { memories } = await loadMemory(outbox(user), { limit: 10 });
  expect(memories.filter(({ item }) => item.body.tier === "associative")).toHaveLength(1);
});

test("a hub that does not know its user changes nothing, is told of in the log, and holds nobody else up", async () => {
  const [unaware, aware] = [await newUser(env), await newUser(env)];
  await rememberTwice(unaware);
  await rememberTwice(aware);
  await callFor(Memory, "PUT", "/memory/core/name", { as: aware, body: { value: "Ada" } });
  const lines: string[] = [];
  await consolidateDue(
    scheduler(),
    readEnv(env),
    createLogger({}, (...logged) => lines.push(JSON.stringify(logged))),
  );
  expect(lines.join("\n")).toContain(unaware.userId);
  expect(lines.join("\n")).not.toContain(aware.userId);
  expect(await isDue(aware)).toBe(false);
  expect((await loadMemory(outbox(unaware), { limit: 10 })).memories).toHaveLength(2);
});
