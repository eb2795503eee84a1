/**
 * The model of the bench, a process of its own: answers at once. A request without a tool result gets one tool use, one
 * with a tool result gets 20 pieces of text. In paced mode the first piece says when it was sent.
 */
import { createServer } from "node:http";

const DELTAS = 20;
/** Between two pieces in paced mode, so that the first is alone on the wire. */
const PACE_MS = 20;

const event = (data: { type: string; [field: string]: unknown }) =>
  `event: ${data.type}\ndata: ${JSON.stringify(data)}\n\n`;

const start = event({
  type: "message_start",
  message: {
    id: "msg_bench",
    type: "message",
    role: "assistant",
    model: "bench",
    content: [],
    stop_reason: null,
    stop_sequence: null,
    usage: { input_tokens: 1, output_tokens: 1, cache_creation_input_tokens: 0, cache_read_input_tokens: 0 },
  },
});

const finish = (reason: string) =>
  event({ type: "content_block_stop", index: 0 }) +
  event({
    type: "message_delta",
    delta: { stop_reason: reason, stop_sequence: null },
    usage: { output_tokens: 20 },
  }) +
  event({ type: "message_stop" });

const toolUse =
  start +
  event({
    type: "content_block_start",
    index: 0,
    content_block: { type: "tool_use", id: "toolu_bench", name: "list_tasks", input: {} },
  }) +
  event({ type: "content_block_delta", index: 0, delta: { type: "input_json_delta", partial_json: "{}" } }) +
  finish("tool_use");

const open = event({ type: "content_block_start", index: 0, content_block: { type: "text", text: "" } });
const piece = (text: string) =>
  event({ type: "content_block_delta", index: 0, delta: { type: "text_delta", text } });
const words = Array.from({ length: DELTAS }, (_, index) => piece(`word${index} `));
const whole = Buffer.from(start + open + words.join("") + finish("end_turn"));

const server = createServer(async (request, response) => {
  const chunks: Buffer[] = [];
  for await (const chunk of request) chunks.push(chunk);
  const body = Buffer.concat(chunks);
  response.writeHead(200, { "content-type": "text/event-stream" });
  if (!body.includes('"tool_result"')) return void response.end(toolUse);
  if (!body.includes("paced")) return void response.end(whole);
  response.write(start + open);
  setTimeout(() => {
    // Monotonic, and the same clock in every process of the machine.
    response.write(piece(`t${process.hrtime.bigint()} `));
    setTimeout(() => response.end(words.slice(1).join("") + finish("end_turn")), PACE_MS);
  }, PACE_MS);
});

server.keepAliveTimeout = 600_000;
server.listen(0, "127.0.0.1", () => {
  const address = server.address();
  if (address && typeof address === "object") process.send?.(address.port);
});
process.on("disconnect", () => process.exit(0));
