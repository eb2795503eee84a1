/** What the owner of a document is told while it is read: ids, states and shares, no title and no text. */
import { AppError } from "../../lib/errors.ts";
import { sleep } from "../../lib/time.ts";
import type { Announcement, JobCtx } from "../../platform/context.ts";
import type { DocumentStatus } from "./schema.ts";
import type { documents } from "./tables.ts";

type DocumentRow = typeof documents.$inferSelect;

export interface Progress {
  status: DocumentStatus;
  /** 0 to 1. */
  progress: number;
  /** Kind of the reason why it failed. */
  reasonCode?: string;
}

const STEPS = 10;
const TELL_MS = 5_000;

/** What was told last of each document that is being read here. */
const told = new WeakMap<DocumentRow, string>();

/** Tells each state, and each tenth of it, once an attempt. Never fails: the person can ask for the document itself. */
export async function announce(
  ctx: JobCtx,
  document: DocumentRow,
  { status, progress, reasonCode }: Progress,
): Promise<void> {
  const step = `${status} ${Math.floor(progress * STEPS)}`;
  if (told.get(document) === step) return;
  told.set(document, step);
  const { id, collectionId, version } = document;
  const data = {
    id,
    collection_id: collectionId,
    version,
    status,
    progress: Math.round(progress * 100) / 100,
    ...(reasonCode === undefined ? {} : { reason_code: reasonCode }),
  };
  await tell(ctx, document.userId, { topic: "documents", data });
}

/** The document can be found, and its collection has another content than before. */
export async function announcePublished(ctx: JobCtx, document: DocumentRow): Promise<void> {
  await announce(ctx, document, { status: "ready", progress: 1 });
  await announceContent(ctx, { id: document.collectionId, userId: document.userId });
}

/** Searches of the collection answer from another content than before. Never fails. */
export async function announceContent(
  ctx: JobCtx,
  { id, userId }: { id: string; userId: string },
): Promise<void> {
  await tell(ctx, userId, { topic: "collections", data: { id, change: "content" } });
}

async function tell(ctx: JobCtx, userId: string, announcement: Announcement): Promise<void> {
  const done = new AbortController();
  const tooLate = async () => {
    await sleep(TELL_MS, done.signal).catch(() => {});
    if (!done.signal.aborted) throw new AppError("timeout");
  };
  try {
    await Promise.race([ctx.ports.publish({ tenantId: ctx.tenantId, userId }, announcement), tooLate()]);
  } catch (cause) {
    ctx.log.warn({ event: "event.untold", topic: announcement.topic }, cause);
  } finally {
    done.abort();
  }
}
