import {
  CLOSE,
  type ClientFrame,
  type DeviceHello,
  type HubFrame,
  PING_TEXT,
  PONG_TEXT,
  SUBPROTOCOL,
  type Welcome,
} from "../src/features/hub/protocol.ts";
import { afterClose, BACKOFF_TIMES, type BackoffTimes, type StopReason } from "./backoff.ts";
import { type BadFrame, frameText, parseHubFrame } from "./frames.ts";
import { type Credential, type CredentialSource, SignedOut } from "./session.ts";
import type { Socket, SocketFactory } from "./socket.ts";

export interface ConnectionTimes extends BackoffTimes {
  /** From opening the socket to the welcome. */
  welcomeMs: number;
  /** Overrides the hub's `heartbeat_s`. */
  pingMs: number | null;
  pongMs: number;
  /** A connection that lived this long begins the back-off anew. */
  lastingMs: number;
  /** The token of a live socket is renewed this long before it expires. */
  renewBeforeMs: number;
}

export const CONNECTION_TIMES: ConnectionTimes = {
  ...BACKOFF_TIMES,
  welcomeMs: 15_000,
  pingMs: null,
  pongMs: 10_000,
  lastingMs: 5000,
  renewBeforeMs: 45_000,
};

export type ConnectionState =
  | { state: "connecting" }
  | { state: "online"; welcome: Welcome }
  | { state: "waiting"; code: number; retryInMs: number }
  | { state: "stopped"; reason: StopReason | "signed_out" | "closed" };

export interface ConnectionOptions {
  /** The socket's address, without credentials. */
  endpoint: string;
  credentials: CredentialSource;
  hello: () => DeviceHello;
  openSocket: SocketFactory;
  times: ConnectionTimes;
  random: () => number;
  now: () => number;
  onState(state: ConnectionState): void;
  onFrame(frame: HubFrame): void;
  onBadFrame(bad: BadFrame): void;
  /** A passing failure that nobody else reports, such as a refresh that did not get through. */
  onTrouble(cause: unknown): void;
}

const TIMEOUT_MAX_MS = 2 ** 31 - 1;
const RENEWAL_RETRY_MS = 10_000;

/**
 * Keeps one socket to the hub: hello and welcome, heartbeat, fresh tokens, and reconnecting until the hub or the person
 * says stop. A socket it has given up on is not listened to any more.
 */
export class Connection {
  readonly #options: ConnectionOptions;
  #socket: Socket | null = null;
  #welcome: Welcome | null = null;
  #onlineSince = 0;
  #attempts = 0;
  #opened = false;
  #renewed = false;
  #stopped = true;
  /** Tells the present attempt from those given up. */
  #attempt = 0;
  #timers = new Map<string, ReturnType<typeof setTimeout>>();

  constructor(options: ConnectionOptions) {
    this.#options = options;
  }

  /** Null while there is no welcomed socket. */
  get welcome(): Welcome | null {
    return this.#welcome;
  }

  start(): void {
    if (!this.#stopped) return;
    this.#stopped = false;
    this.#attempts = 0;
    this.#renewed = false;
    void this.#open(false);
  }

  stop(): void {
    this.#halt("closed");
  }

  /** False when there is no welcomed socket; `too_large` when the frame would close it. */
  send(frame: ClientFrame): boolean | "too_large" {
    if (this.#socket === null || this.#welcome === null) return false;
    const text = frameText(frame, this.#welcome.limits.max_frame_bytes);
    if (text === null) return "too_large";
    this.#socket.send(text);
    return true;
  }

  async #open(renew: boolean): Promise<void> {
    const attempt = ++this.#attempt;
    this.#attempts++;
    this.#opened = false;
    this.#options.onState({ state: "connecting" });
    try {
      const credential = await this.#options.credentials.credential({ rejected: renew });
      if (attempt !== this.#attempt) return;
      this.#socket = this.#connect(attempt, credential);
    } catch (cause) {
      if (attempt !== this.#attempt) return;
      if (cause instanceof SignedOut) return this.#halt("signed_out");
      this.#options.onTrouble(cause);
      this.#ended(1006, renew);
    }
  }

  #connect(attempt: number, credential: Credential): Socket {
    const { endpoint, openSocket, times } = this.#options;
    const present = () => attempt === this.#attempt;
    const url =
      "ticket" in credential ? `${endpoint}?ticket=${encodeURIComponent(credential.ticket)}` : endpoint;
    const protocols = "ticket" in credential ? [SUBPROTOCOL] : [SUBPROTOCOL, `bearer.${credential.token}`];
    this.#after("welcome", times.welcomeMs, () => this.#drop(CLOSE.silent, "no welcome"));
    if ("token" in credential) this.#planRenewal(credential);
    return openSocket(url, protocols, {
      opened: () => present() && this.#greet(),
      received: (text) => present() && this.#receive(text),
      closed: (code) => present() && this.#ended(code, false),
    });
  }

  #greet(): void {
    this.#opened = true;
    this.#socket?.send(JSON.stringify(this.#options.hello()));
  }

  #receive(text: string): void {
    const parsed = parseHubFrame(text);
    if (!parsed.ok) {
      this.#options.onBadFrame(parsed.bad);
      return;
    }
    const { frame } = parsed;
    if (frame.type === "pong") this.#cancel("pong");
    if (frame.type === "ping") this.#socket?.send(PONG_TEXT);
    if (frame.type === "welcome") this.#begin(frame);
    this.#options.onFrame(frame);
  }

  #begin(welcome: Welcome): void {
    this.#cancel("welcome");
    this.#welcome = welcome;
    this.#onlineSince = this.#options.now();
    this.#renewed = false;
    this.#options.onState({ state: "online", welcome });
    this.#planPing();
  }

  #planPing(): void {
    const { times } = this.#options;
    const everyMs = times.pingMs ?? (this.#welcome?.heartbeat_s ?? 30) * 1000;
    this.#after("ping", everyMs, () => {
      this.#socket?.send(PING_TEXT);
      this.#after("pong", times.pongMs, () => this.#drop(CLOSE.silent, "no pong"));
      this.#planPing();
    });
  }

  #planRenewal({ expiresAtMs }: { expiresAtMs?: number }): void {
    if (expiresAtMs === undefined) return;
    const leftMs = expiresAtMs - this.#options.now() - this.#options.times.renewBeforeMs;
    this.#after("renewal", Math.max(leftMs, 1000), () => void this.#renew(this.#attempt, expiresAtMs));
  }

  async #renew(attempt: number, expiresAtMs: number): Promise<void> {
    try {
      const credential = await this.#options.credentials.credential({ rejected: false });
      if (attempt !== this.#attempt || !("token" in credential)) return;
      // A source that has nothing newer is not asked again: the hub will close the socket in time.
      if (credential.expiresAtMs !== undefined && credential.expiresAtMs <= expiresAtMs) return;
      this.send({ type: "auth_refresh", token: credential.token });
      this.#planRenewal(credential);
    } catch (cause) {
      if (attempt !== this.#attempt) return;
      this.#options.onTrouble(cause);
      if (cause instanceof SignedOut) return;
      this.#after("renewal", RENEWAL_RETRY_MS, () => void this.#renew(attempt, expiresAtMs));
    }
  }

  /** Ends a socket that has gone quiet; its own close event may take minutes. */
  #drop(code: number, reason: string): void {
    const socket = this.#socket;
    this.#attempt++;
    this.#ended(code, false);
    socket?.close(code, reason);
  }

  #ended(code: number, renewWasDue: boolean): void {
    const { times, random, now, onState } = this.#options;
    if (this.#welcome !== null && now() - this.#onlineSince >= times.lastingMs) this.#attempts = 1;
    this.#forgetSocket();
    const ending = { code, attempts: this.#attempts, opened: this.#opened, renewed: this.#renewed };
    const step = afterClose(ending, random(), times);
    if (step.do === "stop") {
      this.#halt(step.reason);
      return;
    }
    const renew = step.renew || renewWasDue;
    if (renew) this.#renewed = true;
    onState({ state: "waiting", code, retryInMs: step.afterMs });
    this.#after("retry", step.afterMs, () => void this.#open(renew));
  }

  #halt(reason: StopReason | "signed_out" | "closed"): void {
    if (this.#stopped) return;
    this.#stopped = true;
    this.#attempt++;
    const socket = this.#socket;
    this.#forgetSocket();
    socket?.close(1000, reason);
    this.#options.onState({ state: "stopped", reason });
  }

  #forgetSocket(): void {
    this.#socket = null;
    this.#welcome = null;
    for (const name of [...this.#timers.keys()]) this.#cancel(name);
  }

  #after(name: string, ms: number, run: () => void): void {
    this.#cancel(name);
    this.#timers.set(name, setTimeout(run, Math.min(ms, TIMEOUT_MAX_MS)));
  }

  #cancel(name: string): void {
    clearTimeout(this.#timers.get(name));
    this.#timers.delete(name);
  }
}
