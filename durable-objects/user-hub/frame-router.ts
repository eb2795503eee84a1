/** Reads what clients send and calls the verb it asks for. Bad frames are answered, and end the socket when they pile up. */
import { newestOf } from "../../src/features/agent/history.ts";
import type { AgentToRun } from "../../src/features/custom-agents/schema.ts";
import { readClientFrame } from "../../src/features/hub/client-frames.ts";
import {
  CLOSE,
  type ClientFrame,
  type FloatingRequest,
  type HomeRequest,
  MAX_FRAME_BYTES,
  PONG_TEXT,
  type Resume,
  type ToolResult,
} from "../../src/features/hub/protocol.ts";
import { AppError, ERROR_CATALOGUE, type ErrorCode, tellable } from "../../src/lib/errors.ts";
import { isUuid, newId } from "../../src/lib/ids.ts";
import { isTooDeep } from "../../src/lib/json.ts";
import type { Logger } from "../../src/lib/logger.ts";
import type { Connections, Session } from "./connections.ts";
import type { DataRequests } from "./data-requests.ts";
import type { AttachedDevice, Sockets } from "./sockets.ts";
import type { ToolAnswers } from "./tool-answers.ts";
import type { Binding } from "./turn-record.ts";
import type { Turns } from "./turns.ts";

const BAD_FRAMES_MAX = 20;
const BAD_FRAMES_WINDOW_MS = 60_000;

export interface RouterParts {
  now(): number;
  log: Logger;
  sockets: Sockets;
  connections: Connections;
  turns: Turns;
  answers: ToolAnswers;
  questions: DataRequests;
  /** The device a new turn works with. */
  bind(deviceId: string): Binding;
  /** Who answers in a chat in place of the assistant; at once undefined where it is known that nobody does. */
  agentOfChat(chatId: string): Promise<AgentToRun | undefined> | undefined;
  /** Lets work go on that nobody waits for. */
  goOn(work: Promise<unknown>): void;
  /** Throws `forbidden` for a role that may not start turns. */
  assertMayStart(): void;
  /** Reads a fresh token of the same user; throws `unauthorized` and its kin. */
  readToken(token: string): Promise<Session>;
}

export class FrameRouter {
  readonly #parts: RouterParts;
  /** Turns that wait to know who answers in their chat. */
  #askedAgents = 0;
  readonly #badFrames = new WeakMap<WebSocket, number[]>();

  constructor(parts: RouterParts) {
    this.#parts = parts;
  }

  /** A promise only where something must be waited for: results of tools, of which there are many, want none. */
  route(socket: WebSocket, data: string | ArrayBuffer): Promise<void> | undefined {
    const { sockets } = this.#parts;
    if (isTooLarge(data)) return void sockets.close(socket, CLOSE.frameTooLarge, "frame too large");
    sockets.heard(socket);
    if (sockets.isExpired(socket)) {
      return void sockets.close(socket, CLOSE.sessionEnded, "the session has ended");
    }
    if (data === PONG_TEXT) return;
    const frame = this.#read(socket, data);
    if (!frame) return;
    try {
      if (frame.type !== "auth_refresh") return void this.#dispatch(socket, frame);
      const { readToken, connections } = this.#parts;
      return readToken(frame.token)
        .then((session) => connections.extend(socket, session))
        .catch((error: unknown) => this.#fail(socket, frame, error));
    } catch (error) {
      this.#fail(socket, frame, error);
    }
  }

  /** Undefined for what is no frame, which is answered. */
  #read(socket: WebSocket, data: string | ArrayBuffer): ClientFrame | undefined {
    if (typeof data !== "string") return void this.#reject(socket, "Frames are JSON text.");
    let raw: unknown;
    try {
      raw = JSON.parse(data);
    } catch {
      return void this.#reject(socket, "The frame is not valid JSON.");
    }
    if (isTooDeep(raw)) return void this.#reject(socket, "The frame is nested too deeply.");
    const reading = readClientFrame(raw);
    if (reading.success) return reading.data;
    const issue = reading.error.issues[0];
    const why = `${issue?.path.join(".") || "frame"}: ${issue?.message ?? "invalid"}`;
    this.#reject(socket, why, repliedTo(raw));
  }

  /** Nothing is thrown on to the runtime: it would log the error's text, which may quote the frame. */
  #fail(socket: WebSocket, frame: ClientFrame, error: unknown): void {
    const known = tellable(error);
    if (known !== error) this.#parts.log.error({ event: "frame.failed", frame: frame.type }, error);
    const code = known.code === "bad_request" ? "bad_frame" : known.code;
    this.#refuse(socket, code, known.message, repliedTo(frame), known.retryAfterS);
  }

  #dispatch(socket: WebSocket, frame: Exclude<ClientFrame, { type: "auth_refresh" }>): void {
    const { sockets, connections, turns } = this.#parts;
    if (frame.type === "ping") return void sockets.sendText(socket, PONG_TEXT);
    if (frame.type === "pong") return;
    if (frame.type === "device_hello") return connections.greet(socket, frame);
    const { device } = sockets.attachment(socket);
    if (!device) throw new AppError("bad_request", { detail: "Say device_hello first." });
    switch (frame.type) {
      case "home_request":
      case "floating_request":
        return this.#startTurn(socket, device, frame);
      case "tool_result":
        return this.#takeResult(device, frame);
      case "resume":
        return this.#resume(socket, frame);
      case "cancel":
        if (!turns.cancel(frame.request_id)) this.#noSuchTurn();
        return;
      case "approve":
      case "reject": {
        const state = frame.type === "approve" ? "approved" : "rejected";
        if (turns.decide(frame.approval_id, state, frame.note)) return;
        throw new AppError("not_found", { detail: "There is nothing to decide under this id any more." });
      }
      case "data_response":
        return this.#parts.questions.take(device.deviceId, frame);
    }
  }

  #startTurn(socket: WebSocket, device: AttachedDevice, frame: HomeRequest | FloatingRequest): void {
    const { turns } = this.#parts;
    this.#parts.assertMayStart();
    const requestId = frame.request_id ?? newId();
    if (turns.has(requestId)) {
      return this.#resume(socket, { type: "resume", request_id: requestId, gen: 1, after_seq: 0 });
    }
    if (frame.chat_id !== undefined && !isUuid(frame.chat_id)) {
      throw new AppError("bad_request", { detail: "chat_id: must be the id of a chat." });
    }
    const chatId = frame.chat_id?.toLowerCase();
    if (chatId === undefined) return this.#admit(device, frame, requestId);
    // The database is not asked for more turns than there may be.
    turns.assertRoom(this.#askedAgents);
    const agent = this.#parts.agentOfChat(chatId);
    if (!agent) return this.#admit(device, frame, requestId);
    this.#askedAgents++;
    const admitted = agent
      .finally(() => this.#askedAgents--)
      .then((found) => {
        if (turns.has(requestId)) return;
        this.#parts.assertMayStart();
        this.#admit(device, frame, requestId, found);
      });
    this.#parts.goOn(admitted.catch((error: unknown) => this.#fail(socket, frame, error)));
  }

  #admit(
    { deviceId, epoch, blocks, autoApprove }: AttachedDevice,
    frame: HomeRequest | FloatingRequest,
    requestId: string,
    agent?: AgentToRun,
  ): void {
    this.#parts.turns.admit(
      {
        requestId,
        message: frame.message,
        // A popup's exchange, or one of a client that keeps its own history, belongs to no chat unless it names one.
        startsChat: frame.type === "home_request" && !frame.chat_id && !frame.conversation_history,
        ...(frame.chat_id === undefined ? {} : { chatId: frame.chat_id.toLowerCase() }),
        ...(agent ? { agent } : {}),
        ...(frame.type === "home_request"
          ? { kind: "home", history: newestOf(frame.conversation_history ?? []) }
          : { kind: "floating", ...(frame.scope ? { scope: frame.scope } : {}) }),
      },
      { connection: { deviceId, epoch }, blocks, autoApprove, canAsk: true },
      this.#parts.bind(deviceId),
    );
  }

  /** Everything missed, in order, and from here on the turn's frames as they come. */
  #resume(socket: WebSocket, frame: Resume): void {
    const { turns, sockets } = this.#parts;
    const missed = turns.missed(frame.request_id, frame.gen, frame.after_seq);
    if (!missed) return this.#noSuchTurn();
    if (!turns.isEnded(frame.request_id)) sockets.follow(socket, frame.request_id);
    for (const each of missed) sockets.send(socket, each);
  }

  /** Frames of an older connection say nothing about this one. */
  #takeResult(device: AttachedDevice, frame: ToolResult): void {
    if (frame.epoch === device.epoch) this.#parts.answers.take(device.deviceId, frame);
  }

  #noSuchTurn(): never {
    throw new AppError("not_found", { detail: "There is no such turn, or its frames are no longer kept." });
  }

  #reject(socket: WebSocket, why: string, inReplyTo?: string): void {
    const now = this.#parts.now();
    const recent = (this.#badFrames.get(socket) ?? []).filter((at) => at > now - BAD_FRAMES_WINDOW_MS);
    recent.push(now);
    this.#badFrames.set(socket, recent);
    if (recent.length > BAD_FRAMES_MAX) {
      return this.#parts.sockets.close(socket, CLOSE.protocolAbuse, "too many bad frames");
    }
    this.#refuse(socket, "bad_frame", why, inReplyTo);
  }

  #refuse(
    socket: WebSocket,
    code: ErrorCode | "bad_frame",
    why: string,
    inReplyTo?: string,
    retryAfterS?: number,
  ): void {
    const title = code === "bad_frame" ? "The frame cannot be read." : ERROR_CATALOGUE[code].title;
    this.#parts.sockets.send(socket, {
      type: "error",
      code,
      message: why || title,
      ...(inReplyTo === undefined ? {} : { in_reply_to: inReplyTo }),
      ...(retryAfterS === undefined ? {} : { retry_after_s: retryAfterS }),
    });
  }
}

function isTooLarge(data: string | ArrayBuffer): boolean {
  if (typeof data !== "string") return data.byteLength > MAX_FRAME_BYTES;
  // No UTF-16 unit takes more than three bytes: shorter frames need no counting.
  return data.length * 3 > MAX_FRAME_BYTES && Buffer.byteLength(data) > MAX_FRAME_BYTES;
}

/** The id that a broken frame carried, when it can be seen. */
function repliedTo(raw: unknown): string | undefined {
  if (typeof raw !== "object" || raw === null) return undefined;
  const fields = raw as Record<string, unknown>;
  const id = fields["request_id"] ?? fields["id"] ?? fields["approval_id"] ?? fields["device_id"];
  return typeof id === "string" ? id.slice(0, 200) : undefined;
}
