/** A hub that does only what a test tells it to, over a real WebSocket; for trying devices against the protocol. */
import { once } from "node:events";
import { createServer, type IncomingMessage, type Server, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import { type WebSocket, WebSocketServer } from "ws";
import type { ToolCall } from "../../src/features/hub/protocol.ts";
import { newId } from "../../src/lib/ids.ts";

export type Frame = Record<string, unknown> & { type: string };

/** A `tool_call` but for what the hub adds. */
export type Call = Pick<ToolCall, "action"> &
  Partial<Pick<ToolCall, "table" | "data" | "filters" | "vector" | "limit">>;

export const EMBEDDER = { id: "letters-1", dimensions: 26 };
export const MAX_FRAME_BYTES = 1024 * 1024;

/** One socket of a device, after its hello. */
export class DeviceSide {
  readonly hello: Frame;
  readonly epoch: number;
  readonly protocol: string;
  readonly #socket: WebSocket;
  readonly #frames: Frame[] = [];
  /** Every text that came, byte for byte. */
  readonly texts: string[] = [];
  #wake = Promise.withResolvers<void>();
  #closed = false;

  constructor(socket: WebSocket, hello: Frame, epoch: number) {
    this.#socket = socket;
    this.hello = hello;
    this.epoch = epoch;
    this.protocol = socket.protocol;
    socket.on("message", (data) => {
      const text = String(data);
      this.texts.push(text);
      this.#frames.push(JSON.parse(text));
      this.#stir();
    });
    socket.on("close", () => {
      this.#closed = true;
      this.#stir();
    });
  }

  send(frame: object): void {
    this.#socket.send(JSON.stringify(frame));
  }

  sendText(text: string): void {
    this.#socket.send(text);
  }

  /** The next frame that fits, whatever came before it. Throws when the socket ends first. */
  async next(fits: (frame: Frame) => boolean): Promise<Frame> {
    for (;;) {
      const found = this.#frames.find(fits);
      if (found !== undefined) {
        this.#frames.splice(this.#frames.indexOf(found), 1);
        return found;
      }
      if (this.#closed) throw new Error("the device's socket ended");
      await this.#wake.promise;
    }
  }

  result(id: string): Promise<Frame> {
    return this.next((frame) => frame.type === "tool_result" && frame["id"] === id);
  }

  sendCall(call: Call, id: string = newId(), epoch: number = this.epoch): string {
    this.send({ type: "tool_call", id, epoch, deadline_ms: 30_000, ...call });
    return id;
  }

  call(call: Call, id: string = newId()): Promise<Frame> {
    this.sendCall(call, id);
    return this.result(id);
  }

  /** The ids of all results that have come once the device has answered one more call: it answers in order. */
  async resultsSoFar(): Promise<unknown[]> {
    const marker = newId();
    await this.call({ action: "get", table: "tasks", data: { id: "none" } }, marker);
    return this.texts
      .map((text): Frame => JSON.parse(text))
      .filter((frame) => frame.type === "tool_result" && frame["id"] !== marker)
      .map((frame) => frame["id"]);
  }

  /** Ends the socket without a word, as a deploy does. */
  cut(): void {
    this.#socket.terminate();
  }

  async ended(): Promise<void> {
    while (!this.#closed) await this.#wake.promise;
  }

  #stir(): void {
    this.#wake.resolve();
    this.#wake = Promise.withResolvers<void>();
  }
}

export class ScriptedHub {
  readonly url: string;
  readonly #server: Server;
  readonly #sockets: WebSocketServer;
  readonly #arrivals: DeviceSide[] = [];
  #wake = Promise.withResolvers<void>();
  #epoch = 0;
  /** Goes into every welcome from now on. */
  welcome: Record<string, unknown> = {};

  private constructor(server: Server) {
    this.#server = server;
    const { port } = server.address() as AddressInfo;
    this.url = `http://127.0.0.1:${port}`;
    this.#sockets = new WebSocketServer({ server, maxPayload: 16 * MAX_FRAME_BYTES });
    this.#sockets.on("connection", (socket) => this.#greet(socket));
  }

  static async start(): Promise<ScriptedHub> {
    const server = createServer((request, response) => void serveHttp(request, response));
    server.listen(0, "127.0.0.1");
    await once(server, "listening");
    return new ScriptedHub(server);
  }

  /** The next device that has said hello, and been welcomed. */
  async device(): Promise<DeviceSide> {
    for (;;) {
      const device = this.#arrivals.shift();
      if (device !== undefined) return device;
      await this.#wake.promise;
    }
  }

  async stop(): Promise<void> {
    for (const socket of this.#sockets.clients) socket.terminate();
    this.#sockets.close();
    this.#server.closeAllConnections();
    this.#server.close();
    await once(this.#server, "close");
  }

  #greet(socket: WebSocket): void {
    socket.once("message", (data) => {
      const hello: Frame = JSON.parse(String(data));
      const device = new DeviceSide(socket, hello, ++this.#epoch);
      device.send({
        type: "welcome",
        device_id: hello["device_id"],
        session_id: "session",
        user_id: "user",
        tenant_id: "tenant",
        epoch: this.#epoch,
        protocol: 3,
        server_time: Date.now(),
        heartbeat_s: 30,
        resumed: this.#epoch > 1,
        embedder: EMBEDDER,
        limits: { max_frame_bytes: MAX_FRAME_BYTES, tool_timeout_s: 30, concurrent_turns: 4 },
        ...this.welcome,
      });
      this.#arrivals.push(device);
      this.#wake.resolve();
      this.#wake = Promise.withResolvers<void>();
    });
  }
}

/** How often each letter comes: near enough to a meaning for a test. */
export function letters(text: string): number[] {
  const counts = new Array<number>(EMBEDDER.dimensions).fill(0);
  for (const char of text.toLowerCase()) {
    const letter = char.charCodeAt(0) - 97;
    if (letter >= 0 && letter < counts.length) counts[letter]!++;
  }
  return counts;
}

/** Sign-in and embeddings, as far as a device needs them. */
async function serveHttp(request: IncomingMessage, response: ServerResponse): Promise<void> {
  const chunks: Buffer[] = [];
  for await (const chunk of request) chunks.push(chunk);
  const body = chunks.length === 0 ? {} : JSON.parse(Buffer.concat(chunks).toString());
  const answer = (status: number, value: unknown) => {
    response.writeHead(status, { "content-type": "application/json" }).end(JSON.stringify(value));
  };
  const path = request.url?.replace("/api/v1", "");
  if (path === "/auth/login" || path === "/auth/refresh" || path === "/auth/register") {
    const expires = new Date(Date.now() + 900_000).toISOString();
    return answer(200, { access_token: newId(), refresh_token: newId(), expires_at: expires });
  }
  if (path === "/storage/vectors/embed") {
    return answer(200, { vector: letters(String(body.text)), embedder: EMBEDDER.id });
  }
  answer(404, { code: "not_found", title: "There is no such thing here" });
}
