import { sql } from "drizzle-orm";
import { check, index, integer, jsonb, pgTable, text, unique, uuid } from "drizzle-orm/pg-core";
import { createdAt, moment, tenantId } from "../../platform/columns.ts";

/**
 * What hubs have still to be told. Triggers write it along with the change, whoever makes that; it goes once they have been
 * told. Of one thing a hub is told the last only.
 */
export const hubNotices = pgTable(
  "hub_notices",
  {
    id: uuid("id").primaryKey().defaultRandom(),
    tenantId: tenantId(),
    /** Whose hub; null for those of all members. */
    userId: uuid("user_id"),
    /** Of an event; `rights` is for the hub alone. */
    topic: text("topic").notNull(),
    subjectId: uuid("subject_id").notNull(),
    /** The event's: ids, enums and counts. */
    data: jsonb("data").notNull().default({}),
    /** Rises with each change that takes the place of one that was not told yet. */
    version: integer("version").notNull().default(1),
    /** The transaction, by which whoever made it finds what it caused. */
    madeIn: text("made_in").notNull().default(sql`pg_current_xact_id()::text`),
    /** Of all members those up to this one have been told. */
    toldTo: uuid("told_to"),
    tries: integer("tries").notNull().default(0),
    /** Until then whoever made the change tells it; after that the schedule does. */
    dueAt: moment("due_at").notNull(),
    createdAt: createdAt(),
  },
  (table) => [
    unique("hub_notices_subject")
      .on(table.tenantId, table.userId, table.topic, table.subjectId)
      .nullsNotDistinct(),
    index("hub_notices_due").on(table.dueAt),
    index("hub_notices_made").on(table.madeIn),
    check("hub_notices_topic", sql`${table.topic} in ('agents', 'collections', 'shares', 'rights')`),
  ],
);
