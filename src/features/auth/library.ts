/** The identity library (better-auth) behind our own verbs: its tables are ours, its routes are not served. */
import { drizzleAdapter } from "better-auth/adapters/drizzle";
import { betterAuth } from "better-auth/minimal";
import { eq } from "drizzle-orm";
import { newId } from "../../lib/ids.ts";
import type { Config } from "../../platform/env.ts";
import { users } from "../users/tables.ts";
import { conversation } from "./conversation.ts";
import { enrol } from "./enrol.ts";
import { hashPassword, verifyPassword } from "./password.ts";
import { PASSWORD_CHARS_MAX, PASSWORD_CHARS_MIN } from "./schema.ts";
import { describeSession } from "./session-row.ts";
import { accounts, sessions } from "./tables.ts";

export { isAPIError } from "better-auth/api";

/** Building it takes some milliseconds: once per isolate. */
const libraries = new WeakMap<Config, Library>();

export type Library = ReturnType<typeof build>;

/** Use it inside of `converse` only. */
export function library(config: Config): Library {
  let found = libraries.get(config);
  if (!found) {
    found = build(config);
    libraries.set(config, found);
  }
  return found;
}

function build(config: Config) {
  return betterAuth({
    baseURL: config.auth.issuer,
    secret: config.auth.secret,
    database: drizzleAdapter(currentTransaction, {
      provider: "pg",
      schema: { user: users, account: accounts, session: sessions },
      // `converse` has opened one already.
      transaction: false,
    }),
    emailAndPassword: {
      enabled: true,
      minPasswordLength: PASSWORD_CHARS_MIN,
      maxPasswordLength: PASSWORD_CHARS_MAX,
      password: {
        hash: async (password) => {
          const { passwordHash } = conversation();
          if (passwordHash !== undefined) return passwordHash;
          await askForNobody();
          return hashPassword(password);
        },
        verify: verifyPassword,
      },
    },
    session: {
      expiresIn: config.auth.sessionDays * 86_400,
      additionalFields: {
        tenantId: { type: "string", required: true, input: false },
        lastUsedAt: { type: "date", required: true, input: false },
      },
    },
    databaseHooks: {
      account: { create: { before: ({ userId }) => enrol(conversation(), userId) } },
      session: {
        create: { before: async ({ userId }) => ({ data: await describeSession(conversation(), userId) }) },
      },
    },
    advanced: {
      database: { generateId: () => newId(conversation().ctx.clock.now()), validateSchema: false },
      ipAddress: { disableIpTracking: true },
    },
    // Ours limit by address and by user, in places that isolates share.
    rateLimit: { enabled: false },
    // It writes e-mail addresses into its log.
    logger: { disabled: true },
    telemetry: { enabled: false },
  });
}

/**
 * At a sign-in the library hashes for an address that it did not find, to take as long as for one that it found. Of
 * that one it also asks for the accounts: the same question here makes the trips equal, too.
 */
async function askForNobody(): Promise<void> {
  const { ctx, transaction } = conversation();
  await transaction
    .select()
    .from(accounts)
    .where(eq(accounts.userId, newId(ctx.clock.now())));
}

/** Stands for a Drizzle database, and is the transaction of whichever conversation is going on. */
const currentTransaction: Record<string, unknown> = new Proxy(
  {},
  {
    get: (_, name) => {
      const { transaction } = conversation();
      return Reflect.get(transaction, name, transaction);
    },
  },
);
