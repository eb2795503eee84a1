import { index, pgTable, uuid } from "drizzle-orm/pg-core";
import { bytes, createdAt, id, moment, tenantId } from "../../platform/columns.ts";
import { tenants, users } from "../users/tables.ts";

/** Requests that carried an `Idempotency-Key`, for 24 hours. The id is computed from tenant, user and key. */
export const idempotencyKeys = pgTable(
  "idempotency_keys",
  {
    id: id(),
    tenantId: tenantId().references(() => tenants.id, { onDelete: "cascade" }),
    userId: uuid("user_id")
      .notNull()
      .references(() => users.id, { onDelete: "cascade" }),
    /** Keyed hash of method, path and body. */
    fingerprint: bytes("fingerprint").notNull(),
    /** Enveloped; null while the request runs. */
    answer: bytes("answer"),
    /** After this a request that never finished is taken for dead and may run again. */
    lockedUntil: moment("locked_until").notNull(),
    createdAt: createdAt(),
  },
  (table) => [index("idempotency_keys_created").on(table.createdAt)],
);
