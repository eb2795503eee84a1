/** Puts a reply on the wire: whole, paced, or broken as a fault wants it. */
import type { ServerResponse } from "node:http";
import { setTimeout as sleep } from "node:timers/promises";
import { encodeEvent, isDelta, type WireEvent } from "./events.ts";
import type { FaultKind } from "./faults.ts";

/** A fault that breaks the stream in the middle. */
type Break = Extract<FaultKind, { kind: "cut" | "stall" | "stream_error" }>;

export function isBreak(fault: FaultKind | undefined): fault is Break {
  return fault?.kind === "cut" || fault?.kind === "stall" || fault?.kind === "stream_error";
}

export function sendJson(
  response: ServerResponse,
  status: number,
  body: object,
  headers: Record<string, string> = {},
): void {
  response.writeHead(status, { "content-type": "application/json", ...headers }).end(JSON.stringify(body));
}

export function openStream(response: ServerResponse, requestId: string): void {
  response.writeHead(200, {
    "content-type": "text/event-stream; charset=utf-8",
    "cache-control": "no-cache",
    "request-id": requestId,
  });
}

/** Ends when the last event is out, the stream is broken, or the client is gone. */
export async function sendEvents(
  response: ServerResponse,
  events: WireEvent[],
  how: { deltaDelayMs: number; fault: FaultKind | undefined },
): Promise<void> {
  const breaking = isBreak(how.fault) ? how.fault : undefined;
  if (!breaking && how.deltaDelayMs === 0) {
    response.end(events.map(encodeEvent).join(""));
    return;
  }
  let charsLeft = breaking?.afterChars ?? Number.POSITIVE_INFINITY;
  for (const event of events) {
    if (isDelta(event) && how.deltaDelayMs > 0) await sleep(how.deltaDelayMs);
    if (response.destroyed) return;
    // A reply shorter than the fault's limit still breaks before its end.
    const isDue = isDelta(event) ? charsLeft <= 0 : event.type === "message_delta";
    if (breaking && isDue) return await breakStream(response, event, breaking);
    charsLeft -= deltaLength(event);
    response.write(encodeEvent(event));
  }
  response.end();
}

async function breakStream(response: ServerResponse, next: WireEvent, fault: Break): Promise<void> {
  if (fault.kind === "stall") return;
  if (fault.kind === "stream_error") {
    const error = { type: fault.type, message: "The stream was ended on purpose.", details: null };
    response.end(encodeEvent({ type: "error", error }));
    return;
  }
  const half = encodeEvent(next);
  await new Promise((resolve) => response.write(half.slice(0, half.length / 2), resolve));
  response.destroy();
}

function deltaLength(event: WireEvent): number {
  const { delta } = event;
  if (typeof delta !== "object" || delta === null) return 0;
  const text = "text" in delta ? delta.text : "partial_json" in delta ? delta.partial_json : "";
  return typeof text === "string" ? text.length : 0;
}
