/** The edge's end of a reader's socket. The hub sleeps at the other one until something happens. */
import { AppError } from "../../lib/errors.ts";
import type { Ctx } from "../../platform/context.ts";
import { allow } from "../auth/policy.ts";
import { admission, introductionOf } from "./admission.ts";
import { ADMISSION_HEADER, EVENTS_PATH, hubOf, READER_BEAT_MS } from "./client.ts";
import { CLOSE, PING_TEXT, PONG_TEXT } from "./protocol.ts";
import { EventMessage } from "./schema.ts";

const NORMAL = 1000;
/** More than the hub's log holds. A reader who takes them so much slower than they come is told from the log again. */
const WAITING_MAX = 1_200;
const FULL_RETRY_S = 30;

export class EventLine {
  readonly #socket: WebSocket;
  readonly #beat: ReturnType<typeof setInterval>;
  readonly #waiting: EventMessage[] = [];
  #isClosed = false;
  #hasEnded = false;
  #wake: () => void = () => {};

  private constructor(socket: WebSocket) {
    this.#socket = socket;
    socket.addEventListener("message", ({ data }) => this.#take(data));
    socket.addEventListener("close", ({ code }) => this.#end(code === CLOSE.sessionEnded));
    socket.addEventListener("error", () => this.#end(false));
    socket.accept();
    this.#beat = setInterval(() => {
      if (socket.readyState === WebSocket.OPEN) socket.send(PING_TEXT);
    }, READER_BEAT_MS);
  }

  /** One round trip to the database. Throws `session_revoked`, `rate_limited` when this person has too many readers. */
  static async open(ctx: Ctx, after: string | undefined): Promise<EventLine> {
    const admitted = await admission(ctx, allow("events", "read"));
    const address = `https://hub${EVENTS_PATH}${after === undefined ? "" : `?after=${after}`}`;
    const headers = { upgrade: "websocket", [ADMISSION_HEADER]: introductionOf(admitted) };
    const response = await hubOf(ctx.ports, admitted.admission).fetch(address, { headers });
    if (response.webSocket) return new EventLine(response.webSocket);
    if (response.status === 401) throw new AppError("session_revoked");
    throw new AppError("rate_limited", {
      detail: "Too many readers of events are waiting already.",
      retryAfterS: FULL_RETRY_S,
    });
  }

  /** Undefined when nothing came within `ms`; null when the line has ended. */
  async next(ms: number): Promise<EventMessage | null | undefined> {
    if (this.#waiting.length === 0 && !this.#isClosed && ms > 0) await this.#untilSomething(ms);
    return this.#waiting.shift() ?? (this.#isClosed ? null : undefined);
  }

  /** The person's session has ended: there is no use in another line. */
  get hasSessionEnded(): boolean {
    return this.#hasEnded;
  }

  close(): void {
    this.#end(false);
    try {
      this.#socket.close(NORMAL, "");
    } catch {
      // The hub was faster.
    }
  }

  async #untilSomething(ms: number): Promise<void> {
    const woken = Promise.withResolvers<void>();
    this.#wake = woken.resolve;
    const timer = setTimeout(woken.resolve, ms);
    await woken.promise;
    clearTimeout(timer);
  }

  #take(data: unknown): void {
    if (this.#isClosed || data === PONG_TEXT) return;
    this.#waiting.push(EventMessage.parse(JSON.parse(String(data))));
    if (this.#waiting.length > WAITING_MAX) this.close();
    this.#wake();
  }

  #end(hasSessionEnded: boolean): void {
    clearInterval(this.#beat);
    this.#isClosed = true;
    this.#hasEnded ||= hasSessionEnded;
    this.#wake();
  }
}
