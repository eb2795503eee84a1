/** Faults on demand: queued by tests, each taken by the first request it fits. */
import { z } from "zod";
import type { Purpose } from "./purpose.ts";
import type { Part, Reply } from "./reply.ts";
import { ApiError } from "./wire.ts";

/** Characters of text or tool JSON that get through before a stream breaks. */
const afterChars = z.int().nonnegative().default(20);

const FaultKind = z.discriminatedUnion("kind", [
  z.object({
    kind: z.literal("rate_limit"),
    retryAfter: z.string().optional(),
    retryAfterMs: z.number().optional(),
  }),
  z.object({
    kind: z.literal("overloaded"),
    retryAfter: z.string().optional(),
    retryAfterMs: z.number().optional(),
  }),
  z.object({ kind: z.literal("server_error") }),
  z.object({
    kind: z.literal("status"),
    status: z.int().min(400).max(599),
    type: z.string(),
    message: z.string(),
  }),
  z.object({ kind: z.literal("hang") }),
  z.object({ kind: z.literal("disconnect") }),
  z.object({ kind: z.literal("cut"), afterChars }),
  z.object({ kind: z.literal("stall"), afterChars }),
  z.object({ kind: z.literal("stream_error"), type: z.string().default("overloaded_error"), afterChars }),
  z.object({ kind: z.literal("slow"), deltaDelayMs: z.number().positive() }),
  z.object({ kind: z.literal("bad_tool_json"), rawJson: z.string().default('{"title": "Buy mi') }),
  z.object({ kind: z.literal("refusal") }),
  z.object({ kind: z.literal("max_tokens"), afterChars }),
]);
export type FaultKind = z.infer<typeof FaultKind>;

export const Fault = z.intersection(
  FaultKind,
  z.object({
    /** Only for requests whose body contains this. */
    match: z.string().optional(),
    purpose: z.enum(["turn", "memory"]).default("turn"),
    /** Fitting requests that pass unharmed first. */
    skip: z.int().nonnegative().default(0),
    times: z.int().positive().default(1),
  }),
);
export type Fault = z.infer<typeof Fault>;
export type FaultInput = z.input<typeof Fault>;

export class FaultQueue {
  #queue: Fault[] = [];

  add(faults: Fault[]): void {
    this.#queue.push(...faults.map((fault) => ({ ...fault })));
  }

  /** The fault this request meets. A fault of tool input waits for a reply that uses a tool. */
  take(rawBody: string, reply: Reply, purpose: Purpose): FaultKind | undefined {
    const usesTools = reply.content.some((part) => part.type === "tool_use");
    for (const fault of this.#queue) {
      if (fault.purpose !== purpose) continue;
      if (fault.match !== undefined && !rawBody.includes(fault.match)) continue;
      if (fault.kind === "bad_tool_json" && !usesTools) continue;
      if (fault.skip > 0) {
        fault.skip--;
        continue;
      }
      fault.times--;
      if (fault.times === 0) this.#queue = this.#queue.filter((other) => other !== fault);
      return fault;
    }
    return undefined;
  }

  pending(): Fault[] {
    return [...this.#queue];
  }

  /** Forgets the faults with this `match`, or all. */
  clear(match?: string): void {
    this.#queue = match === undefined ? [] : this.#queue.filter((fault) => fault.match !== match);
  }
}

/** The error that answers the request in place of a reply, with its headers. */
export function errorOf(fault: FaultKind): { error: ApiError; headers: Record<string, string> } | undefined {
  switch (fault.kind) {
    case "rate_limit":
      return {
        error: new ApiError(429, "rate_limit_error", "Number of requests has exceeded your limit."),
        headers: waits(fault),
      };
    case "overloaded":
      return { error: new ApiError(529, "overloaded_error", "Overloaded"), headers: waits(fault) };
    case "server_error":
      return { error: new ApiError(500, "api_error", "Internal server error"), headers: {} };
    case "status":
      return { error: new ApiError(fault.status, fault.type, fault.message), headers: {} };
    default:
      return undefined;
  }
}

/** The reply as this fault leaves it. */
export function disturb(reply: Reply, fault: FaultKind): Reply {
  switch (fault.kind) {
    case "slow":
      return { ...reply, deltaDelayMs: fault.deltaDelayMs };
    case "refusal":
      return { content: [], stopReason: "refusal" };
    case "bad_tool_json":
      return {
        ...reply,
        content: reply.content.map((part) =>
          part.type === "tool_use" ? { ...part, rawJson: fault.rawJson } : part,
        ),
      };
    case "max_tokens":
      return truncate(reply, fault.afterChars);
    default:
      return reply;
  }
}

/** Whether the whole reply still arrives, so that a scripted one counts as given. */
export function arrivesWhole(fault: FaultKind | undefined): boolean {
  return fault === undefined || ["slow", "refusal", "bad_tool_json", "max_tokens"].includes(fault.kind);
}

function truncate(reply: Reply, afterChars: number): Reply {
  let left = afterChars;
  const content = reply.content.flatMap((part): Part[] => {
    if (left <= 0) return [];
    if (part.type === "thinking") return [part];
    const whole =
      part.type === "text" ? (part.text ?? part.chunks?.join("") ?? "") : JSON.stringify(part.input);
    const kept = whole.slice(0, left);
    left -= whole.length;
    if (part.type === "text") return [{ type: "text", text: kept }];
    return [{ ...part, rawJson: kept }];
  });
  return { content, stopReason: "max_tokens" };
}

function waits(fault: {
  retryAfter?: string | undefined;
  retryAfterMs?: number | undefined;
}): Record<string, string> {
  return {
    ...(fault.retryAfter !== undefined && { "retry-after": fault.retryAfter }),
    ...(fault.retryAfterMs !== undefined && { "retry-after-ms": String(fault.retryAfterMs) }),
  };
}
