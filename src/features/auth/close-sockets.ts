import { sleep } from "../../lib/time.ts";
import type { EndedSession, GuestCtx } from "../../platform/context.ts";

const ATTEMPTS = 3;
const RETRY_MS = 100;

/**
 * Has the hub close the sockets of what has ended. The end is committed already: when the hub cannot be reached it is
 * not undone, but someone must look, for a socket may stay open until it is used again.
 */
export async function closeSockets(ctx: GuestCtx, ended: EndedSession): Promise<void> {
  for (let attempt = 1; ; attempt++) {
    try {
      return await ctx.ports.sessionEnded(ended);
    } catch (cause) {
      if (attempt === ATTEMPTS)
        return ctx.log.error({ event: "sockets.close_failed", user_id: ended.userId }, cause);
      await sleep(RETRY_MS * attempt);
    }
  }
}
