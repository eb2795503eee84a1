/** Puts the parts of one user's hub together and keeps its alarm. */
import { liveSession } from "../../src/features/auth/service.ts";
import type { PublishedEvent } from "../../src/features/hub/schema.ts";
import { AppError } from "../../src/lib/errors.ts";
import { Semaphore } from "../../src/lib/semaphore.ts";
import { systemClock } from "../../src/lib/time.ts";
import type { Actor } from "../../src/platform/actor.ts";
import type { Ctx } from "../../src/platform/context.ts";
import { JoinedDatabase } from "../../src/platform/db-joined.ts";
import { EMBEDDER_KEY_PURPOSE } from "../../src/platform/embedder.ts";
import { plainVector } from "../../src/platform/vector-math.ts";
import { AgentRoster } from "./agent-roster.ts";
import { Connections, type Session } from "./connections.ts";
import { createParts } from "./create-parts.ts";
import { Delivery } from "./delivery.ts";
import { DeviceChoice } from "./device-choice.ts";
import { DeviceLine } from "./device-line.ts";
import { DeviceStore } from "./device-store.ts";
import { ExecutionOutbox } from "./execution-outbox.ts";
import { FrameRouter } from "./frame-router.ts";
import { HubAlarm } from "./hub-alarm.ts";
import { HubEvents } from "./hub-events.ts";
import { HubRights } from "./hub-rights.ts";
import type { HubSurroundings } from "./hub-surroundings.ts";
import { KeyNote } from "./key-note.ts";
import { HubMemory } from "./memory.ts";
import { Outbox } from "./outbox.ts";
import type { HubParts } from "./parts.ts";
import { Sockets } from "./sockets.ts";
import { HubStorage } from "./storage.ts";
import { ToolAnswers } from "./tool-answers.ts";
import { agentOfChat, turnHistory } from "./turn-history.ts";
import type { Binding, TurnRow } from "./turn-record.ts";
import type { TurnServices } from "./turn-services.ts";
import { TurnUpkeep } from "./turn-upkeep.ts";
import { Turns } from "./turns.ts";
import { Vault } from "./vault.ts";

/** Model calls of one hub at the same time: the platform allows six connections, two are left for the rest. */
const MODEL_CALLS_MAX = 4;

export class Hub {
  readonly parts: HubParts;
  readonly sockets: Sockets;
  readonly connections: Connections;
  readonly turns: Turns;
  readonly delivery: Delivery;
  readonly router: FrameRouter;
  readonly events: HubEvents;
  readonly outbox: Outbox;
  readonly executions: ExecutionOutbox;
  readonly keyNote: KeyNote;
  readonly rights: HubRights;
  readonly #ctx: DurableObjectState;
  readonly #around: HubSurroundings;
  readonly #alarm: HubAlarm;
  readonly #choice: DeviceChoice;
  readonly #upkeep: TurnUpkeep;
  #loadingCtx: Ctx | undefined;

  constructor(ctx: DurableObjectState, around: HubSurroundings) {
    this.#ctx = ctx;
    this.#around = around;
    const clock = around.clock ?? systemClock;
    const { limits, log, metrics } = around;
    const storage = new HubStorage(ctx.storage);
    const vault = new Vault(storage, around.keyring);
    const devices = new DeviceStore(storage, vault);
    const modelSlots = new Semaphore(MODEL_CALLS_MAX);
    this.#alarm = new HubAlarm(storage, clock);
    this.sockets = new Sockets(ctx, clock, limits);
    this.delivery = new Delivery(this.sockets);
    this.#choice = new DeviceChoice(devices, this.sockets);
    const findRun = (requestId: string) => this.turns.find(requestId);
    const line = new DeviceLine({ sockets: this.sockets, devices, clock, findRun });
    const memory = new HubMemory({
      ...around.memory,
      parts: { clock, log, storage, vault, armAt: (at) => this.#alarm.armAt(at) },
      embedder: around.embedder,
      model: around.model,
      modelSlots,
      deviceZone: () => this.#choice.latestZone(),
      createCtx: () => this.#ctxOf("outbox"),
      loadingCtx: () => this.#loading,
      announce: (events, also) => this.events.publish(events, also),
      goOn: (work) => this.#goOn(work),
    });
    const roster = new AgentRoster({
      parts: { log, storage, vault },
      load: () => around.loadRoster(this.#loading),
      isTurnOpen: () => this.parts.turns.open().length > 0,
      goOn: (work) => this.#goOn(work),
    });
    const { delivery } = this;
    const foundation = {
      clock,
      log,
      metrics,
      limits,
      storage,
      vault,
      devices,
      memory,
      roster,
      line,
      delivery,
    };
    this.parts = createParts({ ...foundation, alarm: this.#alarm });
    this.events = new HubEvents(this.parts, this.sockets);
    this.connections = new Connections(this.parts, this.sockets, around.embedder);
    this.outbox = new Outbox(this.parts, {
      createCtx: () => this.#ctxOf("outbox"),
      announce: (events, also) => this.events.publish(events, also),
    });
    this.executions = new ExecutionOutbox(this.parts, () => this.#ctxOf("outbox"));
    this.keyNote = new KeyNote(this.parts, () => this.#ctxOf("keys"));
    this.turns = new Turns(this.parts, this.#turnServices(modelSlots));
    const { connections, turns } = this;
    this.rights = new HubRights({ vault, connections, turns, createCtx: () => this.#ctxOf("rights") });
    this.#upkeep = new TurnUpkeep(this.parts, this.turns);
    this.router = this.#createRouter();
  }

  /** Mends what an eviction left: turns in the middle, sockets without hello, work owed without an alarm. */
  async wake(): Promise<void> {
    await this.#alarm.load();
    if (!this.parts.vault.isOpen) return;
    this.sockets.closeForgotten();
    this.turns.recover();
    if (this.parts.memory.nextDueAt() !== null) this.#goOn(this.parts.memory.attend());
    this.arm();
  }

  /** Rings for the next thing due, looked up. */
  arm(): void {
    const at = this.#nextDueAt();
    if (at !== null) this.#alarm.armAt(Math.max(at, this.parts.clock.now()));
  }

  /** Re-arms before anything else, so that nothing that goes wrong afterwards can strand a turn. */
  async ring(): Promise<void> {
    const { clock, log, vault } = this.parts;
    if (!vault.isOpen) return;
    await this.#alarm.rearm();
    try {
      this.#upkeep.attend(clock.now());
      const saved = [this.outbox.flush(), this.executions.flush(), this.parts.memory.attend()];
      const settled = Promise.all([...saved, this.keyNote.flush()]);
      this.#goOn(settled.finally(() => this.#alarm.relax(this.#nextDueAt())));
    } catch (cause) {
      log.error({ event: "alarm.failed" }, cause);
    }
    this.#alarm.retry(this.parts.turns.nextDueAt());
  }

  #nextDueAt(): number | null {
    const { turns, chats, executions, memory } = this.parts;
    const due = [
      turns.nextDueAt(),
      chats.nextOwedAt(),
      executions.nextDueAt(),
      memory.nextDueAt(),
      this.keyNote.nextDueAt(),
    ].filter((at) => at !== null);
    return due.length === 0 ? null : Math.min(...due);
  }

  /** Something happened elsewhere: what the hub holds of it is out of date, and devices and readers are told. */
  hear(event: PublishedEvent): void {
    this.parts.roster.hear(event, this.#userId);
    this.events.publish([event]);
  }

  /** The device a new turn works with. */
  bind(deviceId: string): Binding {
    return this.#choice.bind(deviceId);
  }

  get #userId(): string {
    return this.parts.vault.principal.userId;
  }

  /** A context in the hub's own tenant, unless told which. */
  ctxFor(actor: Actor, tenantId = this.parts.vault.principal.tenantId): Ctx {
    return this.#around.createCtx(actor, tenantId);
  }

  #ctxOf(job: string): Ctx {
    return this.ctxFor({ kind: "system", job, userId: this.#userId });
  }

  /** For what the hub loads to hold it: asked for at once, it comes at once. */
  get #loading(): Ctx {
    if (!this.#loadingCtx) {
      const ctx = this.#ctxOf("loading");
      this.#loadingCtx = { ...ctx, db: new JoinedDatabase(ctx.db) };
    }
    return this.#loadingCtx;
  }

  #turnServices(modelSlots: Semaphore): TurnServices {
    const { model, extraTools, programOf } = this.#around;
    return {
      model,
      modelSlots,
      extraTools: extraTools(() => this.#ctxOf("turn")),
      programOf: (agent) => programOf(agent, () => this.#ctxOf("turn")),
      embed: (text) => this.#embed(text),
      history: (input, before, charsMax) =>
        turnHistory(this.parts, () => this.#ctxOf("history"), input, { before, charsMax }),
      surroundingsOf: (origin, binding) => this.#choice.surroundingsOf(origin, binding),
      keepAlive: (work) => this.#goOn(work),
      turnLeft: (turn) => this.#turnLeft(turn),
    };
  }

  #createRouter(): FrameRouter {
    const { clock, log, questions } = this.parts;
    return new FrameRouter({
      now: () => clock.now(),
      log,
      sockets: this.sockets,
      connections: this.connections,
      turns: this.turns,
      answers: new ToolAnswers(this.parts, this.turns, this.delivery),
      questions,
      bind: (deviceId) => this.bind(deviceId),
      agentOfChat: (chatId) => agentOfChat(this.parts, () => this.#ctxOf("turn"), chatId),
      goOn: (work) => this.#goOn(work),
      assertMayStart: () => this.rights.assertMayStart(),
      readToken: (token) => this.#readToken(token),
    });
  }

  async #embed(text: string): Promise<number[]> {
    const key = this.parts.vault.dataKey.derive(EMBEDDER_KEY_PURPOSE);
    const [vector] = await this.#around.embedder.embed([text], { key });
    return plainVector(vector!);
  }

  #turnLeft(turn: TurnRow): void {
    if (turn.state.phase === "parked") return;
    this.parts.roster.prune();
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
