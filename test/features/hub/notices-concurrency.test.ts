/** Changes while hubs are being told, on a real server: the embedded one never runs two statements at once. */
import { afterAll, beforeAll, expect, test } from "vitest";
import { CreateAgent } from "../../../src/features/custom-agents/schema.ts";
import { createAgent } from "../../../src/features/custom-agents/service.ts";
import type { PublishedEvent } from "../../../src/features/hub/schema.ts";
import { tellDueHubs } from "../../../src/features/hub/service.ts";
import { newId } from "../../../src/lib/ids.ts";
import { createLogger } from "../../../src/lib/logger.ts";
import type { Ctx } from "../../../src/platform/context.ts";
import { openSchedulerDatabase } from "../../../src/platform/scheduler-db.ts";
import { findPostgres } from "../../support/real-postgres.ts";
import { type RealService, startRealService } from "../../support/real-service.ts";
import { newUser, userCtx } from "../../support/users.ts";

const bin = await findPostgres();
/** Enough for a change to meet those who tell in each of their steps. */
const ROUNDS = 20;
const CHANGES = 5;
const silent = createLogger({}, () => {});

let service: RealService;
let ctx: Ctx;
/** What the hubs were told. */
const heard: PublishedEvent[] = [];

beforeAll(async () => {
  if (!bin) return;
  service = await startRealService(bin, {
    publishEvent: async (event: PublishedEvent) => void heard.push(event),
  });
  ctx = userCtx(service.env, await newUser(service.env));
});

afterAll(async () => service?.stop());

test.skipIf(!bin)("the last change is told, whatever is told while changes are made", async () => {
  const { id } = await createAgent(ctx, CreateAgent.parse({ name: "Helper" }), newId());
  // The verb has told it, and notes that after its answer.
  await expect.poll(() => service.admin("select id from hub_notices")).toEqual([]);
  for (let round = 0; round < ROUNDS; round++) {
    const changes = Array.from({ length: CHANGES }, () =>
      service.admin(`update custom_agents set version = version + 1 where id = '${id}'`),
    );
    await Promise.all([...changes, tellDue(), tellDue(), tellDue()]);
    await tellDue();
    expect(await service.admin("select id from hub_notices"), `round ${round}`).toEqual([]);
    const versions = heard.map(({ topic, data }) => (topic === "agents" ? data.version : 0));
    expect(Math.max(...versions), `round ${round}`).toBe(1 + CHANGES * (round + 1));
  }
});

/** As the schedule does once the time has come. */
async function tellDue(): Promise<void> {
  await service.admin("update hub_notices set due_at = now() where due_at > now()");
  await tellDueHubs(openSchedulerDatabase(ctx.config.database), ctx.ports, silent);
}
