import { sql } from "drizzle-orm";
import type { SchedulerDatabase } from "../../platform/scheduler-db.ts";
import type { IngestMessage } from "./schema.ts";
import { collections } from "./tables.ts";

/** A queue takes as many at once; the next tick goes on. */
const DOCUMENTS_MAX = 100;
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
 * Queues documents whose message was lost or never sent and those that are to be erased, and erases collections that were
 * deleted 31 days ago: a day after their documents. The scheduler's role sees no others. A message that is sent twice does
 * its work once.
 */
export async function sweepDocuments(database: SchedulerDatabase, queue: Outlet): Promise<number> {
  const [{ rows }] = await database.run((queries) => [
    queries.execute<DueDocument>(
      sql`select id, tenant_id, user_id, version from documents limit ${DOCUMENTS_MAX}::integer`,
    ),
    queries.execute(
      sql`delete from ${collections}
        where id in (select id from ${collections} limit ${COLLECTIONS_MAX}::integer)`,
    ),
  ]);
  const messages = rows.map(({ id, tenant_id, user_id, version }) => ({
    body: { kind: "document.ingest", tenant_id, user_id, document_id: id, version } satisfies IngestMessage,
  }));
  if (messages.length > 0) await queue.sendBatch(messages);
  return messages.length;
}
