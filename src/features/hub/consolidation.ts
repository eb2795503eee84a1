/** The day's consolidation of memories, each made by the hub that owns it. */
import type { Logger } from "../../lib/logger.ts";
import type { Ports } from "../../platform/context.ts";
import type { SchedulerDatabase } from "../../platform/scheduler-db.ts";
import { dueMemories } from "../memory/service.ts";
import { type HubOwner, hubOf } from "./client.ts";

/** As many as the platform opens connections at once. */
const HUBS_AT_ONCE = 6;

/**
 * Has the hubs consolidate what is due, some at once. A hub says itself when it is done, so that what fails, or is cut short,
 * is due again at the next tick; asked twice, a hub does it once.
 */
export async function consolidateDue(
  database: SchedulerDatabase,
  ports: Pick<Ports, "userHub">,
  log: Logger,
): Promise<void> {
  const waiting = (await dueMemories(database)).values();
  let [done, failed] = [0, 0];
  const consolidateNext = async () => {
    for (const owner of waiting) {
      if (await consolidate(ports, owner, log)) done++;
      else failed++;
    }
  };
  await Promise.all(Array.from({ length: HUBS_AT_ONCE }, consolidateNext));
  if (done + failed > 0) log.info({ event: "memories.consolidated", done, failed });
}

async function consolidate(ports: Pick<Ports, "userHub">, owner: HubOwner, log: Logger): Promise<boolean> {
  const about = { tenant_id: owner.tenantId, user_id: owner.userId };
  try {
    if (await hubOf(ports, owner).consolidateMemory()) return true;
    log.warn({ event: "memory.hub_unaware", ...about });
  } catch (cause) {
    log.warn({ event: "memory.not_consolidated", ...about }, cause);
  }
  return false;
}
