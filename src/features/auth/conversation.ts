import { AsyncLocalStorage } from "node:async_hooks";
import type { GuestCtx } from "../../platform/context.ts";
import type { IdentityConnection } from "../../platform/identity-db.ts";

/**
 * One transaction with the identity library. The library is built once per isolate, while a connection belongs to one
 * request (a Worker cannot use another request's sockets): whatever it does finds its transaction here.
 */
export interface Conversation {
  ctx: GuestCtx;
  transaction: IdentityTransaction;
  /** Computed before the transaction opened, so that it is not held open for the hash. */
  passwordHash?: string;
  /** The session that this conversation made. */
  session?: { id: string; userId: string; tenantId: string; expiresAt: number };
}

export type IdentityTransaction = Parameters<Parameters<IdentityConnection["transaction"]>[0]>[0];

const current = new AsyncLocalStorage<Conversation>();

export function conversation(): Conversation {
  const found = current.getStore();
  if (!found) throw new TypeError("The identity library was used outside of a conversation.");
  return found;
}

/** Runs `work` in one transaction over one connection; what it throws rolls everything back. */
export function converse<Result>(
  ctx: GuestCtx,
  given: Pick<Conversation, "passwordHash">,
  work: (conversation: Conversation) => Promise<Result>,
): Promise<Result> {
  return ctx.identity.connect((connection) =>
    connection.transaction((transaction) => {
      const opened: Conversation = { ctx, transaction, ...given };
      return current.run(opened, () => work(opened));
    }),
  );
}
