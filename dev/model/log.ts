/** The requests that reached the stand-in, for tests to count and read. */
import type { Purpose } from "./purpose.ts";
import type { Reply } from "./reply.ts";
import type { Usage } from "./usage.ts";
import type { MessagesRequest } from "./wire.ts";

/** Characters of bodies that are kept; older requests go first. */
const KEPT_CHARS_MAX = 64 * 1024 * 1024;

export interface LoggedRequest {
  /** Counts up from 1 over the server's life. */
  number: number;
  /** The client's port: requests that share it came over one connection. */
  connection: number | undefined;
  /** As received; tests tell their own requests by a word in it. */
  rawBody: string;
  request: MessagesRequest | undefined;
  /** The last text a person (or a supervisor, to its sub-agent) wrote. */
  userText: string;
  /** What the tools said since. */
  toolResults: string[];
  purpose: Purpose;
  source: "rules" | "script" | "error";
  fault: string | undefined;
  /** `pending` until it is settled; `aborted` when the client went away first. */
  outcome: "pending" | "answered" | "aborted" | "broken";
  status: number;
  /** A tool round came back without the reasoning that led to it. */
  isReasoningMissing: boolean;
  reply: Reply | undefined;
  usage: Usage | undefined;
}

export class RequestLog {
  #entries: LoggedRequest[] = [];
  #count = 0;
  #chars = 0;

  open(rawBody: string, connection: number | undefined): LoggedRequest {
    this.#count++;
    const entry: LoggedRequest = {
      number: this.#count,
      connection,
      rawBody,
      request: undefined,
      userText: "",
      toolResults: [],
      purpose: "turn",
      source: "error",
      fault: undefined,
      outcome: "pending",
      status: 0,
      isReasoningMissing: false,
      reply: undefined,
      usage: undefined,
    };
    this.#entries.push(entry);
    this.#chars += rawBody.length;
    while (this.#chars > KEPT_CHARS_MAX) this.#chars -= this.#entries.shift()?.rawBody.length ?? 0;
    return entry;
  }

  /** Those whose body contains `match`, or all; oldest first. */
  find(match?: string): LoggedRequest[] {
    return this.#entries.filter((entry) => match === undefined || entry.rawBody.includes(match));
  }

  clear(match?: string): void {
    this.#entries =
      match === undefined ? [] : this.#entries.filter((entry) => !entry.rawBody.includes(match));
  }
}
