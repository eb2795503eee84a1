/** A reply as the API sends it: the events of a stream, or one message. */
import { newWireId, type Part, type Reply, stopReasonOf, textOf } from "./reply.ts";
import type { Usage } from "./usage.ts";

export interface WireEvent {
  type: string;
  [field: string]: unknown;
}

/** Whether a stream pauses before this event when it is slow. */
export function isDelta(event: WireEvent): boolean {
  return event.type === "content_block_delta";
}

export function encodeEvent(event: WireEvent): string {
  return `event: ${event.type}\ndata: ${JSON.stringify(event)}\n\n`;
}

export function toEvents(reply: Reply, model: string, usage: Usage): WireEvent[] {
  const stop = { stop_reason: stopReasonOf(reply), stop_sequence: null, stop_details: null, container: null };
  return [
    { type: "message_start", message: emptyMessage(model, { ...usage, output_tokens: 1 }) },
    { type: "ping" },
    ...reply.content.flatMap(partEvents),
    {
      type: "message_delta",
      delta: stop,
      usage: { ...usage, output_tokens_details: null, server_tool_use: null },
    },
    { type: "message_stop" },
  ];
}

export function toMessage(reply: Reply, model: string, usage: Usage): object {
  return {
    ...emptyMessage(model, usage),
    content: reply.content.map(toBlock),
    stop_reason: stopReasonOf(reply),
  };
}

/** Pieces about as long as tokens; words, tags and numbers are cut wherever they happen to be. */
export function splitText(text: string): string[] {
  return text.match(/\s*\S{1,5}|\s+/gu) ?? [];
}

function emptyMessage(model: string, usage: object): object {
  return {
    id: newWireId("msg"),
    type: "message",
    role: "assistant",
    model,
    content: [],
    container: null,
    diagnostics: null,
    stop_reason: null,
    stop_sequence: null,
    stop_details: null,
    usage: {
      ...usage,
      cache_creation: null,
      inference_geo: null,
      output_tokens_details: null,
      service_tier: "standard",
    },
  };
}

function toBlock(part: Part): object {
  if (part.type === "text") return { type: "text", text: textOf(part), citations: null };
  if (part.type === "thinking") return part;
  const { name, input } = part;
  return { type: "tool_use", id: part.id ?? newWireId("toolu"), name, input, caller: { type: "direct" } };
}

function partEvents(part: Part, index: number): WireEvent[] {
  const start = (block: object): WireEvent => ({ type: "content_block_start", index, content_block: block });
  const delta = (fields: object): WireEvent => ({ type: "content_block_delta", index, delta: fields });
  const stop: WireEvent = { type: "content_block_stop", index };
  if (part.type === "text") {
    const pieces = part.chunks ?? splitText(textOf(part));
    const deltas = pieces.map((text) => delta({ type: "text_delta", text }));
    return [start({ type: "text", text: "", citations: null }), ...deltas, stop];
  }
  if (part.type === "thinking") {
    const signature = delta({ type: "signature_delta", signature: part.signature });
    const words = part.thinking === "" ? [] : [delta({ type: "thinking_delta", thinking: part.thinking })];
    return [start({ type: "thinking", thinking: "", signature: "" }), ...words, signature, stop];
  }
  const json = part.rawJson ?? JSON.stringify(part.input);
  const pieces = ["", ...(json === "{}" ? [] : (json.match(/[\s\S]{1,12}/gu) ?? []))];
  const deltas = pieces.map((piece) => delta({ type: "input_json_delta", partial_json: piece }));
  const block = { type: "tool_use", id: part.id ?? newWireId("toolu"), name: part.name, input: {} };
  return [start({ ...block, caller: { type: "direct" } }), ...deltas, stop];
}
