import { DurableObject } from "cloudflare:workers";
import * as z from "zod";
import { allow } from "../../src/features/auth/policy.ts";
import {
  ADMISSION_HEADER,
  type ChatTurn,
  EVENTS_PATH,
  type HubAdmission,
  type HubCaller,
  type HubOwner,
  type HubSession,
  type KeyCalls,
  type MemoryCalls,
  TICKET_HEADER,
} from "../../src/features/hub/client.ts";
import { type DataRequest, SUBPROTOCOL } from "../../src/features/hub/protocol.ts";
import { type ChatChange, type Device, PublishedEvent } from "../../src/features/hub/schema.ts";
import { MemoryCommand, type MemoryOutcome } from "../../src/features/memory/schema.ts";
import { recordHubKey } from "../../src/features/users/service.ts";
import { AppError } from "../../src/lib/errors.ts";
import type { RawEnv } from "../../src/platform/env.ts";
import type { Session } from "./connections.ts";
import { createHub } from "./create-hub.ts";
import type { DeviceAnswer } from "./data-requests.ts";
import type { Hub } from "./hub.ts";
import { turnStream } from "./turn-stream.ts";

const Admission = z.object({
  tenantId: z.string(),
  userId: z.string(),
  role: z.enum(["owner", "admin", "member", "readonly"]),
  tier: z.string(),
  wrappedDataKey: z.base64(),
  remembers: z.boolean().optional(),
  agents: z.string().optional(),
  sessionId: z.string(),
  expiresAt: z.number(),
});

/**
 * The hub of one user in one tenant: their sockets, pending tool calls and running turns. What must outlive it or be
 * queried is in Postgres; everything here can be rebuilt or is owed to it.
 */
export class UserHub extends DurableObject<RawEnv> implements MemoryCalls, KeyCalls {
  readonly #hub: Hub;

  constructor(state: DurableObjectState, raw: RawEnv) {
    super(state, raw);
    this.#hub = createHub(state, raw);
    // Nothing is served before what an eviction interrupted has been taken up.
    state.blockConcurrencyWhile(() => this.#hub.wake());
  }

  /** Opens a socket, of a device or of the edge for a reader of events. The edge has checked who it is, or passes a ticket on. */
  override async fetch(request: Request): Promise<Response> {
    const session = this.#sessionOf(request);
    if (!session) return new Response(null, { status: 401 });
    const { pathname, searchParams } = new URL(request.url);
    if (pathname === EVENTS_PATH) return this.#openReader(session, searchParams.get("after"));
    const { 0: client, 1: server } = new WebSocketPair();
    this.#hub.connections.open(server, session);
    const offered =
      request.headers
        .get("sec-websocket-protocol")
        ?.split(",")
        .map((each) => each.trim()) ?? [];
    const headers = offered.includes(SUBPROTOCOL) ? { "sec-websocket-protocol": SUBPROTOCOL } : undefined;
    return new Response(null, { status: 101, webSocket: client, ...(headers ? { headers } : {}) });
  }

  override webSocketMessage(socket: WebSocket, data: string | ArrayBuffer): Promise<void> | undefined {
    return this.#hub.sockets.isReader(socket) ? undefined : this.#hub.router.route(socket, data);
  }

  override webSocketClose(socket: WebSocket, code: number): void {
    this.#hub.sockets.answerClose(socket, code);
    this.#hub.connections.closed(socket);
  }

  override webSocketError(socket: WebSocket): void {
    this.#hub.connections.closed(socket);
  }

  override async alarm(): Promise<void> {
    await this.#hub.ring();
  }

  /**
   * Runs a turn for a REST caller, or follows one that runs: newline-delimited turn frames up to `stream_end`. A refusal is
   * an `error` frame. The stream stays open until the exchange is in Postgres or is owed to it.
   */
  async chat(caller: HubCaller, turn: ChatTurn): Promise<ReadableStream<Uint8Array>> {
    const hub = this.#hub;
    return turnStream(hub, turn, () => {
      this.#admitCaller(caller);
      hub.rights.assertMayStart();
    });
  }

  /** A single-use secret that opens one socket for this session within 30 s; null when the session has ended. */
  async mintTicket(
    admission: HubAdmission,
    session: HubSession,
  ): Promise<{ secret: string; expiresAt: number } | { refused: "session_revoked" | "rate_limited" }> {
    this.#admit(admission);
    try {
      return this.#hub.connections.mintTicket(session);
    } catch (error) {
      if (error instanceof AppError && (error.code === "session_revoked" || error.code === "rate_limited")) {
        return { refused: error.code };
      }
      throw error;
    }
  }

  /** Ends a session for good, or all that are connected, and closes their sockets at once. */
  async endSessions(sessionId?: string): Promise<void> {
    this.#hub.connections.endSessions(sessionId);
  }

  /** Tells the person's devices and readers. Lost in a hub that nobody has ever connected to. */
  async publishEvent(event: PublishedEvent): Promise<void> {
    if (this.#hub.parts.vault.isOpen) this.#hub.hear(PublishedEvent.parse(event));
  }

  /**
   * The user has another role or tier, is disabled or is no member any more: their sockets close, or their next turn is
   * refused, before this answers. Throws when the database cannot be asked.
   */
  async rightsChanged(): Promise<void> {
    if (this.#hub.parts.vault.isOpen) await this.#hub.rights.read();
  }

  async listDevices(): Promise<Device[]> {
    if (!this.#hub.parts.vault.isOpen) return [];
    return this.#hub.parts.devices.all().map((device) => ({
      device_id: device.deviceId,
      online: this.#hub.sockets.ofDevice(device.deviceId) !== undefined,
      tools: device.tools,
      app: device.about.app ?? {},
      first_seen_at: new Date(device.firstSeen).toISOString(),
      last_seen_at: new Date(device.lastSeen).toISOString(),
    }));
  }

  /** Asks a device about itself, over its socket; null when it is not known. */
  async askDevice(deviceId: string, about: DataRequest["kind"]): Promise<DeviceAnswer | null> {
    const { vault, devices, questions } = this.#hub.parts;
    return vault.isOpen && devices.find(deviceId) ? questions.ask(deviceId, about) : null;
  }

  /** Forgets a device and closes its socket. False when it is not known. */
  async removeDevice(deviceId: string): Promise<boolean> {
    return this.#hub.parts.vault.isOpen && this.#hub.connections.remove(deviceId);
  }

  /** A chat was changed over REST: the replica of it is stale. */
  async chatChanged(chatId: string, change: ChatChange): Promise<void> {
    const { vault, chats } = this.#hub.parts;
    if (!vault.isOpen) return;
    this.#hub.events.publish([{ topic: "chats", data: { id: chatId, change } }], () => {
      chats.forget(chatId);
    });
  }

  async changeMemory(caller: HubCaller, command: MemoryCommand): Promise<MemoryOutcome> {
    const { userId, sessionId } = caller;
    if (this.#hub.connections.isEnded(sessionId)) return { kind: "session_ended" };
    this.#admit(caller);
    const ctx = this.#hub.ctxFor({ kind: "user", userId, sessionId });
    return this.#hub.parts.memory.commands.run(MemoryCommand.parse(command), ctx);
  }

  async consolidateMemory(): Promise<boolean> {
    const { vault, memory } = this.#hub.parts;
    if (!vault.isOpen) return false;
    await memory.consolidation.run();
    return true;
  }

  #openReader(session: Session, after: string | null): Response {
    const { connections, events } = this.#hub;
    if (connections.isEnded(session.sessionId)) return new Response(null, { status: 401 });
    if (events.isFull()) return new Response(null, { status: 429 });
    const { 0: client, 1: server } = new WebSocketPair();
    events.open(server, session, after === null ? null : Number(after));
    return new Response(null, { status: 101, webSocket: client });
  }

  async renewKey(owner: HubOwner): Promise<void> {
    const { vault } = this.#hub.parts;
    vault.renew();
    const ctx = this.#hub.ctxFor({ kind: "system", job: "keys", userId: owner.userId }, owner.tenantId);
    await recordHubKey(ctx, allow("hubs", "note"), vault.masterKeyId);
  }

  #sessionOf(request: Request): Session | undefined {
    const ticket = request.headers.get(TICKET_HEADER);
    if (ticket !== null)
      return this.#hub.parts.vault.isOpen ? this.#hub.connections.redeemTicket(ticket) : undefined;
    const admission = Admission.parse(JSON.parse(request.headers.get(ADMISSION_HEADER) ?? "null"));
    this.#admit({ ...admission, wrappedDataKey: Buffer.from(admission.wrappedDataKey, "base64") });
    return { sessionId: admission.sessionId, expiresAt: admission.expiresAt };
  }

  #admit({ tenantId, userId, role, tier, wrappedDataKey, remembers, agents }: HubAdmission): void {
    const { vault, memory, roster } = this.#hub.parts;
    vault.admit({ tenantId, userId, role, tier }, wrappedDataKey, () => {
      if (remembers === false) memory.store.markLoaded();
      this.#hub.keyNote.owe();
      if (agents !== undefined) roster.noteFirst(agents);
    });
    if (agents !== undefined) roster.note(agents);
  }

  #admitCaller({ sessionId, ...admission }: HubCaller): void {
    if (this.#hub.connections.isEnded(sessionId)) throw new AppError("session_revoked");
    this.#admit(admission);
  }
}
