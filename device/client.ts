import {
  type Capabilities,
  type DataRequest,
  type DeviceHello,
  type HubFrame,
  MAX_FRAME_BYTES,
  PROTOCOL_VERSION,
  type Welcome,
} from "../src/features/hub/protocol.ts";
import { Answers } from "./answers.ts";
import { CONNECTION_TIMES, Connection, type ConnectionState, type ConnectionTimes } from "./connection.ts";
import { Emitter } from "./emitter.ts";
import type { BadFrame } from "./frames.ts";
import { type HostedTools, noHostedTools } from "./hosted-tools.ts";
import type { CredentialSource } from "./session.ts";
import { openWebSocket, type SocketFactory } from "./socket.ts";
import type { DeviceStore } from "./store.ts";
import { type CallReport, ToolCalls } from "./tool-calls.ts";
import type { Turn } from "./turn.ts";
import { type Question, Turns } from "./turns.ts";

export interface DeviceClientOptions {
  /** The service's address ("https://host"), or the socket's own ("wss://host/api/v1/ws/device"). */
  url: string;
  /** Names this installation: the same at each start. A second connection with it replaces the first. */
  deviceId: string;
  credentials: CredentialSource;
  /** What tool calls work on. Without one this is a viewer: it chats and watches, and gets no tool calls. */
  store?: DeviceStore;
  hosted?: HostedTools;
  capabilities?: Pick<Capabilities, "blocks" | "files" | "auto_approve">;
  app?: DeviceHello["app"];
  /** The automations that are held on this device. */
  agentIds?: string[];
  openSocket?: SocketFactory;
  times?: Partial<ConnectionTimes>;
  random?: () => number;
  now?: () => number;
}

/** Every frame by its type, and what happens on this side. Turn frames come without holes or repeats. */
export type DeviceEvents = { [Type in HubFrame["type"]]: Extract<HubFrame, { type: Type }> } & {
  state: ConnectionState;
  call: CallReport;
  bad_frame: BadFrame;
  /** Something went wrong and was survived. */
  trouble: unknown;
};

/** Room for the envelope of a tool result around its parts. */
const ENVELOPE_BYTES = 1024;

/** A device of a person: serves tool calls from its store, and asks. Runs in browsers, Node and Workers alike. */
export class DeviceClient {
  readonly #events = new Emitter<DeviceEvents>();
  readonly #connection: Connection;
  readonly #store: DeviceStore | undefined;
  readonly #answers: Answers;
  readonly #calls: ToolCalls | null;
  readonly #turns: Turns;
  #state: ConnectionState | null = null;
  #epoch = 0;
  #bytesMax = MAX_FRAME_BYTES;

  constructor(options: DeviceClientOptions) {
    const now = options.now ?? Date.now;
    this.#store = options.store;
    this.#connection = new Connection({
      endpoint: socketAddress(options.url),
      credentials: options.credentials,
      hello: () => helloOf(options),
      openSocket: options.openSocket ?? openWebSocket,
      times: { ...CONNECTION_TIMES, ...options.times },
      random: options.random ?? Math.random,
      now,
      onState: (state) => this.#enter(state),
      onFrame: (frame) => this.#receive(frame),
      onBadFrame: (bad) => this.#receiveBad(bad),
      onTrouble: (cause) => this.#events.emit("trouble", cause),
    });
    const send: Connection["send"] = (frame) => this.#connection.send(frame);
    this.#answers = new Answers({ send, epoch: () => this.#epoch });
    this.#turns = new Turns({ send, online: () => this.welcome !== null, now });
    this.#calls = this.#serve(options);
  }

  /** What the hub said at the last hello; null while there is no connection. */
  get welcome(): Welcome | null {
    return this.#connection.welcome;
  }

  /** Connects and stays connected until `close`, or until the hub says stop (see the `state` event). */
  connect(): void {
    this.#connection.start();
  }

  /** Ends the connection once the calls received so far are done. Running turns go on in the hub. */
  async close(): Promise<void> {
    await this.#calls?.settled();
    this.#connection.stop();
  }

  /** Returns the function that takes the listener off again. */
  on<Type extends keyof DeviceEvents>(
    type: Type,
    listener: (payload: DeviceEvents[Type]) => void,
  ): () => void {
    return this.#events.on(type, listener);
  }

  /** Resolves when there is a connection; rejects when there will be none. */
  online(): Promise<Welcome> {
    const outcome = Promise.withResolvers<Welcome>();
    const look = (state: ConnectionState | null) => {
      if (state?.state === "online") outcome.resolve(state.welcome);
      if (state?.state === "stopped") outcome.reject(new Error(`The connection has ended: ${state.reason}.`));
    };
    const off = this.on("state", look);
    look(this.#state);
    return outcome.promise.finally(off);
  }

  /** Starts a turn, now or as soon as there is a connection. Throws a `TypeError` on what no hub would take. */
  ask(question: Question): Turn {
    return this.#turns.ask(question);
  }

  /** Follows a turn that was started before, from its first frame on: after a reload, or from another device. */
  follow(requestId: string): Turn {
    return this.#turns.follow(requestId);
  }

  approve(approvalId: string, note?: string): void {
    this.#turns.decide("approve", approvalId, note);
  }

  reject(approvalId: string, note?: string): void {
    this.#turns.decide("reject", approvalId, note);
  }

  #serve({ store, hosted }: DeviceClientOptions): ToolCalls | null {
    if (store === undefined) return null;
    return new ToolCalls({
      store,
      hosted: hosted ?? noHostedTools,
      epoch: () => this.#epoch,
      resultBytesMax: () => this.#bytesMax - ENVELOPE_BYTES,
      answer: (id, action, result) => this.#answers.deliver(id, action, result),
      report: (report) => this.#events.emit("call", report),
      trouble: (cause) => this.#events.emit("trouble", cause),
    });
  }

  #enter(state: ConnectionState): void {
    this.#state = state;
    if (state.state === "online") {
      this.#epoch = state.welcome.epoch;
      this.#bytesMax = Math.min(MAX_FRAME_BYTES, state.welcome.limits.max_frame_bytes);
      this.#answers.flush();
      this.#calls?.resend();
      this.#turns.connected();
    }
    if (state.state === "stopped") this.#turns.abandon(`The connection has ended: ${state.reason}.`);
    this.#events.emit("state", state);
  }

  #receive(frame: HubFrame): void {
    switch (frame.type) {
      case "tool_call":
      case "tool_revoke":
      case "tool_ack":
        this.#calls?.receive(frame);
        break;
      case "stream_start":
      case "floating_domain":
      case "stream_text":
      case "stream_status":
      case "stream_block":
      case "stream_reset":
      case "approval_request":
      case "stream_end":
        if (!this.#turns.take(frame)) return;
        break;
      case "error":
        this.#turns.refuse(frame);
        break;
      case "data_request":
        void this.#describe(frame);
        break;
    }
    this.#events.emit(frame.type, frame);
  }

  /** A call that cannot be read is answered at once, so that the turn need not wait for its time to run out. */
  #receiveBad(bad: BadFrame): void {
    if (bad.callId !== undefined && this.#calls !== null) {
      this.#answers.deliver(bad.callId, null, { error: { code: "bad_frame", message: bad.message } });
    }
    this.#events.emit("bad_frame", bad);
  }

  /** A device without a store, or whose store fails, has nothing to say: said at once, nobody waits for it. */
  async #describe({ id, kind }: DataRequest): Promise<void> {
    let data: Record<string, unknown> | null = null;
    try {
      data = (await this.#store?.describe(kind)) ?? null;
    } catch (cause) {
      this.#events.emit("trouble", cause);
    }
    this.#connection.send({ type: "data_response", id, data });
  }
}

function helloOf({ deviceId, agentIds, capabilities, app, store, hosted }: DeviceClientOptions): DeviceHello {
  const mcp = hosted?.descriptors() ?? [];
  return {
    type: "device_hello",
    device_id: deviceId,
    agent_ids: agentIds ?? [],
    protocol: PROTOCOL_VERSION,
    capabilities: { ...capabilities, tools: store !== undefined, ...(mcp.length === 0 ? {} : { mcp }) },
    ...(app === undefined ? {} : { app }),
    ...(store === undefined ? {} : { store_id: store.storeId }),
  };
}

function socketAddress(url: string): string {
  const address = new URL(url);
  address.protocol = address.protocol.replace("http", "ws");
  if (address.pathname === "/") address.pathname = "/api/v1/ws/device";
  return address.href;
}
