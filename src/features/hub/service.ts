/** What REST can ask of the person's hub. */
import { AppError } from "../../lib/errors.ts";
import { type Ctx, userIdOf } from "../../platform/context.ts";
import { allow } from "../auth/policy.ts";
import { audit } from "../users/service.ts";
import { admission } from "./admission.ts";
import { hubOf } from "./client.ts";
import { type Device, DeviceInfo, type Ticket } from "./schema.ts";
import { sealTicket } from "./ticket.ts";

export { consolidateDue } from "./consolidation.ts";
export { pollEvents } from "./events.ts";
export { renewHubKeys } from "./keys.ts";
export { selectNotices, tellDueHubs, tellHubs } from "./notices.ts";

/** A single-use ticket, good for 30 s, for clients that can set neither a header nor a sub-protocol. */
export async function createTicket(ctx: Ctx): Promise<Ticket> {
  const { admission: admitted, session } = await admission(ctx);
  const minted = await hubOf(ctx.ports, admitted).mintTicket(admitted, session);
  if ("refused" in minted) throw new AppError(minted.refused);
  return {
    ticket: sealTicket(ctx.config.auth, { ...admitted, secret: minted.secret }),
    expires_at: new Date(minted.expiresAt).toISOString(),
  };
}

/** The person's devices, the one seen last first. */
export async function listDevices(ctx: Ctx): Promise<{ data: Device[]; next_cursor: null }> {
  await ctx.db.run(allow("devices", "read"), () => []);
  return { data: await ownHub(ctx).listDevices(), next_cursor: null };
}

/**
 * Asks a connected device what it is; nothing of its answer is kept. Throws `not_found`, `device_offline`, or `timeout`
 * when it does not answer within the time of a tool call.
 */
export async function deviceInfo(ctx: Ctx, deviceId: string): Promise<DeviceInfo> {
  await ctx.db.run(allow("devices", "read"), () => []);
  const answer = await ownHub(ctx).askDevice(deviceId, "device_info");
  if (!answer) throw new AppError("not_found");
  if (answer.kind === "offline") throw new AppError("device_offline", { detail: "This device is offline." });
  if (answer.kind === "silent") throw new AppError("timeout", { detail: "The device does not answer." });
  return { device_id: deviceId, info: DeviceInfo.shape.info.parse(JSON.parse(answer.json)) };
}

/** Forgets a device and closes its socket; it may connect again with a good session. Throws `not_found`. */
export async function removeDevice(ctx: Ctx, deviceId: string): Promise<void> {
  const hub = ownHub(ctx);
  const isKnown = (await hub.listDevices()).some(({ device_id }) => device_id === deviceId);
  // The hub's storage has no part in this transaction: recorded first, a removal never goes unrecorded.
  await ctx.db.run(allow("devices", "delete"), (queries) =>
    isKnown ? [audit(queries, ctx, { event: "device.removed", subjectId: deviceId })] : [],
  );
  if (!(await hub.removeDevice(deviceId))) throw new AppError("not_found");
}

function ownHub(ctx: Ctx) {
  return hubOf(ctx.ports, { tenantId: ctx.tenantId, userId: userIdOf(ctx) });
}
