/** One client connection: PostgreSQL's wire protocol over a WebSocket, as Neon's proxy offers it at `/v2`. */
import type { WebSocket } from "ws";
import { type Engine, EngineError, type Lease } from "./engine.ts";
import {
  errorResponse,
  int32,
  MessageSplitter,
  message,
  PASSWORD,
  startupParameters,
  TERMINATE,
  type WireMessage,
  zeroTerminated,
} from "./protocol.ts";

const SERVER_PARAMETERS = {
  server_version: "18.0",
  server_encoding: "UTF8",
  client_encoding: "UTF8",
  DateStyle: "ISO, MDY",
  TimeZone: "UTC",
  integer_datetimes: "on",
  standard_conforming_strings: "on",
};

export interface SocketOptions {
  /** How long a transaction may wait for its client's next message before it is rolled back. */
  idleTransactionMs: number;
}

/** Serves `socket` until it closes; a transaction left open is rolled back then. */
export function serveSocket(engine: Engine, socket: WebSocket, options: SocketOptions): void {
  const session = new Session(engine, socket, options);
  socket.binaryType = "nodebuffer";
  socket.on("message", (chunk: Buffer) => session.receive(chunk));
  socket.on("close", () => session.end());
  socket.on("error", () => session.end());
}

class Session {
  readonly #engine: Engine;
  readonly #socket: WebSocket;
  readonly #options: SocketOptions;
  readonly #splitter = new MessageSplitter();
  #user = "";
  #lease: Lease | undefined;
  #work: Promise<void> = Promise.resolve();
  #idleTimer: NodeJS.Timeout | undefined;
  #ended = false;

  constructor(engine: Engine, socket: WebSocket, options: SocketOptions) {
    this.#engine = engine;
    this.#socket = socket;
    this.#options = options;
  }

  /** Chunks are worked off one after the other. */
  receive(chunk: Buffer): void {
    clearTimeout(this.#idleTimer);
    this.#enqueue(() => this.#answer(this.#splitter.push(chunk)));
  }

  end(): void {
    if (this.#ended) return;
    this.#ended = true;
    clearTimeout(this.#idleTimer);
    this.#enqueue(() => this.#release());
  }

  #enqueue(step: () => Promise<void>): void {
    this.#work = this.#work.then(step).catch((error: unknown) => this.#fail(error));
  }

  async #answer(messages: WireMessage[]): Promise<void> {
    const forEngine: Uint8Array[] = [];
    for (const { type, bytes } of messages) {
      if (this.#ended) return;
      if (type === "startup") this.#greet(bytes);
      else if (type === TERMINATE) this.#socket.close();
      else if (type === PASSWORD) this.#sendReady();
      else forEngine.push(bytes);
    }
    if (forEngine.length > 0) await this.#execute(Buffer.concat(forEngine));
  }

  /** Whether the user exists shows at the first query: asking now would wait for the transactions of others. */
  #greet(packet: Uint8Array): void {
    this.#user = startupParameters(packet).get("user") ?? "";
    // AuthenticationCleartextPassword. Any password is accepted: the server is for this machine alone.
    this.#send(message("R", int32(3)));
  }

  #sendReady(): void {
    const parameters = Object.entries(SERVER_PARAMETERS).map(([name, value]) =>
      message("S", zeroTerminated(name), zeroTerminated(value)),
    );
    const backendKey = message("K", int32(process.pid), int32(0));
    this.#send(
      Buffer.concat([message("R", int32(0)), ...parameters, backendKey, message("Z", Buffer.from("I"))]),
    );
  }

  async #execute(bytes: Uint8Array): Promise<void> {
    this.#lease ??= await this.#engine.lease(this, this.#user);
    if (this.#ended) return this.#release();
    const answer = await this.#lease.raw(bytes);
    if (this.#lease.status === "idle") await this.#release();
    else this.#startIdleTimer();
    if (answer.length > 0) this.#send(answer);
  }

  #startIdleTimer(): void {
    this.#idleTimer = setTimeout(() => {
      this.#enqueue(async () => {
        if (!this.#lease) return;
        const others = this.#engine.waiting;
        await this.#release();
        this.#close(
          "25P03",
          `A transaction waited ${this.#options.idleTransactionMs} ms for its client while ${others} others waited for it. ` +
            "A query outside a transaction, awaited inside it, waits for itself here: the local database is one connection.",
        );
      });
    }, this.#options.idleTransactionMs);
  }

  async #release(): Promise<void> {
    const lease = this.#lease;
    this.#lease = undefined;
    await lease?.release();
  }

  async #fail(error: unknown): Promise<void> {
    await this.#release().catch(() => {});
    if (error instanceof EngineError) this.#close(error.fields.code, error.fields.message);
    else this.#close("XX000", error instanceof Error ? error.message : "The local database failed.");
  }

  #close(code: string, text: string): void {
    this.#send(errorResponse(code, text));
    this.#socket.close();
  }

  #send(bytes: Uint8Array): void {
    if (this.#socket.readyState === this.#socket.OPEN) this.#socket.send(bytes);
  }
}
