/** Columns that every table spells the same way. */
import { sql } from "drizzle-orm";
import { customType, timestamp, uuid } from "drizzle-orm/pg-core";

/** `bytea`: envelopes, hashes, wrapped keys. Travels as hex, which no driver setting changes. */
export const bytes = customType<{ data: Uint8Array; driverData: string | Uint8Array }>({
  dataType: () => "bytea",
  toDriver: (value) => `\\x${Buffer.from(value.buffer, value.byteOffset, value.byteLength).toString("hex")}`,
  fromDriver: (value) =>
    typeof value === "string" ? new Uint8Array(Buffer.from(value.replace(/^\\x/, ""), "hex")) : value,
});

/** UUIDv7, made by the application. */
export const id = () => uuid("id").primaryKey();

/** The tenant that owns the row. Left out of an insert it is the tenant of the transaction; no other is accepted. */
export const tenantId = () => uuid("tenant_id").notNull().default(sql`app.tenant_id()`);

export const moment = (name: string) => timestamp(name, { withTimezone: true, mode: "date", precision: 3 });

export const createdAt = () => moment("created_at").notNull().defaultNow();
export const updatedAt = () => moment("updated_at").notNull().defaultNow();
/** Set when a person deletes the row; it can be restored for 30 days. */
export const deletedAt = () => moment("deleted_at");
