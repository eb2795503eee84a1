/**
 * The name that a database file goes by (`store_id`). It must change when the file is set back to an older state or copied,
 * since the hub then must not expect earlier calls in its journal. To notice, a marker beside the file (`<file>.instance`)
 * holds the name, how far the journal had come, and which file it was. A backup of the file alone is noticed when it is put
 * back or opened elsewhere. One that was made and put back together with its marker, into the same file, cannot be told
 * from the original: say so with `restored` (`adjutant-device --restored`).
 */
import { closeSync, openSync, readFileSync, statSync, writeSync } from "node:fs";
import { eq } from "drizzle-orm";
import * as z from "zod";
import { newId } from "../../src/lib/ids.ts";
import { decideStoreName, type StoreIdentity } from "../journal-core.ts";
import type { Database } from "./database.ts";
import { journalRevision } from "./journal.ts";
import { meta } from "./tables.ts";

const Marker = z.object({ storeId: z.string().min(1), revision: z.int().nonnegative(), file: z.number() });

const STORE_ID = "store_id";

export interface StoreName {
  storeId: string;
  /** After each commit that may have moved the journal on. */
  advance(): void;
  close(): void;
}

export function settleStoreName(db: Database, path: string, restored: boolean): StoreName {
  const known = readMeta(db, STORE_ID);
  const isFile = path !== ":memory:";
  const file = isFile ? statSync(path).ino : 0;
  const identity: StoreIdentity = { storeId: known ?? newId(), revision: journalRevision(db), file };
  const isSame =
    known !== null && !restored && isFile && decideStoreName(identity, readMarker(path)).do === "keep";
  const storeId = isSame || known === null ? identity.storeId : newId();
  if (!isSame) writeMeta(db, STORE_ID, storeId);
  if (!isFile) return { storeId, advance: () => {}, close: () => {} };
  return markedName(db, { ...identity, storeId }, `${path}.instance`);
}

export function readMeta(db: Database, key: string): string | null {
  return db.select().from(meta).where(eq(meta.key, key)).get()?.value ?? null;
}

export function writeMeta(db: Database, key: string, value: string): void {
  db.insert(meta).values({ key, value }).onConflictDoUpdate({ target: meta.key, set: { value } }).run();
}

function markedName(db: Database, identity: StoreIdentity, markerPath: string): StoreName {
  const marker = openSync(markerPath, "w", 0o600);
  let revision = -1;
  const advance = () => {
    const reached = journalRevision(db);
    if (reached === revision) return;
    revision = reached;
    try {
      // Of one length whatever the numbers, so that a write replaces the whole of the one before.
      writeSync(marker, JSON.stringify({ ...identity, revision }).padEnd(MARKER_BYTES), 0);
    } catch {
      // The change itself is committed. A marker that stays behind still names this file.
    }
  };
  advance();
  return { storeId: identity.storeId, advance, close: () => closeSync(marker) };
}

const MARKER_BYTES = 160;

function readMarker(path: string): StoreIdentity | null {
  try {
    return Marker.parse(JSON.parse(readFileSync(`${path}.instance`, "utf8")));
  } catch {
    return null;
  }
}
