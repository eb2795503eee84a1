/**
 * One PGlite behind a first-come lock. PGlite is a single backend, so whoever holds a lease has the whole database until
 * its unit of work ends; sessions behave as behind a transaction pooler (Neon's pooled address): settings, prepared
 * statements and temporary tables do not outlive a unit of work.
 */
import type { PGlite } from "@electric-sql/pglite";
import {
  decodeReply,
  extendedQuery,
  lastStatus,
  message,
  type Reply,
  simpleQuery,
  type TransactionStatus,
} from "./protocol.ts";

export class Engine {
  readonly #database: PGlite;
  #tail: Promise<void> = Promise.resolve();
  #waiting = 0;
  #lastOwner: object | undefined;

  constructor(database: PGlite) {
    this.#database = database;
  }

  /** Leases asked for and not yet granted. */
  get waiting(): number {
    return this.#waiting;
  }

  /**
   * Waits its turn, then becomes `user` (the URL's user is the session's authorization, so row-level security is real).
   * `owner` stands for the session: the same one in a row skips the reset. Throws `EngineError` for an unknown user.
   */
  async lease(owner: object, user: string): Promise<Lease> {
    const turn = this.#tail;
    let free = (): void => {};
    this.#tail = new Promise((resolve) => {
      free = resolve;
    });
    this.#waiting++;
    await turn;
    this.#waiting--;
    const lease = new Lease((bytes) => this.#execute(bytes), free);
    try {
      if (this.#lastOwner !== owner) await becomeUser(lease, user);
      this.#lastOwner = owner;
      return lease;
    } catch (error) {
      this.#lastOwner = undefined;
      free();
      throw error;
    }
  }

  async #execute(bytes: Uint8Array): Promise<Buffer> {
    const chunks: Buffer[] = [];
    await this.#database.execProtocolRawStream(bytes, {
      // A copy: PGlite reuses the memory behind the chunk.
      onRawData: (chunk) => chunks.push(Buffer.from(chunk)),
    });
    return Buffer.concat(chunks);
  }
}

/** An error the engine answered, with its fields as PostgreSQL names them. */
export class EngineError extends Error {
  readonly fields: NonNullable<Reply["error"]>;

  constructor(fields: NonNullable<Reply["error"]>) {
    super(fields.message);
    this.fields = fields;
  }
}

/** The right to use the engine until `release`. */
export class Lease {
  readonly #execute: (bytes: Uint8Array) => Promise<Buffer>;
  readonly #free: () => void;
  #status: TransactionStatus | "pending" = "idle";
  #released = false;

  constructor(execute: (bytes: Uint8Array) => Promise<Buffer>, free: () => void) {
    this.#execute = execute;
    this.#free = free;
  }

  /** `pending` between the first message of an extended query and its Sync. */
  get status(): TransactionStatus | "pending" {
    return this.#status;
  }

  /** Sends frontend messages as they are and gives back what the engine wrote. */
  async raw(bytes: Uint8Array): Promise<Buffer> {
    const answer = await this.#execute(bytes);
    this.#status = lastStatus(answer) ?? "pending";
    return answer;
  }

  /** Runs one statement; an error of the engine throws. */
  async query(sql: string, parameters: readonly (string | null)[] = []): Promise<Reply> {
    const reply = decodeReply(await this.raw(extendedQuery(sql, parameters)));
    if (reply.error) throw new EngineError(reply.error);
    return reply;
  }

  /** Ends whatever transaction is open and lets the next one in. Safe to repeat. */
  async release(): Promise<void> {
    if (this.#released) return;
    this.#released = true;
    try {
      if (this.#status === "pending") await this.raw(message("S"));
      if (this.#status !== "idle") await this.raw(simpleQuery("ROLLBACK"));
    } finally {
      this.#free();
    }
  }
}

async function becomeUser(lease: Lease, user: string): Promise<void> {
  // DISCARD ALL also returns to the superuser that the engine runs as.
  await lease.query("DISCARD ALL");
  await lease.query(`SET SESSION AUTHORIZATION "${user.replaceAll('"', '""')}"`);
}
