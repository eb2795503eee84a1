import { Mutation } from "../hub/protocol.ts";
import type { DeviceCall, DeviceOutcome } from "./types.ts";

/**
 * The change a device call made, as turns list it: `data` is what the call sent, `id` comes from the result. Null for reads,
 * vector actions, and calls that changed nothing.
 */
export function mutationOf(
  call: Pick<DeviceCall, "action"> & {
    table?: string | undefined;
    data?: Record<string, unknown> | undefined;
  },
  outcome: DeviceOutcome,
): Mutation | null {
  const { action, data = {} } = call;
  const isChange =
    action === "delete" ? outcome.kind === "deleted" && outcome.deleted : outcome.kind === "row";
  if (!isChange) return null;
  const id = outcome.kind === "row" ? outcome.row?.["id"] : data["id"];
  // The id is the device's word: one that no frame can hold must not keep the turn from ending.
  const mutation = Mutation.safeParse({ action, table: call.table, id, data });
  return mutation.success ? mutation.data : null;
}
