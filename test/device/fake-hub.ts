/** The hub's end of the sockets that a client opens, moved by hand. */
import type { SocketFactory, SocketListeners } from "../../device/socket.ts";

export const WELCOME = {
  type: "welcome",
  device_id: "device-1",
  session_id: "session-1",
  user_id: "user-1",
  tenant_id: "tenant-1",
  epoch: 1,
  protocol: 3,
  server_time: 0,
  heartbeat_s: 30,
  resumed: false,
  embedder: { id: "hash-1", dimensions: 4 },
  limits: { max_frame_bytes: 1024 * 1024, tool_timeout_s: 30, concurrent_turns: 4 },
};

export type Sent = Record<string, unknown> & { type: string };

export class FakeSocket {
  readonly url: string;
  readonly protocols: string[];
  readonly listeners: SocketListeners;
  /** What the client sent, parsed. */
  sent: Sent[] = [];
  closedWith: number | null = null;

  constructor(url: string, protocols: string[], listeners: SocketListeners) {
    this.url = url;
    this.protocols = protocols;
    this.listeners = listeners;
  }

  frame(frame: object): void {
    this.listeners.received(JSON.stringify(frame));
  }

  close(code: number): void {
    this.listeners.closed(code, "");
  }

  ofType(type: string): Sent[] {
    return this.sent.filter((frame) => frame.type === type);
  }
}

export class FakeHub {
  readonly sockets: FakeSocket[] = [];
  #epoch = 0;

  readonly open: SocketFactory = (url, protocols, listeners) => {
    const socket = new FakeSocket(url, protocols, listeners);
    this.sockets.push(socket);
    return {
      send: (text) => void socket.sent.push(JSON.parse(text)),
      close: (code) => {
        socket.closedWith = code;
      },
    };
  };

  get socket(): FakeSocket {
    const last = this.sockets.at(-1);
    if (last === undefined) throw new Error("no socket was opened");
    return last;
  }

  /** Opens the newest socket and greets the device, under the next epoch. */
  welcome(more: object = {}): FakeSocket {
    const { socket } = this;
    socket.listeners.opened();
    socket.frame({ ...WELCOME, epoch: ++this.#epoch, ...more });
    return socket;
  }
}

/** Lets promises run that no timer holds up. */
export async function settle(): Promise<void> {
  for (let turn = 0; turn < 20; turn++) await Promise.resolve();
}
