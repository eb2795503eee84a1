import fc from "fast-check";
import { describe, expect, it } from "vitest";
import type { ModelEvent, ModelResponse } from "../../src/platform/model-port.ts";
import { ModelStreamError, ModelStreamParser } from "../../src/platform/model-stream.ts";

const encoder = new TextEncoder();

function sse(events: object[], lineEnd = "\n"): string {
  return events
    .map(
      (event) =>
        `event: ${"type" in event ? event.type : ""}${lineEnd}data: ${JSON.stringify(event)}${lineEnd}${lineEnd}`,
    )
    .join("");
}

function parse(...chunks: Uint8Array[]): ModelEvent[] {
  const parser = new ModelStreamParser();
  return chunks.flatMap((chunk) => parser.push(chunk));
}

function parseText(text: string): ModelEvent[] {
  return parse(encoder.encode(text));
}

function responseOf(events: ModelEvent[]): ModelResponse {
  const last = events.at(-1);
  if (last?.type !== "response") throw new Error(`no response in ${JSON.stringify(events)}`);
  return last.response;
}

const START = {
  type: "message_start",
  message: {
    model: "claude-sonnet-5-5",
    usage: {
      input_tokens: 21,
      cache_read_input_tokens: 300,
      cache_creation_input_tokens: 40,
      output_tokens: 1,
    },
  },
};
const STOP = { type: "message_stop" };

function end(stopReason: string | null, outputTokens = 9): object[] {
  return [
    { type: "message_delta", delta: { stop_reason: stopReason }, usage: { output_tokens: outputTokens } },
    STOP,
  ];
}

function text(index: number, ...parts: string[]): object[] {
  return [
    { type: "content_block_start", index, content_block: { type: "text", text: "" } },
    ...parts.map((part) => ({
      type: "content_block_delta",
      index,
      delta: { type: "text_delta", text: part },
    })),
    { type: "content_block_stop", index },
  ];
}

function toolUse(index: number, name: string, ...json: string[]): object[] {
  return [
    {
      type: "content_block_start",
      index,
      content_block: { type: "tool_use", id: `toolu_${index}`, name, input: {} },
    },
    ...json.map((part) => ({
      type: "content_block_delta",
      index,
      delta: { type: "input_json_delta", partial_json: part },
    })),
    { type: "content_block_stop", index },
  ];
}

const FULL = [
  START,
  { type: "ping" },
  { type: "content_block_start", index: 0, content_block: { type: "thinking", thinking: "", signature: "" } },
  { type: "content_block_delta", index: 0, delta: { type: "thinking_delta", thinking: "Let me " } },
  { type: "content_block_delta", index: 0, delta: { type: "thinking_delta", thinking: "see. 🤔" } },
  { type: "content_block_delta", index: 0, delta: { type: "signature_delta", signature: "c2ln" } },
  { type: "content_block_stop", index: 0 },
  ...text(1, "Grüße — ", "日本語 und 👩‍💻", " \\n\n\r\u2028 fin"),
  ...toolUse(2, "list_tasks", "", '{"status":"to', 'do","tags":["ä",', '"👍"]}'),
  ...toolUse(3, "list_projects"),
  ...end("tool_use", 77),
];

describe("parsing a model's stream", () => {
  it("gives text as it comes and the whole response at the end", () => {
    const events = parseText(sse(FULL));
    expect(events.slice(0, -1)).toEqual([
      { type: "text", text: "Grüße — " },
      { type: "text", text: "日本語 und 👩‍💻" },
      { type: "text", text: " \\n\n\r\u2028 fin" },
    ]);
    expect(responseOf(events)).toEqual({
      model: "claude-sonnet-5-5",
      stopReason: "tool_use",
      usage: { inputTokens: 21, outputTokens: 77, cacheReadTokens: 300, cacheWriteTokens: 40 },
      content: [
        { type: "reasoning", raw: { type: "thinking", thinking: "Let me see. 🤔", signature: "c2ln" } },
        { type: "text", text: "Grüße — 日本語 und 👩‍💻 \\n\n\r\u2028 fin" },
        { type: "tool_use", id: "toolu_2", name: "list_tasks", input: { status: "todo", tags: ["ä", "👍"] } },
        { type: "tool_use", id: "toolu_3", name: "list_projects", input: {} },
      ],
    });
  });

  it("gives the same events however the bytes are cut, whatever the line ends", () => {
    const lineEnds = fc.constantFrom("\n", "\r\n", "\r");
    const cuts = fc.array(fc.nat({ max: 4000 }), { maxLength: 60 });
    const expected = parseText(sse(FULL));
    fc.assert(
      fc.property(lineEnds, cuts, (lineEnd, positions) => {
        const bytes = encoder.encode(`: hello${lineEnd}${sse(FULL, lineEnd)}`);
        const sorted = [...new Set(positions.filter((position) => position < bytes.length))].sort(
          (a, b) => a - b,
        );
        const chunks = [...sorted, bytes.length].map((to, index) =>
          bytes.subarray(sorted[index - 1] ?? 0, to),
        );
        expect(parse(...chunks)).toEqual(expected);
      }),
      { numRuns: 300 },
    );
  });

  it("gives the same events one byte at a time", () => {
    const bytes = encoder.encode(sse(FULL, "\r\n"));
    expect(parse(...Array.from(bytes, (byte) => Uint8Array.of(byte)))).toEqual(parseText(sse(FULL)));
  });

  it("returns any text and tool input unharmed", () => {
    fc.assert(
      fc.property(
        fc.array(fc.string({ unit: "binary", minLength: 1 }), { minLength: 1, maxLength: 5 }),
        fc.dictionary(fc.string(), fc.jsonValue()),
        fc.nat({ max: 50 }),
        (parts, input, cut) => {
          const json = JSON.stringify(input);
          const events = [
            START,
            ...text(0, ...parts),
            ...toolUse(1, "any", json.slice(0, cut), json.slice(cut)),
            ...end("tool_use"),
          ];
          const response = responseOf(parseText(sse(events)));
          expect(response.content).toEqual([
            { type: "text", text: parts.join("") },
            { type: "tool_use", id: "toolu_1", name: "any", input: JSON.parse(json) },
          ]);
        },
      ),
    );
  });

  it("skips comments, pings, other fields and whatever it does not know", () => {
    const odd = [
      { type: "content_block_start", index: 5, content_block: { type: "server_tool_use", name: "web" } },
      { type: "content_block_delta", index: 5, delta: { type: "input_json_delta", partial_json: "{}" } },
      { type: "content_block_delta", index: 9, delta: { type: "text_delta", text: "belongs to no block" } },
      { type: "vibe_update", vibe: "good" },
      { type: "content_block_delta", index: 0, delta: { type: "citations_delta", citation: {} } },
    ];
    const stream = `: comment\nid: 7\nretry: 10\n\n${sse([START, ...text(0, "yes"), ...odd, ...end("end_turn")])}`;
    expect(responseOf(parseText(stream)).content).toEqual([{ type: "text", text: "yes" }]);
  });

  it("reads data that comes in several lines and without a space", () => {
    const stream = `${sse([START])}data:{"type":"content_block_start","index":0,\ndata:"content_block":{"type":"text","text":"Hi"}}\n\n${sse(end("end_turn"))}`;
    expect(responseOf(parseText(stream)).content).toEqual([{ type: "text", text: "Hi" }]);
  });

  it.each([
    ["half an object", '{"title":"Buy mi'],
    ["words", "create a task"],
    ["an array", "[1,2]"],
    ["null", "null"],
    ["a number", "7"],
  ])("keeps tool input that is %s as invalid JSON", (_, json) => {
    const response = responseOf(
      parseText(sse([START, ...toolUse(0, "create_task", json), ...end("tool_use")])),
    );
    expect(response.content).toEqual([
      { type: "tool_use", id: "toolu_0", name: "create_task", input: {}, invalidJson: json },
    ]);
  });

  it("takes tool input that comes whole with the start of its block", () => {
    const block = { type: "tool_use", id: "t", name: "get_note", input: { noteId: "n1" } };
    const events = [
      START,
      { type: "content_block_start", index: 0, content_block: block },
      ...end("tool_use"),
    ];
    expect(responseOf(parseText(sse(events))).content).toEqual([block]);
  });

  it("leaves out empty text, and keeps redacted reasoning as it is", () => {
    const block = { type: "redacted_thinking", data: "b64==" };
    const events = [
      START,
      ...text(0),
      { type: "content_block_start", index: 1, content_block: block },
      ...end("end_turn"),
    ];
    expect(responseOf(parseText(sse(events))).content).toEqual([{ type: "reasoning", raw: block }]);
  });

  it.each([
    ["end_turn", "end_turn"],
    ["max_tokens", "max_tokens"],
    ["stop_sequence", "stop_sequence"],
    ["refusal", "refusal"],
    ["model_context_window_exceeded", "max_tokens"],
    ["pause_turn", "end_turn"],
    [null, "end_turn"],
  ])("reads stop reason %s as %s", (given, expected) => {
    expect(responseOf(parseText(sse([START, ...text(0, "x"), ...end(given)]))).stopReason).toBe(expected);
  });

  it("believes a tool use more than an unknown stop reason", () => {
    expect(responseOf(parseText(sse([START, ...toolUse(0, "x"), ...end("whatever")]))).stopReason).toBe(
      "tool_use",
    );
  });

  it("takes figures of the last usage, and keeps earlier ones where it has none", () => {
    const delta = {
      type: "message_delta",
      delta: { stop_reason: "end_turn" },
      usage: { input_tokens: 30, output_tokens: 5, cache_read_input_tokens: null },
    };
    expect(responseOf(parseText(sse([START, delta, STOP]))).usage).toEqual({
      inputTokens: 30,
      outputTokens: 5,
      cacheReadTokens: 300,
      cacheWriteTokens: 40,
    });
  });

  it("throws the provider's error type, and none of its words, on an error event", () => {
    const error = { type: "error", error: { type: "overloaded_error", message: "secret words" } };
    const parser = new ModelStreamParser();
    expect(parser.push(encoder.encode(sse([START, ...text(0, "Hal")])))).toEqual([
      { type: "text", text: "Hal" },
    ]);
    const failure = expect(() => parser.push(encoder.encode(sse([error]))));
    failure.toThrow(ModelStreamError);
    failure.toThrow(/^model stream: overloaded_error$/);
  });

  it.each(["data: {broken\n\n", "data: null\n\n", "data: 5\n\n"])(
    "throws on data that is no event: %j",
    (stream) => {
      expect(() => parseText(stream)).toThrow("malformed_stream");
    },
  );

  it("throws when one event never ends, instead of growing without bound", () => {
    const parser = new ModelStreamParser();
    const megabyte = encoder.encode("data: ".padEnd(1024 * 1024, "x"));
    expect(() => {
      for (let index = 0; index < 6; index++) parser.push(megabyte);
    }).toThrow("malformed_stream");
  });

  it("throws when the events of one response never end", () => {
    const parser = new ModelStreamParser();
    const part = encoder.encode(sse(text(0, "x".repeat(100_000)).slice(1)));
    parser.push(encoder.encode(sse([START, ...text(0, "x")])));
    expect(() => {
      for (let index = 0; index < 20; index++) parser.push(part);
    }).toThrow("malformed_stream");
  });

  it("believes no figure that is none", () => {
    for (const odd of [-1, 1.5, "12", 1e15, null, {}, true]) {
      const usage = { input_tokens: odd, output_tokens: odd, cache_read_input_tokens: odd };
      const delta = { type: "message_delta", delta: { stop_reason: "end_turn" }, usage };
      expect(responseOf(parseText(sse([START, delta, STOP]))).usage).toEqual({
        inputTokens: 21,
        outputTokens: 1,
        cacheReadTokens: 300,
        cacheWriteTokens: 40,
      });
    }
  });

  it("takes tool input that is nested without end for broken", () => {
    const deep = `{"a":${"[".repeat(5000)}${"]".repeat(5000)}}`;
    const [use] = responseOf(
      parseText(sse([START, ...toolUse(0, "task", deep), ...end("tool_use")])),
    ).content;
    expect(use).toMatchObject({ type: "tool_use", input: {}, invalidJson: deep });
  });

  it("ignores what follows the end", () => {
    const events = parseText(sse([START, ...text(0, "a"), ...end("end_turn"), ...text(1, "b"), STOP]));
    expect(events.map((event) => event.type)).toEqual(["text", "response"]);
  });
});
