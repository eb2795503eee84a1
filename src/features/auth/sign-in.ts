/** Register and log in: one transaction makes the session, its first refresh token and their audit rows. */
import { eq } from "drizzle-orm";
import { AppError } from "../../lib/errors.ts";
import type { GuestCtx } from "../../platform/context.ts";
import { users } from "../users/tables.ts";
import { type Conversation, converse } from "./conversation.ts";
import { issueTokens } from "./issue-tokens.ts";
import { hashPassword } from "./password.ts";
import { newRefreshToken } from "./refresh-token.ts";
import type { Credentials, Registration, Tokens } from "./schema.ts";
import { refreshTokens } from "./tables.ts";

export interface RegisterOptions {
  /** What `hashPassword` made of the password earlier: for tests, which mint many users with one. */
  passwordHash?: string;
}

/** Makes a user with a personal tenant and a data key, and signs them in. Throws `email_taken`. */
export async function register(
  ctx: GuestCtx,
  { email, password }: Registration,
  options: RegisterOptions = {},
): Promise<Tokens> {
  const { isAPIError, library } = await identity();
  const passwordHash = options.passwordHash ?? (await hashPassword(password));
  try {
    return await converse(ctx, { passwordHash }, async (conversation) => {
      await library(ctx.config).api.signUpEmail({ body: { email, password, name: "" } });
      return firstTokens(conversation);
    });
  } catch (error) {
    if (isAPIError(error) && (await isTaken(ctx, email))) throw new AppError("email_taken");
    throw error;
  }
}

/** Starts a session. Throws `invalid_credentials`, after the same work for an unknown address as for a wrong password. */
export async function login(ctx: GuestCtx, { email, password }: Credentials): Promise<Tokens> {
  const { isAPIError, library } = await identity();
  try {
    return await converse(ctx, {}, async (conversation) => {
      await library(ctx.config).api.signInEmail({ body: { email, password } });
      return firstTokens(conversation);
    });
  } catch (error) {
    if (isAPIError(error) && error.statusCode === 401) throw new AppError("invalid_credentials");
    throw error;
  }
}

/** Loaded by those who sign in: no other request of an isolate pays for it. */
function identity() {
  return import("./library.ts");
}

async function firstTokens({ ctx, transaction, session }: Conversation): Promise<Tokens> {
  if (!session) throw new TypeError("The identity library made no session.");
  const { token, hash } = newRefreshToken();
  const nowMs = ctx.clock.now();
  await transaction.insert(refreshTokens).values({ hash, sessionId: session.id, createdAt: new Date(nowMs) });
  return issueTokens(ctx, { ...session, sessionId: session.id, refreshToken: token });
}

/** Asked after a failed sign-up only: of two that race for one address, the slower fails at the database. */
function isTaken(ctx: GuestCtx, email: string): Promise<boolean> {
  return ctx.identity.connect(async (connection) => {
    const found = await connection.select({ id: users.id }).from(users).where(eq(users.email, email));
    return found.length > 0;
  });
}
