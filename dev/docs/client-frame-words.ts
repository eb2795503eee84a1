/** What the protocol reference says of the frames that clients send. */
import type { ClientFrame } from "../../src/features/hub/protocol.ts";
import { APPROVAL, CALL, DEVICE, TASK, TURN } from "./example-ids.ts";
import type { Frames, WordsOf } from "./frame-words.ts";

export const CLIENT_WORDS: WordsOf<Frames<typeof ClientFrame>> = {
  device_hello: {
    meaning:
      "The first frame of a connection, within 10 s. A second connection with the same `device_id` replaces the first.",
    fields: {
      device_id: "names this installation; the same at every start",
      agent_ids: "automations held on this device",
      protocol: "the version spoken",
      capabilities: "what this client can do; absent flags are off, but for `tools`",
      "capabilities.tools": "executes tool calls; `false` makes it a viewer, absent counts as `true`",
      "capabilities.blocks":
        "shows `stream_block`s; without it charts and references come as tags in the text",
      "capabilities.files": "can read files for automations",
      "capabilities.auto_approve": "answers approvals for the person: nothing is asked",
      "capabilities.mcp": "tools of MCP servers that this device hosts",
      app: "what the app says of itself; the time zone decides what “today” is",
      store_id: "names the database file; another one after a restore",
    },
    example: {
      type: "device_hello",
      device_id: DEVICE,
      agent_ids: [],
      protocol: 3,
      capabilities: { tools: true, blocks: true },
      app: { name: "my-app", version: "1.0.0", timezone: "Europe/Berlin", locale: "de-DE" },
      store_id: "019a9f3d-55b0-7d0c-b1f2-90a1c2d3e4f5",
    },
  },
  home_request: {
    meaning:
      "Starts a turn of the home supervisor. A repeated `request_id` resumes that turn and never starts another.",
    fields: {
      message: "what the person says",
      chat_id:
        "goes on in this chat, and its agent answers; without it, and without a history, a chat is made",
      conversation_history: "earlier messages that the client keeps itself; ignored when `chat_id` is given",
    },
    example: { type: "home_request", request_id: TURN, message: "What is due today?" },
  },
  floating_request: {
    meaning:
      "Starts a turn of the floating supervisor: a popup that is open on one thing. Its answers are text only.",
    fields: {
      message: "what the person says",
      scope: "what the popup is open on; its domain's agent answers directly",
      "scope.type":
        "decides the domain: task → tasks, project and client → projects, note → notes, timeline → timelines",
      "scope.id": "the row, which is then loaded before the model is asked",
      chat_id: "goes on in this chat, and its agent answers; without it the exchange belongs to none",
    },
    example: {
      type: "floating_request",
      request_id: TURN,
      message: "When is it due?",
      scope: { type: "task", id: TASK },
    },
  },
  cancel: {
    meaning: "Stops a turn. It still ends with `stream_end`, with `status: cancelled`.",
    fields: {},
    example: { type: "cancel", request_id: TURN },
  },
  tool_result: {
    meaning:
      "The answer to a `tool_call`: exactly one of `row`, `rows`, `results`, `deleted`, `ok`, `error`.",
    fields: {
      id: "the call's",
      epoch: "of the connection it is sent on, as `welcome` gave it; the hub ignores an older one",
      row: "after `get`, `insert`, `update`, `mcp_call`; null when there is no such row",
      rows: "after `select`",
      results: "after `vector_search`, the best first",
      "results[].score": "cosine similarity",
      deleted: "after `delete`: whether there was such a row",
      ok: "after `vector_upsert`",
      error: "why the call cannot be done; its words go to the model",
    },
    example: {
      type: "tool_result",
      id: CALL,
      epoch: 4,
      rows: [{ id: TASK, title: "Send the October invoices", status: "todo" }],
    },
  },
  approve: {
    meaning: "The person agrees to what `approval_request` asked.",
    fields: { approval_id: "from the request", note: "for the model" },
    example: { type: "approve", approval_id: APPROVAL },
  },
  reject: {
    meaning: "The person declines. The model is told, with the note.",
    fields: { approval_id: "from the request", note: "for the model" },
    example: { type: "reject", approval_id: APPROVAL, note: "I still need it." },
  },
  data_response: {
    meaning: "The answer to a `data_request`, within the time of a tool call.",
    fields: {
      id: "the request's",
      data: "what was asked for, in the device's own words; null when it has none",
    },
    example: { type: "data_response", id: "q1", data: { platform: "linux" } },
  },
  resume: {
    meaning:
      "Asks for the frames of a turn after a point, and for those that follow. Possible from before the first token until 10 minutes after the end.",
    fields: { after_seq: "the last frame that was seen; 0 for all" },
    example: { type: "resume", request_id: TURN, gen: 1, after_seq: 7 },
  },
  ping: {
    meaning:
      'The heartbeat, every 30 s: exactly `{"type":"ping"}`, which the runtime answers without waking the hub.',
    fields: {},
    example: { type: "ping" },
  },
  pong: {
    meaning: "The answer to the hub's own `ping`.",
    fields: {},
    example: { type: "pong" },
  },
  auth_refresh: {
    meaning:
      "Extends a live connection with a fresh access token of the same user. Answered by `auth_ok` or `error`.",
    fields: { token: "a fresh access token" },
    example: { type: "auth_refresh", token: "eyJhbGciOiJFZERTQSIs…" },
  },
};
