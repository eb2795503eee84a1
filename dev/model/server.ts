/**
 * The model stand-in: a server that speaks the Messages API and answers by rule, so that the product runs, and is
 * tested, without a model. Loopback only.
 */
import { createServer, type IncomingMessage, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import { text as readText } from "node:stream/consumers";
import { ZodError } from "zod";
import { type Controls, control, reset } from "./control.ts";
import { toEvents, toMessage } from "./events.ts";
import {
  arrivesWhole,
  disturb,
  errorOf,
  Fault,
  type FaultInput,
  type FaultKind,
  FaultQueue,
} from "./faults.ts";
import { type LoggedRequest, RequestLog } from "./log.ts";
import { purposeOf } from "./purpose.ts";
import { newWireId, type Reply } from "./reply.ts";
import { readConversation } from "./rules/conversation.ts";
import { answerByRule } from "./rules/index.ts";
import { type Pick, Script, type ScriptInput, Scripts } from "./scripts.ts";
import { isBreak, openStream, sendEvents, sendJson } from "./send.ts";
import { ThinkingLedger } from "./thinking.ts";
import { PromptCache } from "./usage.ts";
import { ApiError, errorBody, type MessagesRequest, readRequest } from "./wire.ts";

export interface ModelServerOptions {
  /** A free one when absent. */
  port?: number;
  host?: "127.0.0.1" | "::1" | "localhost";
  /** Waited before each delta of a reply; none when absent. */
  deltaDelayMs?: number;
}

export interface ModelServer {
  /** The base URL for a client of the Messages API. */
  url: string;
  port: number;
  /** What reached the server, oldest first; with `match`, only requests whose body contains it. */
  requests(match?: string): LoggedRequest[];
  addFaults(...faults: FaultInput[]): void;
  loadScript(script: ScriptInput): void;
  /** Forgets faults, scripts and requests of one `match`, or of all. */
  reset(match?: string): void;
  close(): Promise<void>;
}

/** Any other name is answered as well. */
const MODELS = {
  data: ["stand-in", "stand-in-thinking"].map((id) => ({ type: "model", id, display_name: id })),
  has_more: false,
};

/** The header that brings a fault with the request itself: JSON of one fault. */
const FAULT_HEADER = "x-model-fault";

export async function startModelServer(options: ModelServerOptions = {}): Promise<ModelServer> {
  const standIn = new StandIn(options.deltaDelayMs ?? 0);
  const server = createServer((request, response) => void standIn.answer(request, response));
  await new Promise<void>((resolve, reject) => {
    server.once("error", reject);
    server.listen(options.port ?? 0, options.host ?? "127.0.0.1", resolve);
  });
  const { port, family, address } = server.address() as AddressInfo;
  const { controls } = standIn;
  return {
    url: `http://${family === "IPv6" ? `[${address}]` : address}:${port}`,
    port,
    requests: (match) => controls.log.find(match),
    addFaults: (...faults) => controls.faults.add(faults.map((fault) => Fault.parse(fault))),
    loadScript: (script) => controls.scripts.load(Script.parse(script)),
    reset: (match) => reset(controls, match),
    close: () =>
      new Promise((resolve) => {
        server.close(() => resolve());
        server.closeAllConnections();
      }),
  };
}

class StandIn {
  readonly controls: Controls = {
    faults: new FaultQueue(),
    scripts: new Scripts(),
    log: new RequestLog(),
    cache: new PromptCache(),
    thinking: new ThinkingLedger(),
  };
  readonly #deltaDelayMs: number;

  constructor(deltaDelayMs: number) {
    this.#deltaDelayMs = deltaDelayMs;
  }

  async answer(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const url = new URL(request.url ?? "/", "http://localhost");
    const method = request.method ?? "GET";
    try {
      const body = await readText(request);
      if (method === "POST" && url.pathname === "/v1/messages")
        return await this.#answerMessages(request, response, body);
      if (method === "GET" && url.pathname === "/health") return sendJson(response, 200, { status: "ok" });
      if (method === "GET" && url.pathname === "/v1/models") return sendJson(response, 200, MODELS);
      const isControl = url.pathname.startsWith("/_control/");
      const answer =
        isControl && control(this.controls, method, url, () => (body === "" ? undefined : JSON.parse(body)));
      if (!answer) throw new ApiError(404, "not_found_error", `Not found: ${url.pathname}`);
      sendJson(response, 200, answer);
    } catch (error) {
      sendError(response, error);
    }
  }

  async #answerMessages(request: IncomingMessage, response: ServerResponse, rawBody: string): Promise<void> {
    const fast = this.controls.scripts.takeFast(rawBody);
    if (fast) return await this.#sendFast(response, fast);
    const entry = this.controls.log.open(rawBody, request.socket.remotePort);
    response.on("close", () => {
      if (entry.outcome === "pending") entry.outcome = response.writableFinished ? "answered" : "aborted";
    });
    try {
      const parsed = this.#admit(request, rawBody, entry);
      const { reply, pick } = this.#reply(parsed, entry);
      const fault = readFaultHeader(request) ?? this.controls.faults.take(rawBody, reply, entry.purpose);
      if (!arrivesWhole(fault)) pick?.putBack();
      entry.fault = fault?.kind;
      await this.#send(response, parsed, reply, fault, entry);
    } catch (error) {
      entry.status = sendError(response, error);
    }
  }

  #admit(request: IncomingMessage, rawBody: string, entry: LoggedRequest): MessagesRequest {
    const { headers } = request;
    if (!headers.authorization && !headers["x-api-key"]) {
      throw new ApiError(401, "authentication_error", "An API key is required.");
    }
    if (!headers["anthropic-version"]) {
      throw new ApiError(400, "invalid_request_error", "anthropic-version: header is required");
    }
    const parsed = readRequest(parseJson(rawBody));
    const conversation = readConversation(parsed);
    entry.request = parsed;
    entry.purpose = purposeOf(parsed);
    entry.userText = conversation.text;
    entry.toolResults = conversation.rounds.flatMap((round) => round.map((step) => step.result));
    entry.isReasoningMissing = this.controls.thinking.check(parsed).isReasoningMissing;
    return parsed;
  }

  #reply(request: MessagesRequest, entry: LoggedRequest): { reply: Reply; pick: Pick | undefined } {
    const { rawBody, userText, purpose } = entry;
    const lastResults = readConversation(request).rounds.at(-1) ?? [];
    const toolResult = lastResults.map((step) => step.result).join("\n");
    const pick = this.controls.scripts.take({ rawBody, userText, toolResult, purpose });
    entry.source = pick ? "script" : "rules";
    const reply = pick?.reply ?? answerByRule(request);
    return { reply: this.controls.thinking.sign(reply, request), pick };
  }

  async #send(
    response: ServerResponse,
    request: MessagesRequest,
    reply: Reply,
    fault: FaultKind | undefined,
    entry: LoggedRequest,
  ): Promise<void> {
    if (fault?.kind === "hang") return;
    if (fault?.kind === "disconnect") {
      entry.outcome = "broken";
      response.destroy();
      return;
    }
    const refusal = fault && errorOf(fault);
    if (refusal) {
      entry.source = "error";
      entry.status = sendError(response, refusal.error, refusal.headers);
      return;
    }
    const given = fault ? disturb(reply, fault) : reply;
    const usage = this.controls.cache.measure(request, given);
    Object.assign(entry, { status: 200, reply: given, usage });
    if (!request.stream) {
      sendJson(response, 200, toMessage(given, request.model, usage), { "request-id": newWireId("req") });
      return;
    }
    openStream(response, newWireId("req"));
    const deltaDelayMs = given.deltaDelayMs ?? this.#deltaDelayMs;
    if (isBreak(fault) && fault.kind !== "stall") entry.outcome = "broken";
    await sendEvents(response, toEvents(given, request.model, usage), { deltaDelayMs, fault });
  }

  async #sendFast(response: ServerResponse, { reply, encoded }: Pick): Promise<void> {
    openStream(response, "req_fast");
    if (!reply.deltaDelayMs) {
      response.end(encoded);
      return;
    }
    const usage = {
      input_tokens: 1,
      cache_creation_input_tokens: 0,
      cache_read_input_tokens: 0,
      output_tokens: 1,
    };
    await sendEvents(response, toEvents(reply, "scripted", usage), {
      deltaDelayMs: reply.deltaDelayMs,
      fault: undefined,
    });
  }
}

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    throw new ApiError(400, "invalid_request_error", "The request body is not valid JSON.");
  }
}

function readFaultHeader(request: IncomingMessage): FaultKind | undefined {
  const header = request.headers[FAULT_HEADER];
  return typeof header === "string" ? Fault.parse(parseJson(header)) : undefined;
}

/** Answers with the error and returns its status. Mistakes of the stand-in itself show as 500 with their text. */
function sendError(response: ServerResponse, error: unknown, headers: Record<string, string> = {}): number {
  const requestId = newWireId("req");
  const known =
    error instanceof ApiError
      ? error
      : error instanceof ZodError || error instanceof SyntaxError
        ? new ApiError(400, "invalid_request_error", error.message)
        : new ApiError(
            500,
            "api_error",
            error instanceof Error ? (error.stack ?? error.message) : String(error),
          );
  if (!response.headersSent) {
    sendJson(response, known.status, errorBody(known, requestId), { "request-id": requestId, ...headers });
  } else response.destroy();
  return known.status;
}
