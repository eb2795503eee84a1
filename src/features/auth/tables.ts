import { index, pgTable, text, unique, uuid } from "drizzle-orm/pg-core";
import { bytes, createdAt, id, moment, updatedAt } from "../../platform/columns.ts";
import { tenants, users } from "../users/tables.ts";

/** How a person proves who they are. `credential` is the password; other providers come with their own rows. */
export const accounts = pgTable(
  "accounts",
  {
    id: id(),
    userId: uuid("user_id")
      .notNull()
      .references(() => users.id, { onDelete: "cascade" }),
    providerId: text("provider_id").notNull(),
    /** The provider's name for the person; for `credential` the user's id. */
    accountId: text("account_id").notNull(),
    /** `scrypt$n$r$p$salt$hash`. */
    password: text("password"),
    createdAt: createdAt(),
    updatedAt: updatedAt(),
  },
  (table) => [
    unique("accounts_provider_account").on(table.providerId, table.accountId),
    index("accounts_user").on(table.userId),
  ],
);

/** One sign-in, in one tenant. Ending it deletes the row, and its refresh tokens with it. */
export const sessions = pgTable(
  "sessions",
  {
    id: id(),
    userId: uuid("user_id")
      .notNull()
      .references(() => users.id, { onDelete: "cascade" }),
    tenantId: uuid("tenant_id")
      .notNull()
      .references(() => tenants.id, { onDelete: "cascade" }),
    /** The identity library's own cookie value. No route accepts it; refresh tokens take its place. */
    token: text("token").notNull().unique("sessions_token_unique"),
    expiresAt: moment("expires_at").notNull(),
    /** Enveloped, base64. */
    ipAddress: text("ip_address"),
    /** Enveloped, base64. */
    userAgent: text("user_agent"),
    lastUsedAt: moment("last_used_at").notNull().defaultNow(),
    createdAt: createdAt(),
    updatedAt: updatedAt(),
  },
  (table) => [index("sessions_user").on(table.userId), index("sessions_expiry").on(table.expiresAt)],
);

/** The tokens of a session form one family: each is used once and replaced by its successor. */
export const refreshTokens = pgTable(
  "refresh_tokens",
  {
    /** SHA-256 of the token: it has 256 random bits, so the hash needs no salt. */
    hash: bytes("hash").primaryKey(),
    sessionId: uuid("session_id")
      .notNull()
      .references(() => sessions.id, { onDelete: "cascade" }),
    createdAt: createdAt(),
    usedAt: moment("used_at"),
    /** Keyed hash of the address and user agent that used it. */
    usedBy: bytes("used_by"),
  },
  (table) => [index("refresh_tokens_session").on(table.sessionId)],
);
