/** Puts the parts of one user's hub together and keeps its alarm. */
import { liveSession, type verifyAccessToken } from "../../src/features/auth/service.ts";
import { chatHistory } from "../../src/features/chat/service.ts";
import { type DataRequest, type HistoryMessage, MUTATING_ACTIONS } from "../../src/features/hub/protocol.ts";
import { AppError } from "../../src/lib/errors.ts";
import type { Logger } from "../../src/lib/logger.ts";
import { Semaphore } from "../../src/lib/semaphore.ts";
import { type Clock, systemClock } from "../../src/lib/time.ts";
import { zoneOrUtc } from "../../src/lib/zone.ts";
import type { Actor } from "../../src/platform/actor.ts";
import type { Ctx } from "../../src/platform/context.ts";
import type { Role } from "../../src/platform/db.ts";
import { EMBEDDER_KEY_PURPOSE, type Embedder } from "../../src/platform/embedder.ts";
import type { Keyring } from "../../src/platform/keyring.ts";
import type { Metrics } from "../../src/platform/metrics.ts";
import type { ModelClient } from "../../src/platform/model-port.ts";
import { plainVector } from "../../src/platform/vector-math.ts";
import { ApprovalStore } from "./approval-store.ts";
import { ChatStore } from "./chat-store.ts";
import { Connections, type Session } from "./connections.ts";
import { type TurnState, turnDueAt } from "./core/turn-state.ts";
import { DataRequests } from "./data-requests.ts";
import { Delivery } from "./delivery.ts";
import { DeviceStore } from "./device-store.ts";
import { ExecutionOutbox } from "./execution-outbox.ts";
import { ExecutionStore } from "./execution-store.ts";
import { FrameRouter } from "./frame-router.ts";
import { HubMemory } from "./memory.ts";
import type { LearningMode } from "./memory-jobs.ts";
import { Outbox } from "./outbox.ts";
import type { HubLimits, HubParts } from "./parts.ts";
import { type CallRequest, PendingCalls } from "./pending-calls.ts";
import { Sockets } from "./sockets.ts";
import { HubStorage } from "./storage.ts";
import { ToolAnswers } from "./tool-answers.ts";
import { type Binding, type Origin, type TurnInput, type TurnRow, TurnStore } from "./turn-store.ts";
import { Turns } from "./turns.ts";
import { Vault } from "./vault.ts";

/** How often the alarm looks whether a running turn is still in memory. */
const WATCH_MS = 30_000;
/** How soon the alarm comes back to what failed when it rang. */
const RETRY_MS = 1_000;
/** Model calls of one hub at the same time: the platform allows six connections, two are left for the rest. */
const MODEL_CALLS_MAX = 4;
const HISTORY_MESSAGES_MAX = 60;
const TURN_STARTERS: readonly Role[] = ["owner", "admin", "member"];

export interface HubSurroundings {
  keyring: Keyring;
  model: ModelClient;
  embedder: Embedder;
  limits: HubLimits;
  memory: { learning: LearningMode; cosineMin: number };
  log: Logger;
  metrics: Metrics;
  clock?: Clock;
  createCtx(actor: Actor, tenantId: string): Ctx;
  verifyToken: (token: string) => ReturnType<typeof verifyAccessToken>;
}

export class Hub {
  readonly parts: HubParts;
  readonly sockets: Sockets;
  readonly connections: Connections;
  readonly turns: Turns;
  readonly delivery: Delivery;
  readonly router: FrameRouter;
  readonly outbox: Outbox;
  readonly executions: ExecutionOutbox;
  readonly #ctx: DurableObjectState;
  readonly #around: HubSurroundings;
  /** When the alarm rings, as far as this object knows. */
  #alarmAt: number | null = null;

  constructor(ctx: DurableObjectState, around: HubSurroundings) {
    this.#ctx = ctx;
    this.#around = around;
    const clock = around.clock ?? systemClock;
    const { limits, log, metrics } = around;
    const storage = new HubStorage(ctx.storage);
    const vault = new Vault(storage, around.keyring);
    const turns = new TurnStore(storage, vault);
    const calls = new PendingCalls({
      clock,
      limits,
      connectedStore: (deviceId) => this.#connectedStore(deviceId),
      send: (request, timeLeftMs) => this.#sendCall(request, timeLeftMs),
      revoke: (request) => this.#revoke(request),
    });
    const modelSlots = new Semaphore(MODEL_CALLS_MAX);
    const outboxCtx = () => this.ctxFor({ kind: "system", job: "outbox", userId: this.#userId });
    this.sockets = new Sockets(ctx, clock, limits);
    this.delivery = new Delivery(this.sockets);
    this.parts = {
      clock,
      log,
      metrics,
      limits,
      storage,
      vault,
      turns,
      calls,
      questions: new DataRequests({
        answerMs: limits.answerMs,
        send: (deviceId, request) => this.#sendQuestion(deviceId, request),
      }),
      devices: new DeviceStore(storage, vault),
      approvals: new ApprovalStore(storage, vault),
      chats: new ChatStore(storage, vault),
      executions: new ExecutionStore(storage),
      memory: new HubMemory({
        ...around.memory,
        parts: { clock, log, storage, vault, armAt: (at) => this.armAt(at) },
        embedder: around.embedder,
        model: around.model,
        modelSlots,
        deviceZone: () => this.#latestZone(),
        createCtx: outboxCtx,
        goOn: (work) => this.#goOn(work),
      }),
      deliver: (turn, frame) => this.delivery.deliver(turn, frame),
      saveTurn: (turn, status) => {
        const dueAt = this.#dueAt(turn.state);
        turns.update(turn, dueAt, status);
        this.armAt(dueAt);
      },
      armAt: (at) => this.armAt(at),
      acknowledge: (deviceId, callIds) => this.delivery.acknowledge(deviceId, callIds),
      announce: (deviceId, call, outcome) => this.delivery.announce(deviceId, call, outcome),
    };
    this.connections = new Connections(this.parts, this.sockets, around.embedder);
    this.outbox = new Outbox(this.parts, outboxCtx);
    this.executions = new ExecutionOutbox(this.parts, outboxCtx);
    this.turns = new Turns(this.parts, {
      model: around.model,
      modelSlots,
      embed: (text) => this.#embed(text),
      history: (input, before, charsMax) => this.#history(input, before, charsMax),
      surroundingsOf: (origin, binding) => this.#surroundingsOf(origin, binding),
      dueAt: (state) => this.#dueAt(state),
      keepAlive: (work) => this.#goOn(work),
      turnLeft: (turn) => this.#turnLeft(turn),
    });
    this.router = new FrameRouter({
      now: () => clock.now(),
      log,
      sockets: this.sockets,
      connections: this.connections,
      turns: this.turns,
      answers: new ToolAnswers(this.parts, this.turns, this.delivery),
      questions: this.parts.questions,
      bind: (deviceId) => this.bind(deviceId),
      assertMayStart: () => this.assertMayStart(),
      readToken: (token) => this.#readToken(token),
    });
  }

  /** Mends what an eviction left: turns in the middle, sockets without hello, work owed without an alarm. */
  async wake(): Promise<void> {
    this.#alarmAt = await this.parts.storage.getAlarm();
    if (!this.parts.vault.isOpen) return;
    this.sockets.closeForgotten();
    this.turns.recover();
    if (this.parts.memory.nextDueAt() !== null) this.#goOn(this.parts.memory.attend());
    this.arm();
  }

  /** Rings for the next thing due, looked up. */
  arm(): void {
    const at = this.#nextDueAt();
    if (at !== null) this.armAt(Math.max(at, this.parts.clock.now()));
  }

  /** Rings at `at` at the latest. One storage write, and only when the present alarm is later than that. */
  armAt(at: number): void {
    if (this.#alarmAt !== null && this.#alarmAt <= at) return;
    this.#alarmAt = at;
    void this.parts.storage.setAlarm(at);
  }

  /** Re-arms before anything else, so that nothing that goes wrong afterwards can strand a turn. */
  async ring(): Promise<void> {
    const { storage, clock, log, vault } = this.parts;
    if (!vault.isOpen) return;
    this.#alarmAt = clock.now() + WATCH_MS;
    await storage.setAlarm(this.#alarmAt);
    try {
      this.turns.attend(clock.now());
      const saved = Promise.all([this.outbox.flush(), this.executions.flush(), this.parts.memory.attend()]);
      this.#goOn(saved.finally(() => this.#relax()));
    } catch (cause) {
      log.error({ event: "alarm.failed" }, cause);
    }
    const dueAt = this.parts.turns.nextDueAt();
    if (dueAt !== null) this.armAt(Math.max(dueAt, clock.now() + RETRY_MS));
  }

  /** Puts the alarm off until the next thing is due; there is none while nothing is. */
  #relax(): void {
    const { storage, clock } = this.parts;
    const dueAt = this.#nextDueAt();
    // What is still overdue failed just now.
    const at = dueAt === null ? null : Math.max(dueAt, clock.now() + RETRY_MS);
    if (at === this.#alarmAt) return;
    this.#alarmAt = at;
    void (at === null ? storage.deleteAlarm() : storage.setAlarm(at));
  }

  #nextDueAt(): number | null {
    const { turns, chats, executions, memory } = this.parts;
    const due = [turns.nextDueAt(), chats.nextOwedAt(), executions.nextDueAt(), memory.nextDueAt()].filter(
      (at) => at !== null,
    );
    return due.length === 0 ? null : Math.min(...due);
  }

  /** Throws `forbidden`. */
  assertMayStart(): void {
    if (!TURN_STARTERS.includes(this.parts.vault.principal.role)) {
      throw new AppError("forbidden", { detail: "Your role may read but not start turns." });
    }
  }

  /** The device a new turn works with: the one that asks, else the connected one that was active last. */
  bind(deviceId: string): Binding {
    const connected = this.sockets.greeted().filter(({ device }) => device.tools);
    const own = connected.find(({ device }) => device.deviceId === deviceId);
    const lastSeen = new Map(this.parts.devices.all().map((device) => [device.deviceId, device.lastSeen]));
    const latest = connected.toSorted(
      (a, b) => (lastSeen.get(b.device.deviceId) ?? 0) - (lastSeen.get(a.device.deviceId) ?? 0),
    )[0];
    const chosen = (own ?? latest)?.device;
    return { deviceId: chosen?.deviceId ?? null, storeId: chosen?.storeId ?? null };
  }

  get #userId(): string {
    return this.parts.vault.principal.userId;
  }

  /** A context in the hub's own tenant, unless told which. */
  ctxFor(actor: Actor, tenantId = this.parts.vault.principal.tenantId): Ctx {
    return this.#around.createCtx(actor, tenantId);
  }

  #dueAt(state: TurnState): number {
    const times = { watchMs: WATCH_MS, replayMs: this.parts.limits.replayKeepMs };
    return turnDueAt(state, this.parts.clock.now(), times);
  }

  #connectedStore(deviceId: string): { storeId: string | null } | null {
    const connected = this.sockets.ofDevice(deviceId);
    return connected?.device.tools ? { storeId: connected.device.storeId } : null;
  }

  #sendCall(request: CallRequest, timeLeftMs: number): void {
    const connected = this.sockets.ofDevice(request.deviceId);
    if (!connected) return;
    this.sockets.send(connected.socket, {
      type: "tool_call",
      id: request.callId,
      epoch: connected.device.epoch,
      request_id: request.requestId,
      ...request.call,
      deadline_ms: timeLeftMs,
    });
    this.sockets.ensureAlive(connected.socket);
  }

  #sendQuestion(deviceId: string, request: DataRequest): boolean {
    const connected = this.sockets.ofDevice(deviceId);
    if (!connected || !this.sockets.send(connected.socket, request)) return false;
    this.sockets.ensureAlive(connected.socket);
    return true;
  }

  #revoke(request: CallRequest): void {
    const { devices, clock } = this.parts;
    if (MUTATING_ACTIONS.has(request.call.action)) {
      const { requestId, callId, call } = request;
      const keep = () => devices.addRevoke(callId, request, clock.now(), { requestId, call });
      this.turns.find(requestId)?.settleUnknown(callId, call, keep);
    }
    const connected = this.sockets.ofDevice(request.deviceId);
    if (connected?.device.storeId === request.storeId) {
      this.sockets.send(connected.socket, { type: "tool_revoke", id: request.callId });
    }
  }

  async #embed(text: string): Promise<number[]> {
    const key = this.parts.vault.dataKey.derive(EMBEDDER_KEY_PURPOSE);
    const [vector] = await this.#around.embedder.embed([text], { key });
    return plainVector(vector!);
  }

  async #history(input: TurnInput, before: number, charsMax: number): Promise<HistoryMessage[]> {
    const { chats, storage, clock } = this.parts;
    const { chatId } = input;
    if (chatId === undefined) return input.history;
    if (!chats.holds(chatId)) {
      const ctx = this.ctxFor({ kind: "system", job: "history", userId: this.#userId });
      const messages = await chatHistory(ctx, { chatId, limit: HISTORY_MESSAGES_MAX });
      if (!messages) throw new AppError("not_found", { detail: "There is no such chat." });
      storage.commit(() => {
        chats.touch(chatId, clock.now());
        chats.keepLoaded(chatId, messages);
      });
    }
    return input.history.length > 0 ? input.history : chats.history(chatId, before, charsMax);
  }

  #surroundingsOf(origin: Origin | null, binding: Binding): { timezone: string; locale: string } {
    const app = this.#appOf(origin?.deviceId) ?? this.#appOf(binding.deviceId);
    return { timezone: zoneOrUtc(app?.timezone ?? "UTC"), locale: app?.locale ?? "en" };
  }

  #latestZone(): string {
    const [latest] = this.parts.devices.all().toSorted((one, other) => other.lastSeen - one.lastSeen);
    return zoneOrUtc(latest?.about.app?.timezone ?? "UTC");
  }

  #appOf(deviceId: string | null | undefined) {
    return deviceId ? this.parts.devices.find(deviceId)?.about.app : undefined;
  }

  #turnLeft(turn: TurnRow): void {
    if (turn.state.phase === "parked") return;
    this.#goOn(this.outbox.flush().finally(() => this.delivery.closeReaders(turn.requestId)));
    this.#goOn(this.parts.memory.attend());
  }

  /** Work that nobody waits for. What it throws would be logged by the runtime with its text, which may hold anything. */
  #goOn(work: Promise<unknown>): void {
    const { log } = this.parts;
    this.#ctx.waitUntil(work.catch((cause: unknown) => log.error({ event: "background.failed" }, cause)));
  }

  async #readToken(token: string): Promise<Session> {
    const claims = await this.#around.verifyToken(token);
    const { userId, tenantId } = this.parts.vault.principal;
    if (claims.userId !== userId || claims.tenantId !== tenantId) {
      throw new AppError("unauthorized", { detail: "The token belongs to somebody else." });
    }
    if (this.connections.isEnded(claims.sessionId)) throw new AppError("session_revoked");
    const { sessionId } = claims;
    const { expiresAt } = await liveSession(this.ctxFor({ kind: "user", userId, sessionId }));
    return { sessionId, expiresAt };
  }
}
