/** A client of the device socket for tests inside the runtime: says hello, keeps what it hears, answers what it is told to. */
import { exports } from "cloudflare:workers";
import type { HubFrame, ToolCall, TurnFrame, Welcome } from "../../src/features/hub/protocol.ts";
import { newId } from "../../src/lib/ids.ts";
import type { TestUser } from "./users.ts";

export type FrameOf<Type extends HubFrame["type"]> = Extract<HubFrame, { type: Type }>;

export interface SocketOptions {
  deviceId?: string;
  storeId?: string;
  tools?: boolean;
  blocks?: boolean;
  autoApprove?: boolean;
  timezone?: string;
}

/** Answers a tool call: the fields of a `tool_result`; null stays silent. */
export type Answer = (call: ToolCall) => Record<string, unknown> | null;

const WAIT_MS = 10_000;

export class TestSocket {
  readonly deviceId: string;
  /** Everything heard, in order. */
  readonly frames: HubFrame[] = [];
  /** Set when the hub closed the socket. */
  closed: { code: number; reason: string } | undefined;
  answer: Answer | undefined;
  /** Hears every frame as it comes. */
  listener: ((frame: HubFrame) => void) | undefined;
  readonly #socket: WebSocket;
  readonly #waiting = new Set<() => void>();

  constructor(socket: WebSocket, deviceId: string) {
    this.#socket = socket;
    this.deviceId = deviceId;
    socket.addEventListener("message", (event) => this.#take(String(event.data)));
    socket.addEventListener("close", ({ code, reason }) => {
      this.closed = { code, reason };
      this.#wake();
    });
    socket.accept();
  }

  send(frame: Record<string, unknown> | string): void {
    this.#socket.send(typeof frame === "string" ? frame : JSON.stringify(frame));
  }

  close(): void {
    this.#socket.close(1000, "done");
  }

  all<Type extends HubFrame["type"]>(type: Type): FrameOf<Type>[] {
    return this.frames.filter((frame): frame is FrameOf<Type> => frame.type === type);
  }

  /** Waits for frame number `count` of this type. */
  async frame<Type extends HubFrame["type"]>(type: Type, count = 1): Promise<FrameOf<Type>> {
    await this.until(() => this.all(type).length >= count, `${count} ${type}`);
    return this.all(type)[count - 1]!;
  }

  async until(condition: () => boolean, what: string): Promise<void> {
    const deadline = Date.now() + WAIT_MS;
    while (!condition()) {
      const heard = this.frames.map(({ type }) => type).join(", ");
      if (Date.now() > deadline) throw new Error(`${what} did not come; heard: ${heard}`);
      await new Promise<void>((resolve) => {
        const timer = setTimeout(resolve, 100);
        this.#waiting.add(() => {
          clearTimeout(timer);
          resolve();
        });
      });
    }
  }

  /** Frames of one turn as a client keeps them: a reset drops what came after its point. */
  turn(requestId: string): TurnFrame[] {
    let kept: TurnFrame[] = [];
    for (const frame of this.frames) {
      if (!("request_id" in frame) || frame.request_id !== requestId) continue;
      if (frame.type === "stream_reset") kept = kept.filter(({ seq }) => seq <= frame.after_seq);
      else if ("seq" in frame) kept.push(frame);
    }
    return kept;
  }

  textOf(requestId: string): string {
    return this.turn(requestId)
      .map((frame) => (frame.type === "stream_text" ? frame.chunk : ""))
      .join("");
  }

  /** Starts a home turn and gives its id. */
  ask(message: string, more: Record<string, unknown> = {}): string {
    const requestId = newId();
    this.send({ type: "home_request", request_id: requestId, message, ...more });
    return requestId;
  }

  /** Waits for the end of a turn. */
  async end(requestId: string): Promise<FrameOf<"stream_end">> {
    const ends = () => this.all("stream_end").filter((frame) => frame.request_id === requestId);
    await this.until(() => ends().length > 0, `the end of ${requestId}`);
    return ends()[0]!;
  }

  #take(text: string): void {
    const frame = JSON.parse(text) as HubFrame;
    this.frames.push(frame);
    this.listener?.(frame);
    if (frame.type === "tool_call" && this.answer) {
      const answer = this.answer(frame);
      if (answer) this.send({ type: "tool_result", id: frame.id, epoch: frame.epoch, ...answer });
    }
    this.#wake();
  }

  #wake(): void {
    const waiting = [...this.#waiting];
    this.#waiting.clear();
    for (const resolve of waiting) resolve();
  }
}

export const SOCKET_URL = "http://adjutant.test/api/v1/ws/device";

/** Asks for a socket and gives the response as it is. */
export function upgrade(headers: Record<string, string>, url = SOCKET_URL): Promise<Response> {
  return exports.default.fetch(url, { headers: { upgrade: "websocket", ...headers } });
}

export async function openSocket(user: TestUser, deviceId: string = newId()): Promise<TestSocket> {
  const response = await upgrade({ authorization: `Bearer ${user.accessToken}` });
  if (!response.webSocket) throw new Error(`no socket: ${response.status} ${await response.text()}`);
  return new TestSocket(response.webSocket, deviceId);
}

/** Opens a socket and says hello. */
export async function connect(
  user: TestUser,
  options: SocketOptions = {},
): Promise<TestSocket & { welcome: Welcome }> {
  const socket = await openSocket(user, options.deviceId);
  socket.send(helloFrame(socket.deviceId, options));
  const welcome = await socket.frame("welcome");
  return Object.assign(socket, { welcome });
}

export function helloFrame(deviceId: string, options: SocketOptions = {}): Record<string, unknown> {
  return {
    type: "device_hello",
    device_id: deviceId,
    protocol: 3,
    agent_ids: [],
    store_id: options.storeId ?? "store-1",
    capabilities: {
      tools: options.tools ?? true,
      blocks: options.blocks ?? false,
      auto_approve: options.autoApprove ?? false,
    },
    app: { name: "test", version: "1", timezone: options.timezone ?? "Europe/Berlin", locale: "en" },
  };
}
