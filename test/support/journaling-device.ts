/** A device for tests inside the runtime that journals like a real one, dies where it is told to, and comes back. */
import { vi } from "vitest";
import { noHostedTools } from "../../device/hosted-tools.ts";
import type { CallResult } from "../../device/journal-core.ts";
import type { DeviceStore } from "../../device/store.ts";
import { ToolCalls } from "../../device/tool-calls.ts";
import type { HubFrame, ToolCall } from "../../src/features/hub/protocol.ts";
import { newId } from "../../src/lib/ids.ts";
import { DeviceDisk } from "./device-disk.ts";
import { type FrameOf, helloFrame, openSocket, type SocketOptions, type TestSocket } from "./socket.ts";
import { TurnWatch } from "./turn-watch.ts";
import type { TestUser } from "./users.ts";

/** Where the process dies, once: before the next change is committed, or after, with its answer unsent. */
export type KillPoint = "before_commit" | "after_commit";

const WAIT = { timeout: 10_000, interval: 10 };

export class JournalingDevice {
  readonly deviceId: string;
  readonly disk = new DeviceDisk();
  /** Everything heard over all connections. */
  readonly frames: HubFrame[] = [];
  killPoint: KillPoint | undefined;
  /** The next calls get lost on the way to the device. */
  isDeaf = false;
  /** Answers get lost on the way to the hub; the journal keeps them. */
  isMute = false;
  /** Answers as it likes instead of by its database; null leaves the call unanswered. */
  answerWith: ((call: ToolCall) => Record<string, unknown> | null) | undefined;
  readonly #user: TestUser;
  readonly #options: SocketOptions;
  readonly #watches = new Map<string, TurnWatch>();
  readonly #requests = new Map<string, Record<string, unknown>>();
  #socket: TestSocket | undefined;
  #calls: ToolCalls | undefined;
  #epoch = 0;

  private constructor(user: TestUser, options: SocketOptions) {
    this.#user = user;
    this.#options = options;
    this.deviceId = options.deviceId ?? newId();
  }

  static async start(user: TestUser, options: SocketOptions = {}): Promise<JournalingDevice> {
    const device = new JournalingDevice(user, options);
    await device.connect();
    return device;
  }

  get socket(): TestSocket {
    if (!this.#socket) throw new Error("the device is not connected");
    return this.#socket;
  }

  get isDead(): boolean {
    return this.#calls === undefined;
  }

  all<Type extends HubFrame["type"]>(type: Type): FrameOf<Type>[] {
    return this.frames.filter((frame): frame is FrameOf<Type> => frame.type === type);
  }

  /** Connects, after a death as a new process over the same database, and takes up what it was told to. */
  async connect(): Promise<void> {
    const socket = await openSocket(this.#user, this.deviceId);
    const store = this.#storeOf(socket);
    const calls = new ToolCalls({
      store,
      hosted: noHostedTools,
      epoch: () => this.#epoch,
      resultBytesMax: () => Number.POSITIVE_INFINITY,
      answer: (id, _action, result) => this.#answer(socket, id, result),
      report: () => {},
      trouble: () => {},
    });
    this.#socket = socket;
    this.#calls = calls;
    socket.listener = (frame) => this.#hear(calls, frame);
    socket.send(helloFrame(this.deviceId, { ...this.#options, storeId: this.disk.storeId }));
    await socket.frame("welcome");
    for (const watch of this.#watches.values()) this.#takeUp(watch);
  }

  /** Waits until the hub has dropped the connection, and connects again. */
  async reconnect(): Promise<void> {
    const { socket } = this;
    await socket.until(() => socket.closed !== undefined, "the end of the connection");
    await this.connect();
  }

  /** The process and its memory are gone; the database stays. */
  die(): void {
    this.#calls = undefined;
    this.socket.close();
  }

  send(frame: Record<string, unknown>): void {
    this.socket.send(frame);
  }

  /** Starts a home turn and gives its id. */
  ask(message: string, more: Record<string, unknown> = {}): string {
    return this.#request({ type: "home_request", message, ...more });
  }

  /** Starts a turn of the tasks agent and gives its id. */
  askTasks(message: string): string {
    return this.#request({ type: "floating_request", message, scope: { type: "task" } });
  }

  /** Follows a turn that was started elsewhere, from its first frame on. */
  follow(requestId: string): void {
    this.#takeUp(this.#watch(requestId));
  }

  turn(requestId: string): TurnWatch {
    const watch = this.#watches.get(requestId);
    if (!watch) throw new Error(`nobody follows ${requestId}`);
    return watch;
  }

  /** Waits for the end of a turn. */
  async end(requestId: string): Promise<FrameOf<"stream_end">> {
    const watch = this.turn(requestId);
    await this.until(() => watch.end !== undefined, `the end of ${requestId}`);
    return watch.end!;
  }

  async until(condition: () => boolean, what: string): Promise<void> {
    await vi.waitUntil(condition, WAIT).catch(() => {
      throw new Error(`${what} did not come; heard: ${this.frames.map(({ type }) => type).join(", ")}`);
    });
  }

  /** Waits for frame number `count` of this type over all connections. */
  async frame<Type extends HubFrame["type"]>(type: Type, count = 1): Promise<FrameOf<Type>> {
    await this.until(() => this.all(type).length >= count, `${count} ${type}`);
    return this.all(type)[count - 1]!;
  }

  /** Sends an answer under the present epoch, whatever the journal says. */
  sendResult(id: string, result: Record<string, unknown>): void {
    this.send({ type: "tool_result", id, epoch: this.#epoch, ...result });
  }

  #request(request: Record<string, unknown>): string {
    const requestId = newId();
    const frame = { ...request, request_id: requestId };
    this.#requests.set(requestId, frame);
    this.#watch(requestId);
    this.send(frame);
    return requestId;
  }

  #watch(requestId: string): TurnWatch {
    const watch = new TurnWatch(requestId);
    this.#watches.set(requestId, watch);
    return watch;
  }

  /** A request of which nothing came is repeated: the hub may never have got it. */
  #takeUp({ requestId, end, gen, lastSeq }: TurnWatch): void {
    if (end) return;
    const request = lastSeq === 0 ? this.#requests.get(requestId) : undefined;
    this.send(request ?? { type: "resume", request_id: requestId, gen, after_seq: lastSeq });
  }

  #hear(calls: ToolCalls, frame: HubFrame): void {
    if (calls !== this.#calls) return;
    this.frames.push(frame);
    if (frame.type === "welcome") {
      this.#epoch = frame.epoch;
      calls.resend();
    } else if (frame.type === "tool_call" && (this.isDeaf || this.answerWith)) {
      const result = this.isDeaf ? null : this.answerWith?.(frame);
      if (result) this.sendResult(frame.id, result);
    } else if (frame.type === "tool_call" || frame.type === "tool_revoke" || frame.type === "tool_ack") {
      calls.receive(frame);
    } else if (frame.type === "stream_reset" || "seq" in frame) {
      this.#watches.get(frame.request_id)?.take(frame);
    }
  }

  #answer(socket: TestSocket, id: string, result: CallResult): void {
    if (this.isMute || this.isDead || socket !== this.#socket || socket.closed) return;
    this.sendResult(id, result);
  }

  /** The disk as one process sees it, which may die in the middle of a commit. */
  #storeOf(socket: TestSocket): DeviceStore {
    const { disk } = this;
    const dieAt = (point: KillPoint) => {
      if (this.killPoint !== point || socket !== this.#socket) return;
      this.killPoint = undefined;
      this.die();
      throw new Error(`killed ${point}`);
    };
    return {
      storeId: disk.storeId,
      find: (id) => disk.find(id),
      read: (call) => disk.read(call),
      record: (id, entry) => disk.record(id, entry),
      forget: (ids) => disk.forget(ids),
      outstanding: () => disk.outstanding(),
      describe: () => disk.describe(),
      commit: (call) => {
        dieAt("before_commit");
        const result = disk.commit(call);
        dieAt("after_commit");
        return result;
      },
    };
  }
}
