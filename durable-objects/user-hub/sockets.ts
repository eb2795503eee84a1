/**
 * The user's sockets. Hibernation keeps them open while the hub is not in memory, so who a socket belongs to is in its
 * attachment (ids and flags only), never in a field alone.
 */
import { READER_BEAT_MS } from "../../src/features/hub/client.ts";
import { CLOSE, type HubFrame, PING_TEXT, PONG_TEXT } from "../../src/features/hub/protocol.ts";
import type { Clock } from "../../src/lib/time.ts";

export interface Attachment {
  sessionId: string;
  /** Unix ms at which the session ends. */
  expiresAt: number;
  openedAt: number;
  /** Null until the hello. */
  device: AttachedDevice | null;
  /** Turns of others that this socket resumed and follows. */
  follows: string[];
  /** It is the edge's, which waits for events, and says nothing. */
  isReader?: true;
}

export interface GreetedSocket {
  socket: WebSocket;
  attachment: Attachment;
  device: AttachedDevice;
}

export interface AttachedDevice {
  deviceId: string;
  storeId: string | null;
  epoch: number;
  tools: boolean;
  blocks: boolean;
  autoApprove: boolean;
}

/** Connections of one user at the same time; beyond it the oldest silent ones are not worth keeping. */
export const SOCKETS_MAX = 20;
const FOLLOWS_MAX = 8;
const NORMAL = 1000;
/** Of a close without a code, and of a connection that just ended: no frame may hold them (RFC 6455, 7.4.1). */
const UNSENDABLE_CODES: ReadonlySet<number> = new Set([1005, 1006, 1015]);
/** A socket that said nothing for this long is asked before it is relied on. */
const SILENT_AFTER_MS = 45_000;
/** Three of the edge's heartbeats. */
const READER_SILENT_AFTER_MS = 3 * READER_BEAT_MS;

export interface SocketLimits {
  pongTimeoutMs: number;
  helloTimeoutMs: number;
}

export class Sockets {
  readonly #ctx: DurableObjectState;
  readonly #clock: Clock;
  readonly #limits: SocketLimits;
  /** What `serializeAttachment` holds, read back once a wake-up. */
  readonly #attachments = new WeakMap<WebSocket, Attachment>();
  /** Those that said hello, until something changes. */
  #greeted: GreetedSocket[] | undefined;
  readonly #heard = new WeakMap<WebSocket, number>();
  readonly #awaitingPong = new WeakMap<WebSocket, ReturnType<typeof setTimeout>>();
  readonly #awaitingHello = new WeakMap<WebSocket, ReturnType<typeof setTimeout>>();

  constructor(ctx: DurableObjectState, clock: Clock, limits: SocketLimits) {
    this.#ctx = ctx;
    this.#clock = clock;
    this.#limits = limits;
    ctx.setWebSocketAutoResponse(new WebSocketRequestResponsePair(PING_TEXT, PONG_TEXT));
  }

  accept(socket: WebSocket, session: { sessionId: string; expiresAt: number }): void {
    this.#ctx.acceptWebSocket(socket);
    this.attach(socket, { ...session, openedAt: this.#clock.now(), device: null, follows: [] });
    const timer = setTimeout(() => this.#closeWithoutHello(socket), this.#limits.helloTimeoutMs);
    this.#awaitingHello.set(socket, timer);
  }

  /** Of the edge, where it waits for events: nothing is expected from it. */
  acceptReader(socket: WebSocket, session: { sessionId: string; expiresAt: number }): void {
    this.#ctx.acceptWebSocket(socket);
    const openedAt = this.#clock.now();
    this.attach(socket, { ...session, openedAt, device: null, follows: [], isReader: true });
  }

  /** Connections of devices, those included that have not said hello. */
  get count(): number {
    return this.all().filter((socket) => !this.isReader(socket)).length;
  }

  readers(): WebSocket[] {
    return this.all().filter((socket) => this.isReader(socket) && socket.readyState === WebSocket.OPEN);
  }

  /** Those of an edge that is gone without a word keep no place. */
  closeSilentReaders(): void {
    const silentSince = this.#clock.now() - READER_SILENT_AFTER_MS;
    for (const socket of this.readers()) {
      const heardAt = Math.max(this.attachment(socket).openedAt, this.#beatOf(socket));
      if (heardAt < silentSince) this.close(socket, CLOSE.silent, "no heartbeat");
    }
  }

  isReader(socket: WebSocket): boolean {
    return this.attachment(socket).isReader === true;
  }

  attach(socket: WebSocket, attachment: Attachment): void {
    socket.serializeAttachment(attachment);
    this.#attachments.set(socket, attachment);
    this.#greeted = undefined;
    // A timer left running would keep the hub in memory.
    if (attachment.device) clearTimeout(this.#awaitingHello.get(socket));
  }

  attachment(socket: WebSocket): Attachment {
    let attachment = this.#attachments.get(socket);
    if (!attachment) {
      attachment = socket.deserializeAttachment() as Attachment;
      this.#attachments.set(socket, attachment);
    }
    return attachment;
  }

  /** Sockets that said hello and are still open, with their attachments. */
  greeted(): readonly GreetedSocket[] {
    this.#greeted ??= this.#findGreeted();
    return this.#greeted;
  }

  /** A socket opened or closed: who is there must be looked up again. */
  changed(): void {
    this.#greeted = undefined;
  }

  /** Readers' included. */
  all(): WebSocket[] {
    return this.#ctx.getWebSockets();
  }

  ofDevice(deviceId: string): { socket: WebSocket; device: AttachedDevice } | undefined {
    return this.greeted().find(({ device }) => device.deviceId === deviceId);
  }

  /** Notes that the socket said something: it need not be asked whether it is alive. */
  heard(socket: WebSocket): void {
    this.#heard.set(socket, this.#clock.now());
    const timer = this.#awaitingPong.get(socket);
    if (timer === undefined) return;
    clearTimeout(timer);
    this.#awaitingPong.delete(socket);
  }

  /** False when the socket is closed or its session has run out; the latter closes it. */
  send(socket: WebSocket, frame: HubFrame): boolean {
    return this.sendText(socket, JSON.stringify(frame));
  }

  sendText(socket: WebSocket, text: string): boolean {
    if (socket.readyState !== WebSocket.OPEN) return false;
    if (this.isExpired(socket)) {
      this.close(socket, CLOSE.sessionEnded, "the session has ended");
      return false;
    }
    try {
      socket.send(text);
      return true;
    } catch {
      // The peer went away between two events; its close event follows.
      return false;
    }
  }

  /** Before the hub relies on a long silent socket it asks for a sign of life, and closes it when none comes. */
  ensureAlive(socket: WebSocket): void {
    const silentSince = this.#clock.now() - SILENT_AFTER_MS;
    if ((this.#heard.get(socket) ?? this.attachment(socket).openedAt) >= silentSince) return;
    if (this.#awaitingPong.has(socket)) return;
    if (this.#beatOf(socket) >= silentSince) return;
    this.sendText(socket, PING_TEXT);
    this.#awaitingPong.set(
      socket,
      setTimeout(() => this.close(socket, CLOSE.silent, "no heartbeat"), this.#limits.pongTimeoutMs),
    );
  }

  isExpired(socket: WebSocket): boolean {
    return this.attachment(socket).expiresAt <= this.#clock.now();
  }

  follow(socket: WebSocket, requestId: string): void {
    const attachment = this.attachment(socket);
    if (attachment.follows.includes(requestId)) return;
    this.attach(socket, { ...attachment, follows: [...attachment.follows, requestId].slice(-FOLLOWS_MAX) });
  }

  close(socket: WebSocket, code: number, reason: string): void {
    this.changed();
    try {
      socket.close(code, reason);
    } catch {
      // Already closing.
    }
  }

  /** Completes the closing handshake, without which the client waits until the hub goes to sleep. */
  answerClose(socket: WebSocket, code: number): void {
    this.close(socket, UNSENDABLE_CODES.has(code) ? NORMAL : code, "");
  }

  /** Mends what an eviction interrupted: sockets that never said hello. */
  closeForgotten(): void {
    for (const socket of this.#ctx.getWebSockets()) {
      if (this.isReader(socket)) continue;
      if (this.attachment(socket).openedAt + this.#limits.helloTimeoutMs < this.#clock.now()) {
        this.#closeWithoutHello(socket);
      }
    }
  }

  /** When the runtime last answered its heartbeat; 0 when it never did. */
  #beatOf(socket: WebSocket): number {
    return this.#ctx.getWebSocketAutoResponseTimestamp(socket)?.getTime() ?? 0;
  }

  #findGreeted(): GreetedSocket[] {
    const found: GreetedSocket[] = [];
    for (const socket of this.#ctx.getWebSockets()) {
      if (socket.readyState !== WebSocket.OPEN) continue;
      const attachment = this.attachment(socket);
      if (attachment.device) found.push({ socket, attachment, device: attachment.device });
    }
    return found;
  }

  #closeWithoutHello(socket: WebSocket): void {
    if (socket.readyState === WebSocket.OPEN && !this.attachment(socket).device) {
      this.close(socket, CLOSE.silent, "no device_hello");
    }
  }
}
