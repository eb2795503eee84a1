/** Copies of data keys in the hubs, and the master keys they need. */
import type { Logger } from "../../lib/logger.ts";
import type { Ports } from "../../platform/context.ts";
import type { SchedulerDatabase } from "../../platform/scheduler-db.ts";
import { staleHubKeys } from "../users/service.ts";
import { hubOf } from "./client.ts";

/** As many as the platform opens connections at once. */
const HUBS_AT_ONCE = 6;

/**
 * Has the hubs wrap their copies by the current master key, whether or not their users ever come back. What fails is due
 * again at the next tick.
 */
export async function renewHubKeys(
  database: SchedulerDatabase,
  ports: Pick<Ports, "userHub">,
  { currentId, log }: { currentId: string; log: Logger },
): Promise<void> {
  const waiting = (await staleHubKeys(database, currentId)).values();
  let [done, failed] = [0, 0];
  const renewNext = async () => {
    for (const owner of waiting) {
      try {
        await hubOf(ports, owner).renewKey(owner);
        done++;
      } catch (cause) {
        log.warn({ event: "hub_key.not_renewed", tenant_id: owner.tenantId, user_id: owner.userId }, cause);
        failed++;
      }
    }
  };
  await Promise.all(Array.from({ length: HUBS_AT_ONCE }, renewNext));
  if (done + failed > 0) log.info({ event: "hub_keys.renewed", done, failed });
}
