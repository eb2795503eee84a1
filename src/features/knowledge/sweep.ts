import { sql } from "drizzle-orm";
import type { SchedulerDatabase } from "../../platform/scheduler-db.ts";
import type { IngestMessage } from "./schema.ts";
import { collections, documents } from "./tables.ts";

/** Of one tick; the next one goes on. */
const DOCUMENTS_MAX = 1_000;
/** A queue takes as many at once. */
const BATCH_MAX = 100;
const COLLECTIONS_MAX = 100;

/** The part of a queue that is used here. */
interface Outlet {
  sendBatch(messages: { body: IngestMessage }[]): Promise<unknown>;
}

interface DueDocument extends Record<string, unknown> {
  id: string;
  tenant_id: string;
  user_id: string;
  version: number;
}

/**
 * Queues documents whose message was lost or never sent and those that are to be erased, the longest due first, and erases
 * collections that were deleted 31 days ago: a day after their documents, and not before them, whose bytes nobody would find
 * without their rows. The scheduler's role sees no others. A message that is sent twice does its work once.
 */
export async function sweepDocuments(database: SchedulerDatabase, queue: Outlet): Promise<number> {
  const [{ rows }] = await database.run((queries) => [
    queries.execute<DueDocument>(
      sql`select id, tenant_id, user_id, version from documents
        order by due_at limit ${DOCUMENTS_MAX}::integer`,
    ),
    queries.execute(
      sql`delete from ${collections}
        where id in (
          select id from ${collections}
          where not exists (select from ${documents} where ${documents.collectionId} = ${collections.id})
          limit ${COLLECTIONS_MAX}::integer)`,
    ),
  ]);
  const messages = rows.map(({ id, tenant_id, user_id, version }) => ({
    body: { kind: "document.ingest", tenant_id, user_id, document_id: id, version } satisfies IngestMessage,
  }));
  for (let at = 0; at < messages.length; at += BATCH_MAX) {
    await queue.sendBatch(messages.slice(at, at + BATCH_MAX));
  }
  return messages.length;
}
