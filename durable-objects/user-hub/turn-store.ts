/** Turns and their journal in the hub's SQLite. Ids, times and states are in the clear; all else is sealed. */
import type { StreamEnd } from "../../src/features/hub/protocol.ts";
import type { ResetPoint } from "./core/frame-log.ts";
import type { TurnState } from "./core/turn-state.ts";
import { type JournalEntry, readEntry, smallerParts } from "./journal-entry.ts";
import type { HubStorage } from "./storage.ts";
import { type Binding, type Origin, TurnInput, type TurnRow } from "./turn-record.ts";
import type { Vault } from "./vault.ts";

type TurnColumns = {
  request_id: string;
  state: string;
  resets: string;
  origin: string;
  binding: string;
  created_at: number;
};

/** Below the 2 MB that a row of the hub's database may have. */
const BODY_BYTES_MAX = 1_500_000;
const COLUMNS = "request_id, state, resets, origin, binding, created_at";

export class TurnStore {
  readonly #storage: HubStorage;
  readonly #vault: Vault;

  constructor(storage: HubStorage, vault: Vault) {
    this.#storage = storage;
    this.#vault = vault;
  }

  insert(turn: TurnRow, input: TurnInput, dueAt: number): void {
    this.#storage.run(
      `INSERT INTO turns (request_id, phase, state, resets, due_at, origin, binding, created_at, body)
       VALUES (?, ?, ?, '[]', ?, ?, ?, ?, ?)`,
      turn.requestId,
      turn.state.phase,
      JSON.stringify(turn.state),
      dueAt,
      JSON.stringify(turn.origin),
      JSON.stringify(turn.binding),
      turn.createdAt,
      this.#vault.seal("turns", turn.requestId, input),
    );
  }

  update(turn: TurnRow, dueAt: number, status: StreamEnd["status"] | null = null): void {
    this.#storage.run(
      "UPDATE turns SET phase = ?, state = ?, resets = ?, due_at = ?, status = ? WHERE request_id = ?",
      turn.state.phase,
      JSON.stringify(turn.state),
      JSON.stringify(turn.resets),
      dueAt,
      status,
      turn.requestId,
    );
  }

  postpone(requestId: string, dueAt: number): void {
    this.#storage.run("UPDATE turns SET due_at = ? WHERE request_id = ?", dueAt, requestId);
  }

  find(requestId: string): TurnRow | undefined {
    const row = this.#storage.row<TurnColumns>(
      `SELECT ${COLUMNS} FROM turns WHERE request_id = ?`,
      requestId,
    );
    return row && readTurn(row);
  }

  has(requestId: string): boolean {
    return this.#storage.row("SELECT 1 FROM turns WHERE request_id = ?", requestId) !== undefined;
  }

  /** Turns that are running or parked. */
  open(): TurnRow[] {
    return this.#storage
      .rows<TurnColumns>(`SELECT ${COLUMNS} FROM turns WHERE phase <> 'ended'`)
      .map(readTurn);
  }

  due(now: number): TurnRow[] {
    return this.#storage
      .rows<TurnColumns>(`SELECT ${COLUMNS} FROM turns WHERE due_at <= ?`, now)
      .map(readTurn);
  }

  nextDueAt(): number | null {
    return this.#storage.row<{ at: number | null }>("SELECT min(due_at) AS at FROM turns")?.at ?? null;
  }

  input(requestId: string): TurnInput {
    const row = this.#storage.row<{ body: ArrayBuffer }>(
      "SELECT body FROM turns WHERE request_id = ?",
      requestId,
    );
    return this.#vault.open("turns", requestId, row!.body, TurnInput.parse);
  }

  /** Adds an entry under `number`, and what would not fit into a row of it under the next ones. Returns the number after. */
  append(requestId: string, number: number, lastSeq: number, entry: JournalEntry): number {
    const body = this.#vault.seal("journal", `${requestId}/${number}`, entry);
    const parts = body.byteLength > BODY_BYTES_MAX ? smallerParts(entry) : null;
    if (parts) return parts.reduce((next, part) => this.append(requestId, next, lastSeq, part), number);
    this.#storage.run(
      "INSERT INTO journal (request_id, number, last_seq, body) VALUES (?, ?, ?, ?)",
      requestId,
      number,
      lastSeq,
      body,
    );
    return number + 1;
  }

  /** The entries of a turn in order; only those that reach beyond `afterSeq` when frames are all that is wanted. */
  entries(requestId: string, afterSeq = -1): JournalEntry[] {
    return this.#storage
      .rows<{ number: number; body: ArrayBuffer }>(
        "SELECT number, body FROM journal WHERE request_id = ? AND last_seq > ? ORDER BY number",
        requestId,
        afterSeq,
      )
      .map((row) => this.#vault.open("journal", `${requestId}/${row.number}`, row.body, readEntry));
  }

  /** Where the journal of a turn stands. */
  end(requestId: string): { entries: number; lastSeq: number } {
    const row = this.#storage.row<{ entries: number; last_seq: number | null }>(
      "SELECT count(*) AS entries, max(last_seq) AS last_seq FROM journal WHERE request_id = ?",
      requestId,
    );
    return { entries: row?.entries ?? 0, lastSeq: row?.last_seq ?? 0 };
  }

  /** Drops what an ended turn said and did, and keeps that it was: its `request_id` never starts another. */
  dropContent(requestId: string, dueAt: number): void {
    this.#storage.run("DELETE FROM journal WHERE request_id = ?", requestId);
    this.#storage.run("DELETE FROM approvals WHERE request_id = ?", requestId);
    this.#storage.run("UPDATE turns SET body = NULL, due_at = ? WHERE request_id = ?", dueAt, requestId);
  }

  hasContent(requestId: string): boolean {
    return (
      this.#storage.row("SELECT 1 FROM turns WHERE request_id = ? AND body IS NOT NULL", requestId) !==
      undefined
    );
  }

  forget(requestId: string): void {
    this.#storage.run("DELETE FROM turns WHERE request_id = ?", requestId);
  }
}

function readTurn(row: TurnColumns): TurnRow {
  return {
    requestId: row.request_id,
    state: JSON.parse(row.state) as TurnState,
    resets: JSON.parse(row.resets) as ResetPoint[],
    origin: JSON.parse(row.origin) as Origin | null,
    binding: JSON.parse(row.binding) as Binding,
    createdAt: row.created_at,
  };
}
