/** Who may connect, and how a connection begins and ends. */

import { createHash, randomBytes } from "node:crypto";
import {
  CLOSE,
  type DeviceHello,
  MAX_FRAME_BYTES,
  PROTOCOL_VERSION,
} from "../../src/features/hub/protocol.ts";
import { AppError } from "../../src/lib/errors.ts";
import type { Device } from "./device-store.ts";
import type { HubParts } from "./parts.ts";
import { type Attachment, SOCKETS_MAX, type Sockets } from "./sockets.ts";

export interface Session {
  sessionId: string;
  /** Unix ms. */
  expiresAt: number;
}

/** Installations remembered for one user; beyond them the longest unseen one is forgotten. */
const DEVICES_MAX = 50;
const TICKET_TTL_MS = 30_000;
const TICKETS_MAX = 20;
/** Longer than any access token of an ended session is good: it can never come back. */
const ENDED_KEPT_MS = 90 * 24 * 3_600_000;
/** What the SDK is told to send its heartbeat by. */
const HEARTBEAT_S = 30;

export class Connections {
  readonly #parts: HubParts;
  readonly #sockets: Sockets;
  readonly #embedder: { id: string; dimensions: number };

  constructor(parts: HubParts, sockets: Sockets, embedder: { id: string; dimensions: number }) {
    this.#parts = parts;
    this.#sockets = sockets;
    this.#embedder = embedder;
  }

  open(socket: WebSocket, session: Session): void {
    const isFull = this.#sockets.count >= SOCKETS_MAX;
    this.#sockets.accept(socket, session);
    if (this.#hasEnded(session)) this.#sockets.close(socket, CLOSE.sessionEnded, "the session has ended");
    else if (isFull) this.#sockets.close(socket, CLOSE.rateLimited, "too many connections");
  }

  /** The first frame. Raises the device's epoch, replaces its earlier connection and hands it what is outstanding. */
  greet(socket: WebSocket, frame: DeviceHello): void {
    const { clock, devices, storage, vault, limits, calls } = this.#parts;
    const attachment = this.#sockets.attachment(socket);
    if (attachment.device) {
      throw new AppError("bad_request", { detail: "device_hello was said already on this connection." });
    }
    const known = devices.find(frame.device_id);
    const previous = this.#sockets.ofDevice(frame.device_id);
    const device = this.#describe(frame, known);
    storage.commit(() => {
      if (!known) this.#makeRoom();
      devices.save(device);
    });
    this.#sockets.attach(socket, this.#attached(attachment, device, frame));
    if (previous) {
      this.#leave(device.deviceId);
      this.#sockets.close(previous.socket, CLOSE.replaced, "replaced by a newer connection");
    }
    const { userId, tenantId } = vault.principal;
    this.#sockets.send(socket, {
      type: "welcome",
      device_id: device.deviceId,
      session_id: attachment.sessionId,
      user_id: userId,
      tenant_id: tenantId,
      epoch: device.epoch,
      protocol: PROTOCOL_VERSION,
      server_time: clock.now(),
      heartbeat_s: HEARTBEAT_S,
      resumed: known !== undefined,
      embedder: this.#embedder,
      limits: {
        max_frame_bytes: MAX_FRAME_BYTES,
        tool_timeout_s: limits.answerMs / 1000,
        concurrent_turns: limits.turnsPerUser,
      },
    });
    this.#repeatRevokes(socket, device);
    if (device.tools) calls.deviceConnected(device.deviceId, device.storeId);
  }

  /** A socket is gone. That of an earlier connection never touches the present one. */
  closed(socket: WebSocket): void {
    this.#sockets.changed();
    const { device } = this.#sockets.attachment(socket);
    if (!device || this.#sockets.ofDevice(device.deviceId)) return;
    const stored = this.#parts.devices.find(device.deviceId);
    if (!stored || stored.epoch !== device.epoch) return;
    this.#parts.storage.commit(() =>
      this.#parts.devices.save({ ...stored, lastSeen: this.#parts.clock.now() }),
    );
    this.#leave(device.deviceId);
  }

  /** Throws `session_revoked`: the session may have ended while it was asked for. */
  extend(socket: WebSocket, session: Session): void {
    if (this.#hasEnded(session)) throw new AppError("session_revoked");
    this.#sockets.attach(socket, { ...this.#sockets.attachment(socket), ...session });
    this.#sockets.send(socket, { type: "auth_ok", expires_at: new Date(session.expiresAt).toISOString() });
  }

  /** Ends sessions for good and closes their sockets at once. Without an id: all that are connected. */
  endSessions(sessionId?: string): void {
    const ended = new Set(sessionId === undefined ? [] : [sessionId]);
    for (const socket of this.#sockets.all()) {
      const attachment = this.#sockets.attachment(socket);
      if (sessionId === undefined) ended.add(attachment.sessionId);
    }
    const forgetAt = this.#parts.clock.now() + ENDED_KEPT_MS;
    this.#parts.storage.commit(() => {
      this.#parts.storage.run("DELETE FROM ended_sessions WHERE forget_at < ?", this.#parts.clock.now());
      if (sessionId === undefined) this.#parts.storage.run("DELETE FROM tickets");
      for (const id of ended) {
        this.#parts.storage.run("INSERT OR IGNORE INTO ended_sessions VALUES (?, ?)", id, forgetAt);
      }
    });
    for (const socket of this.#sockets.all()) {
      if (ended.has(this.#sockets.attachment(socket).sessionId)) {
        this.#sockets.close(socket, CLOSE.sessionEnded, "the session has ended");
      }
    }
  }

  /** The user may do nothing here any more: what is open closes, and no ticket opens anything. */
  shutOut(): void {
    const { storage, vault } = this.#parts;
    vault.shutOut();
    storage.commit(() => storage.run("DELETE FROM tickets"));
    for (const socket of this.#sockets.all()) {
      this.#sockets.close(socket, CLOSE.disabled, "the account is disabled");
    }
  }

  isEnded(sessionId: string): boolean {
    return (
      this.#parts.storage.row("SELECT 1 FROM ended_sessions WHERE session_id = ?", sessionId) !== undefined
    );
  }

  /** A single-use secret for one connection, good for 30 s. */
  mintTicket(session: Session): { secret: string; expiresAt: number } {
    if (this.#hasEnded(session)) throw new AppError("session_revoked");
    const now = this.#parts.clock.now();
    const secret = randomBytes(24).toString("base64url");
    const expiresAt = now + TICKET_TTL_MS;
    this.#parts.storage.commit(() => {
      this.#parts.storage.run("DELETE FROM tickets WHERE expires_at <= ?", now);
      const held = this.#parts.storage.row<{ n: number }>("SELECT count(*) AS n FROM tickets")?.n ?? 0;
      if (held >= TICKETS_MAX) throw new AppError("rate_limited", { retryAfterS: TICKET_TTL_MS / 1000 });
      this.#parts.storage.run(
        "INSERT INTO tickets VALUES (?, ?, ?)",
        hashOf(secret),
        expiresAt,
        JSON.stringify(session),
      );
    });
    return { secret, expiresAt };
  }

  /** The session a ticket stands for; undefined when it is unknown, used or too old. */
  redeemTicket(secret: string): Session | undefined {
    const { storage, clock } = this.#parts;
    const hash = hashOf(secret);
    const row = storage.row<{ expires_at: number; principal: string }>(
      "SELECT expires_at, principal FROM tickets WHERE hash = ?",
      hash,
    );
    if (!row) return undefined;
    storage.commit(() => storage.run("DELETE FROM tickets WHERE hash = ?", hash));
    return row.expires_at > clock.now() ? (JSON.parse(row.principal) as Session) : undefined;
  }

  /** Forgets a device: its socket is closed and what it still owed will never be asked for. */
  remove(deviceId: string): boolean {
    const connected = this.#sockets.ofDevice(deviceId);
    const isKnown = this.#parts.storage.commit(() => this.#parts.devices.remove(deviceId));
    if (connected) this.#sockets.close(connected.socket, CLOSE.sessionEnded, "the device was removed");
    this.#parts.questions.deviceGone(deviceId);
    return isKnown;
  }

  #leave(deviceId: string): void {
    this.#parts.calls.deviceGone(deviceId);
    this.#parts.questions.deviceGone(deviceId);
  }

  #hasEnded(session: Session): boolean {
    return session.expiresAt <= this.#parts.clock.now() || this.isEnded(session.sessionId);
  }

  #describe(frame: DeviceHello, known: Device | undefined): Device {
    const now = this.#parts.clock.now();
    return {
      deviceId: frame.device_id,
      storeId: frame.store_id ?? null,
      epoch: (known?.epoch ?? 0) + 1,
      tools: frame.capabilities?.tools !== false,
      firstSeen: known?.firstSeen ?? now,
      lastSeen: now,
      about: { agentIds: frame.agent_ids, ...(frame.app ? { app: frame.app } : {}) },
    };
  }

  #attached(attachment: Attachment, device: Device, frame: DeviceHello): Attachment {
    return {
      ...attachment,
      device: {
        deviceId: device.deviceId,
        storeId: device.storeId,
        epoch: device.epoch,
        tools: device.tools,
        blocks: frame.capabilities?.blocks === true,
        autoApprove: frame.capabilities?.auto_approve === true,
      },
    };
  }

  /** What was revoked while the device was away. Of a database that is gone nothing will ever be heard. */
  #repeatRevokes(socket: WebSocket, device: Device): void {
    for (const { callId, storeId } of this.#parts.devices.revokesOf(device.deviceId)) {
      if (storeId === device.storeId) this.#sockets.send(socket, { type: "tool_revoke", id: callId });
      else this.#parts.storage.commit(() => this.#parts.devices.settleRevoke(callId));
    }
  }

  #makeRoom(): void {
    const { devices } = this.#parts;
    if (devices.count() < DEVICES_MAX) return;
    const oldest = devices.all().findLast((device) => !this.#sockets.ofDevice(device.deviceId));
    if (oldest) devices.remove(oldest.deviceId);
  }
}

function hashOf(secret: string): string {
  return createHash("sha256").update(secret).digest("base64url");
}
