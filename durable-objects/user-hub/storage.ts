/** The hub's own SQLite: its schema, its one kind of commit, and the identity it belongs to. All text is sealed. */

/**
 * Tables that grow and have bodies keep their rows by number: without it the bodies lie in the tree that every search and
 * insert goes through, which made a turn's writes take 1.7 times as long and a hub half as large again.
 */
const SCHEMA = `
CREATE TABLE IF NOT EXISTS meta (name TEXT PRIMARY KEY, value TEXT NOT NULL) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS keys (name TEXT PRIMARY KEY, body BLOB NOT NULL) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS devices (
  device_id TEXT PRIMARY KEY, store_id TEXT, epoch INTEGER NOT NULL, tools INTEGER NOT NULL,
  first_seen INTEGER NOT NULL, last_seen INTEGER NOT NULL, body BLOB NOT NULL
) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS turns (
  request_id TEXT PRIMARY KEY, phase TEXT NOT NULL, state TEXT NOT NULL, resets TEXT NOT NULL, due_at INTEGER NOT NULL,
  origin TEXT NOT NULL, binding TEXT NOT NULL, created_at INTEGER NOT NULL, status TEXT, body BLOB
);
CREATE INDEX IF NOT EXISTS turns_due ON turns (due_at);
CREATE INDEX IF NOT EXISTS turns_open ON turns (phase) WHERE phase <> 'ended';
CREATE TABLE IF NOT EXISTS journal (
  request_id TEXT NOT NULL, number INTEGER NOT NULL, last_seq INTEGER NOT NULL, body BLOB NOT NULL,
  PRIMARY KEY (request_id, number)
);
CREATE TABLE IF NOT EXISTS approvals (
  approval_id TEXT PRIMARY KEY, request_id TEXT NOT NULL, state TEXT NOT NULL, expires_at INTEGER NOT NULL, body BLOB NOT NULL
) WITHOUT ROWID;
CREATE INDEX IF NOT EXISTS approvals_turn ON approvals (request_id);
CREATE TABLE IF NOT EXISTS revokes (
  call_id TEXT PRIMARY KEY, device_id TEXT NOT NULL, store_id TEXT, created_at INTEGER NOT NULL, body BLOB NOT NULL
) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS exchanges (
  request_id TEXT PRIMARY KEY, chat_id TEXT NOT NULL, created_at INTEGER NOT NULL, saved INTEGER NOT NULL,
  tries INTEGER NOT NULL, due_at INTEGER NOT NULL, body BLOB NOT NULL
);
CREATE INDEX IF NOT EXISTS exchanges_chat ON exchanges (chat_id, created_at);
CREATE INDEX IF NOT EXISTS exchanges_owed ON exchanges (due_at) WHERE saved = 0;
CREATE TABLE IF NOT EXISTS owed_executions (
  request_id TEXT PRIMARY KEY, chat_id TEXT, tries INTEGER NOT NULL, due_at INTEGER NOT NULL
) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS memories (
  id TEXT PRIMARY KEY, tier TEXT NOT NULL, version INTEGER NOT NULL, strength REAL NOT NULL, confidence REAL NOT NULL,
  valid_from INTEGER NOT NULL, valid_to INTEGER, last_used_at INTEGER, dismissed_at INTEGER, created_at INTEGER NOT NULL,
  updated_at INTEGER NOT NULL, body BLOB NOT NULL
);
CREATE INDEX IF NOT EXISTS memories_tier ON memories (tier, created_at);
CREATE TABLE IF NOT EXISTS memory_vectors (slot INTEGER PRIMARY KEY, memory_id TEXT NOT NULL, body BLOB NOT NULL);
CREATE UNIQUE INDEX IF NOT EXISTS memory_vectors_memory ON memory_vectors (memory_id);
CREATE TABLE IF NOT EXISTS memory_signs (block INTEGER PRIMARY KEY, body BLOB NOT NULL);
CREATE TABLE IF NOT EXISTS owed_memories (
  memory_id TEXT PRIMARY KEY, kind TEXT NOT NULL, version INTEGER NOT NULL, tries INTEGER NOT NULL, due_at INTEGER NOT NULL
) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS memory_jobs (
  request_id TEXT PRIMARY KEY, tries INTEGER NOT NULL, due_at INTEGER NOT NULL, body BLOB NOT NULL
) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS memory_questions (
  question_id TEXT PRIMARY KEY, raised_at INTEGER NOT NULL, asked_at INTEGER, body BLOB NOT NULL
) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS events (id INTEGER PRIMARY KEY, at INTEGER NOT NULL, body BLOB NOT NULL);
CREATE TABLE IF NOT EXISTS agents (
  agent_id TEXT NOT NULL, version INTEGER NOT NULL, current INTEGER NOT NULL, body BLOB NOT NULL,
  PRIMARY KEY (agent_id, version)
) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS chats (chat_id TEXT PRIMARY KEY, used_at INTEGER NOT NULL) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS chat_agents (chat_id TEXT PRIMARY KEY, agent_id TEXT NOT NULL) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS tickets (hash TEXT PRIMARY KEY, expires_at INTEGER NOT NULL, principal TEXT NOT NULL) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS ended_sessions (session_id TEXT PRIMARY KEY, forget_at INTEGER NOT NULL) WITHOUT ROWID;
`;

type Bindable = string | number | null | ArrayBuffer | Uint8Array;

export class HubStorage {
  #hasTables = false;
  readonly #storage: DurableObjectStorage;
  #commits = 0;
  #rollbacks = 0;

  /** The tables come with the first write: a hub that was only looked at keeps nothing, as if it had never been. */
  constructor(storage: DurableObjectStorage) {
    this.#storage = storage;
    const known = storage.sql.exec("SELECT 1 FROM sqlite_master WHERE name = 'meta'").toArray();
    if (known.length > 0) this.#prepare();
  }

  /**
   * Writes what `write` writes as one transaction, durable before anything sent afterwards leaves the object
   * (the output gate). Each call is one durability barrier.
   */
  commit<Result>(write: () => Result): Result {
    this.#prepare();
    this.#commits++;
    try {
      return this.#storage.transactionSync(write);
    } catch (cause) {
      this.#rollbacks++;
      throw cause;
    }
  }

  /** Commits of this object that failed: what was read while one was made may never have been. */
  get rollbacks(): number {
    return this.#rollbacks;
  }

  /** Durability barriers since this object was constructed. */
  get commits(): number {
    return this.#commits;
  }

  rows<Row extends Record<string, SqlStorageValue>>(query: string, ...bindings: Bindable[]): Row[] {
    this.#prepare();
    return this.#storage.sql.exec<Row>(query, ...bindings).toArray();
  }

  row<Row extends Record<string, SqlStorageValue>>(query: string, ...bindings: Bindable[]): Row | undefined {
    return this.rows<Row>(query, ...bindings)[0];
  }

  run(query: string, ...bindings: Bindable[]): number {
    this.#prepare();
    return this.#storage.sql.exec(query, ...bindings).rowsWritten;
  }

  find(name: string): string | undefined {
    if (!this.#hasTables) return undefined;
    return this.row<{ value: string }>("SELECT value FROM meta WHERE name = ?", name)?.value;
  }

  put(name: string, value: string): void {
    this.run("INSERT INTO meta VALUES (?, ?) ON CONFLICT DO UPDATE SET value = excluded.value", name, value);
  }

  getAlarm(): Promise<number | null> {
    return this.#storage.getAlarm();
  }

  setAlarm(at: number): Promise<void> {
    return this.#storage.setAlarm(at);
  }

  deleteAlarm(): Promise<void> {
    return this.#storage.deleteAlarm();
  }

  #prepare(): void {
    if (this.#hasTables) return;
    this.#storage.sql.exec(SCHEMA);
    this.#hasTables = true;
  }
}
