/** Tells what happens to the person's devices, and to the edge where it waits for a REST caller. */
import type { EventMessage, PublishedEvent } from "../../src/features/hub/schema.ts";
import type { Session } from "./connections.ts";
import { EventLog, type LoggedEvent } from "./event-log.ts";
import type { HubParts } from "./parts.ts";
import type { Sockets } from "./sockets.ts";
import type { HubStorage } from "./storage.ts";

/** Readers of one person at the same time. */
const READERS_MAX = 8;

export class HubEvents {
  readonly #storage: HubStorage;
  readonly #log: EventLog;
  readonly #sockets: Sockets;

  constructor({ storage, vault, clock }: Pick<HubParts, "storage" | "vault" | "clock">, sockets: Sockets) {
    this.#storage = storage;
    this.#log = new EventLog(storage, vault, clock);
    this.#sockets = sockets;
  }

  /** Kept before they are told: whoever was not reached can ask for them. One commit, with what `also` writes. */
  publish(events: readonly PublishedEvent[], also: () => void = () => {}): void {
    const kept = this.#storage.commit(() => {
      also();
      return events.map((event) => this.#log.append(event));
    });
    for (const text of kept.map(textOf)) {
      for (const { socket } of this.#sockets.greeted()) this.#sockets.sendText(socket, text);
      for (const socket of this.#sockets.readers()) this.#sockets.sendText(socket, text);
    }
  }

  /** Once those whose edge is gone are out of the way. */
  isFull(): boolean {
    this.#sockets.closeSilentReaders();
    return this.#sockets.readers().length >= READERS_MAX;
  }

  /**
   * Tells a reader what it missed since `cursor`, or that this is not known any more, then where the log ends; events follow as
   * they come. Without a cursor only those.
   */
  open(socket: WebSocket, session: Session, cursor: number | null): void {
    this.#sockets.acceptReader(socket, session);
    const missed = cursor === null ? [] : this.#log.after(cursor);
    const end = String(this.#log.end());
    if (!missed) return this.#send(socket, { type: "reset", id: end });
    for (const event of missed) this.#sockets.sendText(socket, textOf(event));
    this.#send(socket, { type: "ready", id: end });
  }

  #send(socket: WebSocket, message: EventMessage): void {
    this.#sockets.sendText(socket, JSON.stringify(message));
  }
}

function textOf({ id, topic, data }: LoggedEvent): string {
  return JSON.stringify({ type: "event", id: String(id), topic, data } satisfies EventMessage);
}
