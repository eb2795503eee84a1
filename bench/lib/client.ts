/** A device of the bench: answers tool calls at once and notes when things arrive. The same code drives floor and product. */
import { WebSocket } from "ws";

export interface Sut {
  name: "adjutant" | "floor";
  /** `ws://…` of one user's socket, and the headers to open it. */
  socketOf(user: number): { url: string; headers: Record<string, string> };
  /** The product greets first; the floor knows no hello. */
  hello: boolean;
  /** Processes whose CPU and memory count. */
  pids: ReadonlySet<number>;
  close(): Promise<void>;
}

const ROWS = [{ id: "t1", title: "Buy milk", status: "todo", priority: "high", createdAt: 1, updatedAt: 1 }];

interface Frame {
  type: string;
  id?: string;
  epoch?: number;
  request_id?: string;
  chunk?: string;
  status?: string;
  commits?: number;
  found?: number;
  error?: { message: string };
}

export class BenchDevice {
  readonly #socket: WebSocket;
  readonly #deviceId: string;
  #ended: ((frame: Frame) => void) | undefined;
  #welcomed: (() => void) | undefined;
  #number = 0;
  /** When the first text frame of the present turn arrived, and what it said. */
  #firstText: { at: bigint; chunk: string } | undefined;
  /** Arrivals of tool calls, in ms. */
  readonly calls: number[] = [];
  /** When results were sent, in ms. */
  readonly answers: number[] = [];

  private constructor(socket: WebSocket, user: number) {
    this.#socket = socket;
    this.#deviceId = `bench-${user}`;
    socket.on("message", (data) => this.#take(String(data)));
  }

  static async connect(sut: Sut, user: number): Promise<BenchDevice> {
    const { url, headers } = sut.socketOf(user);
    const socket = new WebSocket(url, { headers, perMessageDeflate: false });
    await new Promise((resolve, reject) => {
      socket.once("open", resolve);
      socket.once("error", reject);
    });
    const device = new BenchDevice(socket, user);
    if (sut.hello) await device.#greet();
    return device;
  }

  /** Turns begun so far. */
  get turns(): number {
    return this.#number;
  }

  /** Runs one turn to its end. */
  async turn(message = "List my tasks"): Promise<void> {
    const requestId = `${this.#deviceId}-${process.pid}-${this.#number++}`;
    this.#firstText = undefined;
    const end = new Promise<Frame>((resolve) => {
      this.#ended = resolve;
    });
    this.#send({ type: "floating_request", request_id: requestId, message, scope: { type: "task" } });
    const { status, error } = await end;
    if (status !== "done") throw new Error(`a turn ended ${status}: ${error?.message}`);
  }

  /** One paced turn: from the model's first delta to the first text frame here, in ms. */
  async firstDeltaMs(): Promise<number> {
    await this.turn("paced");
    const sent = /t(\d+)/.exec(this.#firstText?.chunk ?? "")?.[1];
    if (!sent || !this.#firstText) throw new Error("the first text frame does not say when it was sent");
    return Number(this.#firstText.at - BigInt(sent)) / 1e6;
  }

  /** Has the server make `count` tool calls, `inFlight` at a time. */
  async makeCalls(count: number, inFlight: number): Promise<void> {
    this.calls.length = 0;
    this.answers.length = 0;
    const done = new Promise<Frame>((resolve) => {
      this.#ended = resolve;
    });
    this.#send({ type: "bench_calls", count, in_flight: inFlight });
    await done;
  }

  /** Fills the hub's memory up to `to` statements. Only where the server has the measuring doors. */
  async fillMemory(to: number): Promise<void> {
    await this.#command({ type: "bench_fill_memory", to });
  }

  /** Has the hub search its memory, one time after the other; gives how much was found. */
  async searchMemory(times: number, { cold }: { cold: boolean }): Promise<number> {
    return (await this.#command({ type: "bench_search_memory", times, cold })).found ?? 0;
  }

  /** Storage commits of this user's hub so far. Only where the server has the measuring door. */
  async commits(): Promise<number> {
    return (await this.#command({ type: "bench_commits" })).commits ?? Number.NaN;
  }

  close(): void {
    this.#socket.terminate();
  }

  #command(frame: object): Promise<Frame> {
    const done = new Promise<Frame>((resolve) => {
      this.#ended = resolve;
    });
    this.#send(frame);
    return done;
  }

  #greet(): Promise<void> {
    const welcome = new Promise<void>((resolve) => {
      this.#welcomed = resolve;
    });
    this.#send({
      type: "device_hello",
      device_id: this.#deviceId,
      protocol: 3,
      agent_ids: [],
      store_id: "store",
      capabilities: { tools: true },
    });
    return welcome;
  }

  #take(text: string): void {
    const frame = JSON.parse(text) as Frame;
    switch (frame.type) {
      case "tool_call":
        this.calls.push(performance.now());
        this.#send({ type: "tool_result", id: frame.id, epoch: frame.epoch, rows: ROWS });
        this.answers.push(performance.now());
        return;
      case "stream_text":
        this.#firstText ??= { at: process.hrtime.bigint(), chunk: frame.chunk ?? "" };
        return;
      case "stream_end":
      case "bench_done":
        return this.#ended?.(frame);
      case "welcome":
        return this.#welcomed?.();
      case "error":
        throw new Error(`the server answered ${text}`);
    }
  }

  #send(frame: object): void {
    this.#socket.send(JSON.stringify(frame));
  }
}
