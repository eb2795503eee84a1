import { count, eq, inArray, or, sql } from "drizzle-orm";
import { type JournalEntry, outstandingResult, prunableTombstones, TOMBSTONES_MAX } from "../journal-core.ts";
import type { OutstandingResult } from "../store.ts";
import type { Database } from "./database.ts";
import { journal } from "./tables.ts";

/** SQLite takes at most 32,766 bound values in a statement. */
const IDS_AT_ONCE = 1000;

export function findEntry(db: Database, id: string): JournalEntry | undefined {
  const row = db.select().from(journal).where(eq(journal.id, id)).get();
  return row === undefined ? undefined : entryOf(row);
}

/** Writes or replaces an entry. Inside a transaction it is as durable as the rest of it. */
export function writeEntry(db: Database, id: string, entry: JournalEntry, now: number): void {
  const row = { state: entry.state, result: "result" in entry ? entry.result : null, at: now };
  db.insert(journal)
    .values({ id, ...row })
    .onConflictDoUpdate({ target: journal.id, set: row })
    .run();
}

export function forgetEntries(db: Database, ids: readonly string[]): void {
  for (let from = 0; from < ids.length; from += IDS_AT_ONCE) {
    db.delete(journal)
      .where(inArray(journal.id, ids.slice(from, from + IDS_AT_ONCE)))
      .run();
  }
}

export function outstandingEntries(db: Database): OutstandingResult[] {
  const rows = db
    .select()
    .from(journal)
    .where(or(eq(journal.state, "committed"), eq(journal.state, "rejected")))
    .orderBy(journal.position)
    .all();
  return rows.flatMap((row) => {
    const result = outstandingResult(entryOf(row));
    return result === null ? [] : [{ id: row.id, result }];
  });
}

export function pruneTombstones(db: Database, now: number): void {
  const isTombstone = eq(journal.state, "revoked");
  const counted = db.select({ tombstones: count() }).from(journal).where(isTombstone).get();
  if (counted === undefined || counted.tombstones <= TOMBSTONES_MAX) return;
  const tombstones = db.select({ id: journal.id, atMs: journal.at }).from(journal).where(isTombstone).all();
  forgetEntries(db, prunableTombstones(tombstones, now));
}

/** The highest position there ever was: it stays when entries are dropped, and falls only with the whole file. */
export function journalRevision(db: Database): number {
  const row = db.get<{ seq: number } | undefined>(
    sql`select seq from sqlite_sequence where name = 'journal'`,
  );
  return row?.seq ?? 0;
}

function entryOf(row: typeof journal.$inferSelect): JournalEntry {
  switch (row.state) {
    case "started":
    case "revoked":
      return { state: row.state };
    case "committed":
    case "rejected":
      if (row.result === null) throw new Error(`journal entry ${row.id} has no result`);
      return { state: row.state, result: row.result };
  }
}
